"""Tasks in threads of the driver give what Spark's tasks give."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from pivotmine.engine.frames import Numbers
from pivotmine.engine.numbered_tasks import numbers
from pivotmine.engine.stage import ArrowRows
from pivotmine.engine.tasks_here import run_here

SQUARES = pa.schema([("n", pa.int64()), ("square", pa.int64())])


def squares(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """A row for each of the numbers below a task's."""
    for number in numbers(batches):
        for n in range(number):
            yield pa.RecordBatch.from_arrays([pa.array([n]), pa.array([n * n])], schema=SQUARES)


@pytest.mark.parametrize("n_tasks", [0, 1, 5])
def test_the_rows_are_those_of_spark(spark: SparkSession, n_tasks: int) -> None:
    here, there = (
        ArrowRows(Numbers(spark, n_tasks, is_here), squares, SQUARES).gathered()
        for is_here in (True, False)
    )
    assert here == there
    assert here.num_rows == n_tasks * (n_tasks - 1) // 2


def test_tasks_run_beside_each_other() -> None:
    both = threading.Barrier(2, timeout=60)

    def meet(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        both.wait()
        return squares(batches)

    assert run_here(meet, 2, 2, SQUARES).num_rows == 1


def test_the_error_of_a_task_is_raised_and_the_rest_does_not_begin() -> None:
    begun = []

    def fail(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        begun.extend(numbers(batches))
        raise ValueError("disk full")

    with pytest.raises(ValueError, match="disk full"):
        run_here(fail, 1000, 1, SQUARES)
    assert len(begun) < 1000
