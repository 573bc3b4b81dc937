"""All ways of counting."""

from __future__ import annotations

from bench.counting import ours, rivals

STAGE_WAYS = (
    ours.stage,
    rivals.spark_sql,
    rivals.duckdb_sql,
    rivals.polars_frames,
    rivals.scipy_product,
    rivals.dictionaries,
)
"""PivotMine first, since the others are compared with it; then what a user would pick instead."""

KERNEL_WAYS = (ours.kernel, ours.kernel_folds, ours.kernel_scipy)
"""The kernel alone: contexts in memory, one thread, pairs not written."""

WAYS = {way.name: way for way in (*STAGE_WAYS, *KERNEL_WAYS)}
