"""A count-min sketch: its shape, its counters, the sum of two, and the bound on its error."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import ConfigError, InputError

MAX_DEPTH = 8


class SketchShape(NamedTuple):
    """Numbers of counters; sketches can be merged where their shapes are equal."""

    blocks: int
    depth: int
    """Rows of a block: counters of a pair."""

    width: int
    """Counters of a row; a power of two."""

    counter_bytes: int
    """1, 2 or 4."""

    @property
    def n_bytes(self) -> int:
        """Bytes of all counters."""
        return self.blocks * self.depth * self.width * self.counter_bytes

    @property
    def saturation(self) -> int:
        """The largest count of a counter; it means "at least this many"."""
        return int(2 ** (8 * self.counter_bytes) - 1)


class CountMinSketch(NamedTuple):
    """Counters, and what was added to them."""

    shape: SketchShape
    counters: NDArray[np.unsignedinteger]
    """[blocks, depth, width] unsigned integers of `counter_bytes`; read-only when mapped."""

    added: NDArray[np.uint64]
    """[blocks] sum of the counts added to each block, from which the error bound follows."""

    @property
    def n_added(self) -> int:
        """Sum of all counts added."""
        return int(self.added.sum())


def sketch_shape(
    n_bytes: int, *, depth: int = 2, counter_bytes: int = 1, block_bytes: int = 2**17
) -> SketchShape:
    """Choose the shape of a sketch of at most `n_bytes`: the fewest blocks that waste no memory.

    At most a sixteenth of `n_bytes` stays unused, or as little as possible if `n_bytes` is only a
    few counters.

    Parameters
    ----------
    depth
        1..8. Two is best or close to it at every size measured (docs/results/sketch.md); three is
        better from two bytes a pair on, if few sketches are merged.
    counter_bytes
        1, 2 or 4. Filtering needs counters up to `min_count` only, so the default suits any
        `min_count` up to 255.
    block_bytes
        Most bytes of a block. Half an L2 cache or less.

    Raises
    ------
    ConfigError
        A value out of range, or `n_bytes` or `block_bytes` below one counter a row.
    """
    if not 1 <= depth <= MAX_DEPTH:
        raise ConfigError(f"depth={depth}; use 1..{MAX_DEPTH}")
    if counter_bytes not in (1, 2, 4):
        raise ConfigError(f"counter_bytes={counter_bytes}; use 1, 2 or 4")
    for name, value in (("n_bytes", n_bytes), ("block_bytes", block_bytes)):
        if value < depth * counter_bytes:
            raise ConfigError(
                f"{name}={value}; depth={depth} and counter_bytes={counter_bytes} need at least"
                f" {depth * counter_bytes}"
            )
    counters = min(n_bytes, block_bytes) // (depth * counter_bytes)
    width = best = 1 << min(counters.bit_length() - 1, 32)
    unused = n_bytes
    while width and unused > n_bytes // 16:
        if n_bytes % (depth * width * counter_bytes) < unused:
            unused = n_bytes % (depth * width * counter_bytes)
            best = width
        width //= 2
    blocks = n_bytes // (depth * best * counter_bytes)
    if blocks > 2**32:
        raise ConfigError(f"n_bytes={n_bytes} is {blocks} blocks; raise block_bytes={block_bytes}")
    return SketchShape(blocks, depth, best, counter_bytes)


def empty_sketch(shape: SketchShape) -> CountMinSketch:
    """A sketch of `shape` to which nothing was added; memory is taken when counters are touched."""
    counters = np.zeros(shape[:3], np.dtype(f"u{shape.counter_bytes}"))
    return CountMinSketch(shape, counters, np.zeros(shape.blocks, np.uint64))


def merge_blocks(
    counters_a: NDArray[np.unsignedinteger], counters_b: NDArray[np.unsignedinteger]
) -> NDArray[np.unsignedinteger]:
    """Add counters of one shape and type, of blocks or of whole sketches; sums saturate.

    Saturating addition is commutative and associative, so the order of merging does not matter.

    Raises
    ------
    InputError
        Shapes or types differ, or are no counters.
    """
    one, other = np.asarray(counters_a), np.asarray(counters_b)
    if one.shape != other.shape or one.dtype != other.dtype or one.dtype.kind != "u":
        raise InputError(
            f"counters are {one.dtype}{list(one.shape)} and {other.dtype}{list(other.shape)};"
            " only unsigned counters of equal shape and type can be merged"
        )
    room = np.iinfo(one.dtype).max - other
    merged: NDArray[np.unsignedinteger] = np.minimum(one, room) + other
    return merged


class ErrorBound(NamedTuple):
    """An estimate exceeds its pair's count by more than `counts` with at most `probability`."""

    counts: float
    probability: float


def error_bound(sketch: CountMinSketch) -> ErrorBound:
    """The bound of Cormode & Muthukrishnan (2005, theorem 1) for the block with the largest load.

    Counts e / width * load, probability e**-depth, over the choice of hash functions. Neither
    conservative updates nor saturation nor merging can break it. It knows nothing of how counts
    are distributed: on Zipf pairs the usual error is far smaller.
    """
    load = int(sketch.added.max())
    return ErrorBound(math.e / sketch.shape.width * load, math.exp(-sketch.shape.depth))
