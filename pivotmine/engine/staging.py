"""How the rows of a stage become Parquet files: written by Spark, by workers or by the driver.

The files lie in the folder of the run until the runner commits them.
"""

from __future__ import annotations

from typing import TypeAlias

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema

from pivotmine.engine.display import Display
from pivotmine.engine.session import spark_schema
from pivotmine.engine.stage import ArrowRows, Renewed, Stage, StageOutputs, StageRows
from pivotmine.engine.table_files import FILE_SCHEMA, Batches, bind_writer
from pivotmine.errors import LakeError
from pivotmine.lake.digests import FileDigest, WrittenFile, write_parquet_file
from pivotmine.lake.lake import Lake
from pivotmine.lake.tables import TABLES

Files: TypeAlias = dict[str, WrittenFile]
"""Files by their paths."""


def write_tables(
    stage: Stage,
    outputs: StageOutputs,
    lake: Lake,
    run_id: str,
    display: Display,
    *,
    is_small: bool = False,
) -> dict[str, Files]:
    """Write what a stage made; returns the new files of each table.

    The driver writes the rows of a small stage.

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
                file: written
                for number, part in enumerate(rows.rows)
                for file, written in write_rows(
                    lake, _conform(part, name), f"{path}/{number}", is_small=is_small
                ).items()
            }
        else:
            staged[name] = write_rows(lake, _conform(rows, name), path, is_small=is_small)
    return staged


def write_rows(lake: Lake, rows: StageRows, path: str, *, is_small: bool = False) -> Files:
    """Write rows as Parquet files under `path`, by who has them; returns the files."""
    if isinstance(rows, DataFrame):
        rows = ArrowRows(rows, _as_they_are, to_arrow_schema(rows.schema))
    if isinstance(rows, ArrowRows):
        return write_arrow_rows(lake, rows, path, is_small=is_small)
    if not rows.num_rows:
        return {}
    file = f"{path}/part-0.parquet"
    return _remembered(lake, {file: write_parquet_file([rows], rows.schema, file)})


def write_arrow_rows(lake: Lake, rows: ArrowRows, path: str, *, is_small: bool = False) -> Files:
    """Write rows by the workers that make them; returns the files, sorted by their paths."""
    write = bind_writer(rows.make, rows.schema, path)
    if is_small and isinstance(rows.frame, DataFrame):
        # One task here: Spark gives its partitions in their order.
        written = pa.Table.from_batches(write(iter(rows.frame.toArrow().to_batches())), FILE_SCHEMA)
    else:
        written = ArrowRows(rows.frame, write, FILE_SCHEMA).gathered()
    files = {
        row["path"]: WrittenFile(
            row["n_rows"], FileDigest(row["n_bytes"], row["blake3"]), row["footer"]
        )
        for row in sorted(written.to_pylist(), key=lambda row: str(row["path"]))
    }
    # Tasks that ran twice, or died, have left files that are not part of the table.
    reported = {lake.normal_address(path) for path in files}
    for file in lake.parquet_files(path):
        if lake.normal_address(file) not in reported:
            lake.remove(file)
    return _remembered(lake, files)


def _as_they_are(batches: Batches) -> Batches:
    return batches


def _remembered(lake: Lake, files: Files) -> Files:
    """The files, whose footers the commit need not read."""
    for path, file in files.items():
        lake.held.remember(path, file.digest.n_bytes, file.footer)
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
    cast = rows.select(*(F.col(field.name).cast(field.dataType) for field in spark_schema(schema)))
    return ArrowRows(cast, _as_they_are, schema)
