"""How the rows of a stage become Parquet files: written by Spark, by workers or by the driver.

The files lie in the folder of the run until the runner commits them.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pivotmine.engine.display import Display
from pivotmine.engine.session import spark_schema
from pivotmine.engine.stage import ArrowRows, Renewed, Stage, StageOutputs, StageRows
from pivotmine.engine.table_files import FILE_SCHEMA, bind_writer
from pivotmine.errors import LakeError
from pivotmine.lake.digests import FileDigest
from pivotmine.lake.lake import Lake
from pivotmine.lake.parquet_files import write_parquet
from pivotmine.lake.tables import TABLES

Files: TypeAlias = dict[str, FileDigest | None]
"""Files by their paths, each with its digest if the writer knows it: Spark's does not."""


def write_tables(
    stage: Stage, outputs: StageOutputs, lake: Lake, run_id: str, display: Display
) -> dict[str, Files]:
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
            staged[name] = {
                file: digest
                for number, part in enumerate(rows.rows)
                for file, digest in write_rows(
                    lake, _conform(part, name), f"{path}/{number}"
                ).items()
            }
        else:
            staged[name] = write_rows(lake, _conform(rows, name), path)
    return staged


def write_rows(lake: Lake, rows: StageRows, path: str) -> Files:
    """Write rows as Parquet files under `path`; returns the files."""
    if isinstance(rows, ArrowRows):
        return {
            row["path"]: FileDigest(row["n_bytes"], row["blake3"])
            for row in write_arrow_rows(lake, rows, path)
        }
    if isinstance(rows, DataFrame):
        rows.write.parquet(path)
    elif rows.num_rows:
        lake.filesystem.makedirs(path, exist_ok=True)
        with lake.filesystem.open(f"{path}/part-0.parquet", "wb") as stream:
            write_parquet(rows, stream)
    return dict.fromkeys(lake.parquet_files(path))


def write_arrow_rows(lake: Lake, rows: ArrowRows, path: str) -> list[dict[str, Any]]:
    """Write rows by the workers that make them; returns the files, as rows of `FILE_SCHEMA`."""
    write = bind_writer(rows.make, rows.schema, path)
    written = rows.frame.mapInArrow(write, spark_schema(FILE_SCHEMA)).toArrow()
    files = sorted(written.to_pylist(), key=lambda row: str(row["path"]))
    # Tasks that ran twice, or died, have left files that are not part of the table.
    reported = {lake.normal_address(row["path"]) for row in files}
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
