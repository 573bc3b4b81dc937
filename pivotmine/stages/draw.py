"""Deterministic draws: uniform numbers that depend on the identity of a row and a seed alone.

Spark's `rand()` depends on partitioning and `monotonically_increasing_id` on scheduling. A hash of
the row's identity depends on neither, so samples, orders and folds are the same on any cluster.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

_BITS = 52


def uniform(purpose: str, seed: int, *columns: str) -> Column:
    """A number in [0, 1) from xxHash64 of the columns; 52 bits.

    Draws for different purposes are independent. Otherwise the documents that train the tokenizer
    would also come first in every random arm, and lie in one fold.
    """
    hashed = F.xxhash64(F.lit(purpose), F.lit(seed), *columns)
    low_bits = hashed.bitwiseAND(F.lit(2**_BITS - 1))
    return low_bits / F.lit(float(2**_BITS))
