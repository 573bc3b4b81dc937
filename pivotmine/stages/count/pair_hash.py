"""The hash of a count-min sketch: the block of a pair, and its column in each row.

The block comes from the upper 32 bits of the hash, and columns inside it from the lower ones, by
multiply-shift (Dietzfelbinger et al., 1997).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.numeric.arrays import check_range, readonly
from pivotmine.numeric.jit import njit
from pivotmine.stages.count.sketch_shape import SketchShape

_32 = np.uint64(32)
_33 = np.uint64(33)
_LOW = np.uint64(2**32 - 1)
# The finalizer of MurmurHash3 (A. Appleby, public domain): a bijection of 64 bits.
_MIX_1 = np.uint64(0xFF51AFD7ED558CCD)
_MIX_2 = np.uint64(0xC4CEB9FE1A85EC53)
# Fractions of the square roots of the first eight primes, made odd.
_MULTIPLIERS = tuple(
    np.uint64(math.isqrt(prime << 64) & 0xFFFFFFFF | 1) for prime in (2, 3, 5, 7, 11, 13, 17, 19)
)


@njit
def hash_pair(a: Any, b: Any) -> Any:
    """64 bits of a pair of ids."""
    h = (a << _32) | b
    h = (h ^ (h >> _33)) * _MIX_1
    h = (h ^ (h >> _33)) * _MIX_2
    return h ^ (h >> _33)


@njit
def block_of(h: Any, n_blocks: Any) -> Any:
    """Block of a hash."""
    return ((h >> _32) * n_blocks) >> _32


@njit
def column_of(key: Any, multiplier: Any, shift: Any) -> Any:
    """Column, in a row with this multiplier, of the lower 32 bits of a hash."""
    return ((key * multiplier) & _LOW) >> shift


def layout(shape: SketchShape) -> tuple[np.uint64, np.uint64, tuple[np.uint64, ...], np.int64]:
    """Width, the shift that cuts 32 bits to a column, multipliers of the rows, saturation."""
    shift = np.uint64(33 - shape.width.bit_length())
    return np.uint64(shape.width), shift, _MULTIPLIERS[: shape.depth], np.int64(shape.saturation)


def checked_pairs(
    a: NDArray[np.int32], b: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Both columns of pairs, as kernels take them.

    Raises
    ------
    InputError
        Lengths differ, or an id is negative.
    """
    a, b = readonly(a, np.int32, "a"), readonly(b, np.int32, "b")
    if len(a) != len(b):
        raise InputError(f"{len(a)} ids a for {len(b)} ids b")
    check_range(a, 0, 2**31, "a")
    check_range(b, 0, 2**31, "b")
    return a, b


def sampled_pairs(a: NDArray[np.int32], b: NDArray[np.int32], bits: int) -> NDArray[np.bool_]:
    """[P] whether each pair is in a sample of one in 2**bits.

    The hash is that of the pair turned round, so the sample spreads evenly over a sketch.
    """
    return _sampled(*checked_pairs(a, b), np.uint64(2**bits - 1))


@njit
def _sampled(a: NDArray[np.int32], b: NDArray[np.int32], mask: np.uint64) -> NDArray[np.bool_]:
    sampled = np.empty(len(a), np.bool_)
    for i in range(len(a)):
        sampled[i] = hash_pair(np.uint64(b[i]), np.uint64(a[i])) & mask == 0
    return sampled
