"""Spark's daemon of Python workers, which loads our libraries once, before it forks workers.

A worker that loads them itself takes half a second and 100 MB of its own; forked ones share both.
"""

from __future__ import annotations

import pyarrow.parquet  # noqa: F401
from numba.core.registry import cpu_target
from pyspark.daemon import manager

import pivotmine.engine.table_files
import pivotmine.numeric.jit
import pivotmine.recipe  # noqa: F401

if __name__ == "__main__":
    cpu_target.target_context.refresh()  # what numba loads with the first kernel
    cpu_target.typing_context.refresh()
    manager()
