"""Adding up the counts of pairs from many runs: an open-addressing hash table.

A slot is a key beside its counts, so a pair costs one access to memory, and none beyond the cache
where a bucket has up to some 50,000 distinct pairs. Merging sorted runs is four times as slow: a
bucket gets hundreds of short runs, and every merge moves each pair.

The table doubles when it is seven tenths full. At the moment of doubling the old and the new one
exist, 4.3 slots for each pair: `bytes_per_distinct_pair` is the bound.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.numeric.arrays import readonly
from pivotmine.numeric.jit import njit
from pivotmine.stages.count.pair_runs import PairRun

_EMPTY = -(2**63)
_LEAST_ID = -(2**31)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio: Fibonacci hashing
_SAMPLE_SHIFT = np.uint64(54)  # leaves ten bits: one pair in 1,024
_MAX_LOAD = 0.7
_FIRST_SLOTS = 2**12


SAMPLE = 1024
"""One pair in this many is kept whatever its count. The sample gives the number of distinct pairs
and the over-count of a sketch. Frequent pairs alone would make both look better."""


class PairSums(NamedTuple):
    """Running totals of distinct pairs."""

    slots: NDArray[np.int64]
    """[capacity, 1 + n_folds] key and counts; capacity is a power of two."""

    n_pairs: int


def bytes_per_distinct_pair(n_folds: int) -> int:
    """Most memory that adding up takes for each distinct pair, bytes."""
    return round(3 * 8 * (1 + n_folds) / _MAX_LOAD)


def new_sums(n_folds: int) -> PairSums:
    """No pairs yet."""
    return PairSums(_empty_slots(_FIRST_SLOTS, n_folds), 0)


def add_run(sums: PairSums, run: PairRun) -> PairSums:
    """Totals with the counts of a run added, in the memory of the given ones.

    Raises
    ------
    InputError
        An id is -2**31, which marks an empty slot, or columns differ in length.
    """
    a, b = readonly(run.a, np.int32, "a"), readonly(run.b, np.int32, "b")
    if not len(a) == len(b) == len(run.fold_counts):
        raise InputError(f"{len(a)} a, {len(b)} b and {len(run.fold_counts)} counts in a run")
    if a.size and a.min() == _LEAST_ID:
        raise InputError(f"id {_LEAST_ID} marks an empty slot; no pair may have it")
    slots, n_pairs = sums
    done = 0
    while True:
        room = int(_MAX_LOAD * len(slots)) - n_pairs
        done, n_pairs = _add(slots, a, b, run.fold_counts, done, room, n_pairs)
        if done == len(a):
            return PairSums(slots, n_pairs)
        larger = _empty_slots(2 * len(slots), slots.shape[1] - 1)
        _rehash(slots, larger)
        slots = larger


def cleared(sums: PairSums) -> PairSums:
    """Totals without a pair, in the memory of the given ones."""
    _clear(sums.slots)
    return PairSums(sums.slots, 0)


def summed(sums: PairSums, min_count: int) -> PairRun:
    """Sums worth keeping, sorted by (a, b); counts are int64.

    Those are pairs whose counts sum to `min_count` or more, rows with a code of the caller in
    place of an id, and the sample.
    """
    rows = _kept(sums.slots, min_count)
    rows = rows[np.argsort(rows[:, 0])]
    a, b = rows[:, 0] >> 32, (rows[:, 0] & 0xFFFFFFFF) + _LEAST_ID
    return PairRun(a.astype(np.int32), b.astype(np.int32), rows[:, 1:])


def in_sample(a: NDArray[np.int32], b: NDArray[np.int32]) -> NDArray[np.bool_]:
    """[P] whether each pair is in the sample; a hash of the pair decides."""
    return _in_sample(readonly(a, np.int32, "a"), readonly(b, np.int32, "b"))


def _empty_slots(capacity: int, n_folds: int) -> NDArray[np.int64]:
    slots = np.empty((capacity, 1 + n_folds), np.int64)
    _clear(slots)
    return slots


@njit
def _clear(slots: NDArray[np.int64]) -> None:
    for i in range(len(slots)):
        slots[i, 0] = _EMPTY
        for f in range(1, slots.shape[1]):
            slots[i, f] = 0


@njit
def _is_sampled(a: np.int32, b: np.int32) -> bool:
    pair = (np.uint64(a) << np.uint64(32)) | np.uint64(np.uint32(b))
    return bool((pair * _GOLDEN) >> _SAMPLE_SHIFT == 0)


@njit
def _in_sample(a: NDArray[np.int32], b: NDArray[np.int32]) -> NDArray[np.bool_]:
    sampled = np.empty(len(a), np.bool_)
    for i in range(len(a)):
        sampled[i] = _is_sampled(a[i], b[i])
    return sampled


@njit
def _kept(slots: NDArray[np.int64], min_count: int) -> NDArray[np.int64]:
    chosen = np.zeros(len(slots), np.bool_)
    n = 0
    for i in range(len(slots)):
        key = slots[i, 0]
        if key == _EMPTY:
            continue
        total = 0
        for f in range(1, slots.shape[1]):
            total += slots[i, f]
        a, b = key >> 32, (key & 0xFFFFFFFF) + _LEAST_ID
        if total >= min_count or b < 0 or _is_sampled(np.int32(a), np.int32(b)):
            chosen[i] = True
            n += 1
    rows = np.empty((n, slots.shape[1]), np.int64)
    n = 0
    for i in range(len(slots)):
        if chosen[i]:
            rows[n] = slots[i]
            n += 1
    return rows


@njit
def _slot_of(key: np.int64, shift: int) -> np.int64:
    mixed = np.uint64(key) * _GOLDEN
    mixed ^= mixed >> np.uint64(32)
    return np.int64((mixed * _GOLDEN) >> np.uint64(shift))


@njit
def _shift(capacity: int) -> int:
    bits = 0
    while (1 << bits) < capacity:
        bits += 1
    return 64 - bits


@njit
def _add(
    slots: NDArray[np.int64],
    a: NDArray[np.int32],
    b: NDArray[np.int32],
    counts: NDArray[np.integer],
    start: int,
    room: int,
    n_pairs: int,
) -> tuple[int, int]:
    """Add rows from `start` on until all are in, or `room` is; returns rows done and pairs held."""
    mask = len(slots) - 1
    shift = _shift(len(slots))
    for i in range(start, len(a)):
        key = (np.int64(a[i]) << 32) + (np.int64(b[i]) - _LEAST_ID)
        slot = _slot_of(key, shift)
        while slots[slot, 0] != key:
            if slots[slot, 0] == _EMPTY:
                if room == 0:
                    return i, n_pairs
                room -= 1
                n_pairs += 1
                slots[slot, 0] = key
                break
            slot = (slot + 1) & mask
        for f in range(counts.shape[1]):
            slots[slot, 1 + f] += counts[i, f]
    return len(a), n_pairs


@njit
def _rehash(slots: NDArray[np.int64], larger: NDArray[np.int64]) -> None:
    mask = len(larger) - 1
    shift = _shift(len(larger))
    for i in range(len(slots)):
        if slots[i, 0] != _EMPTY:
            slot = _slot_of(slots[i, 0], shift)
            while larger[slot, 0] != _EMPTY:
                slot = (slot + 1) & mask
            larger[slot] = slots[i]
