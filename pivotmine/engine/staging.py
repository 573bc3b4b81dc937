"""How the rows of a stage become Parquet files: written by Spark, by workers or by the driver.

The files lie in the folder of the run until the runner commits them.
"""

from __future__ import annotations

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pivotmine.engine.display import Display
from pivotmine.engine.session import spark_schema
from pivotmine.engine.stage import ArrowRows, Renewed, Stage, StageOutputs, StageRows
from pivotmine.engine.table_files import FILE_SCHEMA, bind_writer
from pivotmine.errors import LakeError
from pivotmine.lake.lake import Lake
from pivotmine.lake.parquet_files import write_parquet
from pivotmine.lake.tables import TABLES


def write_tables(
    stage: Stage, outputs: StageOutputs, lake: Lake, run_id: str, display: Display
) -> dict[str, list[str]]:
    """Write what a stage made; returns the new files of each table.

    Raises
    ------
    LakeError
        Not the tables that the stage declares, or not their columns.
    """
    if set(outputs) != set(stage.writes):
        raise LakeError(f"stage {stage.name} declares {stage.writes} but made {sorted(outputs)}")
    staged = {}
    for name in stage.writes:
        display.progress(f"writing {name}")
        path = lake.staging_path(name, run_id)
        rows = outputs[name]
        if isinstance(rows, Renewed):
            staged[name] = [
                file
                for number, part in enumerate(rows.rows)
                for file in write_rows(lake, _conform(part, name), f"{path}/{number}")
            ]
        else:
            staged[name] = write_rows(lake, _conform(rows, name), path)
    return staged


def write_rows(lake: Lake, rows: StageRows, path: str) -> list[str]:
    """Write rows as Parquet files under `path`; returns the files."""
    if isinstance(rows, ArrowRows):
        return [file for file, _ in write_arrow_rows(lake, rows, path)]
    if isinstance(rows, DataFrame):
        rows.write.parquet(path)
    elif rows.num_rows:
        lake.filesystem.makedirs(path, exist_ok=True)
        with lake.filesystem.open(f"{path}/part-0.parquet", "wb") as stream:
            write_parquet(rows, stream)
    return lake.parquet_files(path)


def write_arrow_rows(lake: Lake, rows: ArrowRows, path: str) -> list[tuple[str, int]]:
    """Write rows by the workers that make them; returns the files, each with its rows."""
    write = bind_writer(rows.make, rows.schema, path)
    written = rows.frame.mapInArrow(write, spark_schema(FILE_SCHEMA)).toArrow()
    files = sorted((row["path"], row["n_rows"]) for row in written.to_pylist())
    # Tasks that ran twice, or died, have left files that are not part of the table.
    reported = {lake.normal_address(file) for file, _ in files}
    for file in lake.parquet_files(path):
        if lake.normal_address(file) not in reported:
            lake.remove(file)
    return files


def _conform(rows: StageRows, name: str) -> StageRows:
    """The rows with exactly the columns and types that the table declares."""
    schema = TABLES[name].schema
    if isinstance(rows, ArrowRows):
        if rows.schema != schema:
            raise LakeError(f"rows of table {name} do not have its schema: {rows.schema}")
        return rows
    columns = rows.columns if isinstance(rows, DataFrame) else rows.column_names
    if set(columns) != set(schema.names):
        differing = sorted(set(columns) ^ set(schema.names))
        raise LakeError(f"columns of table {name} do not fit its schema: {differing}")
    if isinstance(rows, pa.Table):
        return rows.select(schema.names).cast(schema)
    return rows.select(*(F.col(field.name).cast(field.dataType) for field in spark_schema(schema)))
