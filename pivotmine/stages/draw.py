"""Deterministic draws: a uniform number for a row that depends on its content and a seed alone.

Spark's `rand()` depends on partitioning and `monotonically_increasing_id` on scheduling; a hash of
the row's identity depends on neither, so samples, orders and folds are the same on any cluster.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

_BITS = 52


def uniform(seed: int, *columns: str) -> Column:
    """A number in [0, 1) from xxHash64 of the columns; 52 bits."""
    low_bits = F.xxhash64(F.lit(seed), *columns).bitwiseAND(F.lit(2**_BITS - 1))
    return low_bits / F.lit(float(2**_BITS))


def fold(n_folds: int, column: str) -> Column:
    """A fold in [0, n_folds) from the content hash in a hexadecimal id column."""
    return F.floor(uniform(0, column) * n_folds).cast("int")
