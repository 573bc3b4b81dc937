"""Files as DataFrames that the Python workers read, and Spark plans as if it read them itself.

Spark takes the size of a frame that a worker makes from the rows that go in. For a frame of splits
that is next to nothing, and a join would send the largest table to every executor. So the numbers
of splits come out of a range of as many numbers as the files have bytes to a row of the frame: the
JVM counts through it at 1 ns a number, and passes on one number a split.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pivotmine.engine.session import spark_schema
from pivotmine.engine.table_files import bind_rows_reader, plan_splits

TASKS_PER_CORE = 4
"""Tasks a core for reading a table that is neither small nor huge."""

MIN_SPLIT_BYTES, MAX_SPLIT_BYTES = 4_000_000, 64_000_000
"""Bounds on the Parquet that such a task reads, bytes."""

_MAX_RANGE = 2**31
"""Numbers that are counted through at most, two seconds of processor time in all tasks together:
the size of larger frames is understated, but far above any bound for a broadcast."""

_COLUMN_BYTES = 16

_LOCAL_ROWS = "org.apache.spark.sql.catalyst.optimizer.ConvertToLocalRelation"


@dataclass(frozen=True)
class Numbers:
    """0 to n - 1, each a task."""

    spark: SparkSession
    n: int
    is_here: bool
    """Whether the tasks run in threads of the driver (`tasks_here.py`)."""

    def in_spark(self) -> DataFrame:
        """The numbers, each in its own partition."""
        return numbered(self.spark, self.n)

    def coalesce(self, n_tasks: int) -> DataFrame:
        """The numbers, in `n_tasks` partitions at most."""
        return self.in_spark().coalesce(n_tasks)

    @property
    def n_threads(self) -> int:
        """Cores for tasks."""
        return int(self.spark.sparkContext.defaultParallelism)


def is_small(spark: SparkSession, n_bytes: int, small_bytes: int) -> bool:
    """Whether tables of so many bytes are worked on in the driver, where Spark's tasks run too.

    `small_bytes` is the setting `spark.small_bytes`; at 0 nothing is small, not even nothing.
    """
    return 0 < small_bytes >= n_bytes and str(spark.sparkContext.master).startswith("local")


@contextlib.contextmanager
def planned_small(spark: SparkSession, small: bool) -> Iterator[None]:
    """Plan queries on small tables for one shuffle partition a core, once.

    Adaptive execution runs each shuffle as a job of its own, and plans again after it.
    """
    if not small:
        yield
        return
    settings = {
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.shuffle.partitions": str(spark.sparkContext.defaultParallelism),
        # Else rows of the driver are filtered and changed, uncompiled, whenever a query is planned.
        "spark.sql.optimizer.excludedRules": _LOCAL_ROWS,
    }
    before = {name: spark.conf.get(name, None) for name in settings}
    try:
        for name, value in settings.items():
            spark.conf.set(name, value)
        yield
    finally:
        for name, value in before.items():
            if value is None:
                spark.conf.unset(name)
            else:
                spark.conf.set(name, value)


def split_bytes(spark: SparkSession, files: Sequence[tuple[str, int]]) -> int:
    """Bytes of a split of files, given with their sizes."""
    n_tasks = TASKS_PER_CORE * int(spark.sparkContext.defaultParallelism)
    share = sum(size for _, size in files) // n_tasks
    return min(max(share, MIN_SPLIT_BYTES), MAX_SPLIT_BYTES)


def numbered(spark: SparkSession, n: int, weight: int = 1) -> DataFrame:
    """0 to n - 1, each in its own partition, planned as a frame of `weight` rows or more."""
    step = max(weight // max(n, 1), 1)
    counted = spark.range(0, n * step, numPartitions=max(n, 1))
    if step == 1:
        return counted
    first = counted.where(F.col("id") % step == 0)
    return first.select((F.col("id") / step).cast("long").alias("id"))


def here_frame(spark: SparkSession, rows: pa.Table) -> DataFrame:
    """Rows of the driver as a frame, without a task that reads them."""
    schema = spark_schema(rows.schema)
    if not rows.num_rows:
        return spark.createDataFrame([], schema).limit(0)
    name = "spark.sql.execution.arrow.maxRecordsPerBatch"
    before = str(spark.conf.get(name))
    # Spark makes a partition of each batch of a large table.
    spark.conf.set(name, str(max(rows.num_rows // TASKS_PER_CORE, int(before))))
    try:
        return spark.createDataFrame(rows, schema)
    finally:
        spark.conf.set(name, before)


def read_frame(
    spark: SparkSession,
    files: Sequence[tuple[str, int]],
    schema: pa.Schema,
    file_column: tuple[str, str] | None = None,
) -> DataFrame:
    """The rows of Parquet files, given with their sizes in bytes.

    Parameters
    ----------
    schema
        Columns to read, and their types.
    file_column
        As in `bind_rows_reader`; the schema has it as its last column.
    """
    if not files:
        # `limit` tells Spark that there are no rows, so it skips what depends on them.
        return spark.createDataFrame([], spark_schema(schema)).limit(0)
    splits = plan_splits(files, split_bytes(spark, files))
    read = bind_rows_reader(splits, schema, dict(files), file_column)
    weight = sum(size for _, size in files) // (_COLUMN_BYTES * len(schema))
    return numbered(spark, len(splits), min(weight, _MAX_RANGE)).mapInArrow(
        read, spark_schema(schema)
    )
