"""Spark's jobs and tasks, and what moved between the JVM and Python workers."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from pyspark.sql import SparkSession

_TO_PYTHON, _FROM_PYTHON = "data sent to Python workers", "data returned from Python workers"
_ROWS_FROM_PYTHON = "number of output rows"
_UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_SIZE = re.compile(r"([\d.,]+) (B|KiB|MiB|GiB|TiB)")
_PYTHON_NODE = re.compile(r"InArrow|Python|Pandas")


class Counts(NamedTuple):
    """Since the session began."""

    jobs: int = 0
    tasks: int = 0
    executions: int = 0
    bytes_to_python: int = 0
    bytes_from_python: int = 0
    rows_from_python: int = 0

    def since(self, before: Counts) -> Counts:
        """What came after `before`."""
        return Counts(*(now - then for now, then in zip(self, before, strict=True)))


def counts(spark: SparkSession | None) -> Counts:
    """From Spark's own stores, which keep the last 1,000 jobs and queries; zeros without a session.

    Rows are those that nodes which run Python give to the JVM.
    """
    if spark is None:
        return Counts()
    session: Any = spark
    jobs = session.sparkContext._jsc.sc().statusStore().jobsList(None)
    n_jobs = jobs.size()
    n_tasks = sum(jobs.apply(at).numCompletedTasks() for at in range(n_jobs))
    store = session._jsparkSession.sharedState().statusStore()
    executions = store.executionsList()
    moved = [0, 0, 0]
    for at in range(executions.size()):
        execution = executions.apply(at)
        values = store.executionMetrics(execution.executionId())
        for metric, place in _python_metrics(store, execution):
            found = values.get(metric)
            if found.isDefined():
                moved[place] += metric_total(found.get())
    return Counts(n_jobs, n_tasks, executions.size(), *moved)


def _python_metrics(store: Any, execution: Any) -> list[tuple[int, int]]:
    """Accumulators of the nodes that run Python: bytes to them, bytes and rows from them."""
    kinds = (_TO_PYTHON, _FROM_PYTHON, _ROWS_FROM_PYTHON)
    found = []
    nodes = store.planGraph(execution.executionId()).allNodes()
    for at in range(nodes.size()):
        node = nodes.apply(at)
        if not _PYTHON_NODE.search(node.name()):
            continue
        metrics = node.metrics()
        for number in range(metrics.size()):
            metric = metrics.apply(number)
            if metric.name() in kinds:
                found.append((metric.accumulatorId(), kinds.index(metric.name())))
    return found


def metric_total(text: str) -> int:
    """A metric as Spark writes it: `1,234`, or the total before a bracket on the second line."""
    last = (text.splitlines() or [""])[-1].partition("(")[0].strip()
    size = _SIZE.match(last)
    if size:
        return int(float(size[1].replace(",", "")) * _UNITS[size[2]])
    return int(last.replace(",", "") or 0)
