"""Tasks in threads of the driver, for stages whose tables are small.

A task of Spark costs a tenth of a second of the JVM and of a worker, however little it does: its
function is pickled, sent and loaded, and its rows cross two sockets. The same function here costs
nothing. Kernels release the GIL, so threads share the cores.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa

Batches = Iterator[pa.RecordBatch]


def run_here(
    make: Callable[[Batches], Batches], n_tasks: int, n_threads: int, schema: pa.Schema
) -> pa.Table:
    """What `make` gives for the numbers 0 to n_tasks - 1, each a task, in their order.

    An error of a task is raised when the tasks that run beside it have ended; others do not begin.
    """

    def run(number: int) -> list[pa.RecordBatch]:
        batch = pa.RecordBatch.from_arrays([pa.array([number], pa.int64())], names=["id"])
        return list(make(iter([batch])))

    with ThreadPoolExecutor(max(min(n_threads, n_tasks), 1)) as pool:
        tasks = [pool.submit(run, number) for number in range(n_tasks)]
        try:
            made = [task.result() for task in tasks]
        finally:
            pool.shutdown(cancel_futures=True)
    return pa.Table.from_batches(itertools.chain.from_iterable(made), schema)
