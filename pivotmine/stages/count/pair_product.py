"""Gustavson's product of rows: one token's partners at a time in a dense accumulator.

What keeps the accumulator in L2 and the loop short:

* the folds of a partner are 16-bit lanes of one 64-bit word, so a context adds one constant to one
  word whatever its fold is; lanes are 32 bits for tokens of 2**16 contexts and more;
* partners touched are marked in a bitmap. Reading it back gives them in ascending order; keeping a
  list of them and sorting it took almost three times as long;
* partners are copied out of the contexts, 16 bits each where that is enough, and an entry of a
  token's row says in one word where those of a context begin, how many they are, and its fold. So
  partners are the only memory read out of order, and a few entries ahead they are fetched.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.jit import njit, prefetch, trailing_zeros
from pivotmine.stages.count.language_pairs import lower_bound
from pivotmine.stages.count.pair_blocks import PairBlock, PairWork, row_blocks

_ONE, _SIX, _SIXTY_THREE = np.uint64(1), np.uint64(6), np.uint64(63)
_FOLD_BITS, _LENGTH_BITS = np.uint64(8), np.uint64(22)
_START_SHIFT = _FOLD_BITS + _LENGTH_BITS
_LENGTH_MASK = (_ONE << _LENGTH_BITS) - _ONE
_FOLD_MASK = (_ONE << _FOLD_BITS) - _ONE
_EVEN_LANES = np.uint64(0x0000FFFF0000FFFF)
_LOW_HALF = np.uint64(2**32 - 1)
_AHEAD = 4  # entries


def multiply_rows(work: PairWork, block_pairs: int) -> Iterator[PairBlock]:
    """Blocks of counted rows, each within `block_pairs` pairs or a single row."""
    n_partners, first_partner = len(work.partners), work.partners.start
    rows = (work.rows.start, work.rows.stop, work.rows.step)
    runs_a, runs_b = work.pair.a, work.pair.b
    starts = np.concatenate(([0], np.cumsum(runs_b.end - runs_b.start)))
    partners = np.empty(starts[-1], np.uint16 if n_partners <= 2**16 else np.int32)
    _copy_partners(work.tokens, *runs_b, first_partner, partners)
    sizes = np.zeros(len(work.rows) + 1, np.int64)
    events = np.zeros(len(work.rows), np.int64)
    _add_row_sizes(work.tokens, *runs_a, starts, *rows, sizes[1:], events)
    offsets = np.cumsum(sizes)
    entries = np.empty(offsets[-1], np.uint64)
    _fill_rows(work.tokens, *runs_a, starts, work.folds, *rows, offsets.copy(), entries)
    touched = np.zeros(-(-n_partners // 64), np.uint64)
    by_lanes = {lanes: _accumulator(lanes, work.n_folds, n_partners) for lanes in (4, 2)}
    blocks = list(row_blocks(offsets, events, n_partners, block_pairs))
    # Written anew by every block: fresh memory would cost a page fault for each 4 KiB.
    most = max((limit for _, _, limit, _ in blocks), default=0)
    b = np.empty(most, np.int32)
    packed = np.empty((len(by_lanes[2][2]), most), np.uint64)
    for start, end, _, lanes in blocks:
        increment, plane_start, counts = by_lanes[lanes]
        row_ends = np.empty(end - start, np.int64)
        n_met = _multiply(
            partners,
            offsets[start : end + 1],
            entries,
            increment,
            plane_start,
            np.uint64(64 // lanes),
            first_partner,
            work.min_count,
            counts,
            touched,
            row_ends,
            b,
            packed,
        )
        n = int(row_ends[-1])
        of_block = work.rows[start:end]
        of_row = np.arange(of_block.start, of_block.stop, of_block.step, dtype=np.int32)
        a = np.repeat(of_row, np.diff(row_ends, prepend=np.int64(0)))
        yield PairBlock(n_met, a, b[:n].copy(), _unpack(packed, lanes, work.n_folds, n))


def _accumulator(
    lanes: int, n_folds: int, n_partners: int
) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint64]]:
    """The increment and the plane of each fold, and the counters."""
    n_planes = -(-n_folds // lanes)
    plane, lane = np.divmod(np.arange(n_folds), lanes)
    increment = _ONE << (lane * (64 // lanes)).astype(np.uint64)
    return (
        increment,
        (plane * n_partners).astype(np.uint64),
        np.zeros((n_planes, n_partners), np.uint64),
    )


@njit
def _copy_partners(
    tokens: NDArray[np.int32],
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    first_partner: int,
    partners: NDArray[np.integer],
) -> None:
    n = 0
    for c in range(len(start)):
        for i in range(start[c], end[c]):
            partners[n] = tokens[i] - first_partner
            n += 1


@njit
def _row_of(token: int, first_row: int, step: int) -> int:
    """Number of a token's row, -1 where the step leaves it out."""
    distance = token - first_row
    # Nearly always; a division for each token would be felt.
    if step == 1:
        return distance
    return distance // step if distance % step == 0 else -1


@njit
def _add_row_sizes(
    tokens: NDArray[np.int32],
    a_start: NDArray[np.int64],
    a_end: NDArray[np.int64],
    partner_starts: NDArray[np.int64],
    first_row: int,
    end_row: int,
    step: int,
    sizes: NDArray[np.int64],
    events: NDArray[np.int64],
) -> None:
    """Add up the contexts of each row, and the partners in them."""
    for c in range(len(a_start)):
        length = partner_starts[c + 1] - partner_starts[c]
        for i in range(lower_bound(tokens, a_start[c], a_end[c], first_row), a_end[c]):
            if tokens[i] >= end_row:
                break
            row = _row_of(tokens[i], first_row, step)
            if row >= 0:
                sizes[row] += 1
                events[row] += length


@njit
def _fill_rows(
    tokens: NDArray[np.int32],
    a_start: NDArray[np.int64],
    a_end: NDArray[np.int64],
    partner_starts: NDArray[np.int64],
    folds: NDArray[np.uint8],
    first_row: int,
    end_row: int,
    step: int,
    cursor: NDArray[np.int64],
    entries: NDArray[np.uint64],
) -> None:
    """Write an entry for each context of each row: where its partners begin, how many, its fold."""
    for c in range(len(a_start)):
        length = partner_starts[c + 1] - partner_starts[c]
        entry = (np.uint64(partner_starts[c]) << _LENGTH_BITS) | np.uint64(length)
        entry = (entry << _FOLD_BITS) | np.uint64(folds[c])
        for i in range(lower_bound(tokens, a_start[c], a_end[c], first_row), a_end[c]):
            if tokens[i] >= end_row:
                break
            row = _row_of(tokens[i], first_row, step)
            if row >= 0:
                entries[cursor[row]] = entry
                cursor[row] += 1


@njit
def _multiply(
    partners: NDArray[np.integer],
    offsets: NDArray[np.int64],
    entries: NDArray[np.uint64],
    increment: NDArray[np.uint64],
    plane_start: NDArray[np.uint64],
    lane_bits: np.uint64,
    first_partner: int,
    min_count: int,
    counts: NDArray[np.uint64],
    touched: NDArray[np.uint64],
    row_ends: NDArray[np.int64],
    b: NDArray[np.int32],
    packed: NDArray[np.uint64],
) -> int:
    """Write the pairs of some rows; returns how many met. `counts` and `touched` end zero."""
    flat = counts.reshape(-1)
    n, n_met = 0, 0
    for row in range(len(row_ends)):
        for e in range(offsets[row], offsets[row + 1]):
            if e + _AHEAD < offsets[row + 1]:
                prefetch(partners, entries[e + _AHEAD] >> _START_SHIFT)
            entry = entries[e]
            fold = entry & _FOLD_MASK
            one, plane = increment[fold], plane_start[fold]
            first = entry >> _START_SHIFT
            # Unsigned indices, or each would be tested for being negative.
            for i in range(first, first + ((entry >> _FOLD_BITS) & _LENGTH_MASK)):
                partner = np.uint64(partners[i])
                flat[plane + partner] += one
                touched[partner >> _SIX] |= _ONE << (partner & _SIXTY_THREE)
        for w in range(len(touched)):
            bits = touched[w]
            if bits == 0:
                continue
            touched[w] = 0
            while bits != 0:
                j = (w << 6) + trailing_zeros(bits)
                bits &= bits - _ONE
                n_met += 1
                # The first plane apart from the others: up to four folds need no inner loop.
                total = _lane_sum(counts[0, j], lane_bits)
                for p in range(1, len(counts)):
                    total += _lane_sum(counts[p, j], lane_bits)
                if total >= min_count:
                    b[n] = first_partner + j
                    packed[0, n] = counts[0, j]
                    for p in range(1, len(counts)):
                        packed[p, n] = counts[p, j]
                    n += 1
                counts[0, j] = 0
                for p in range(1, len(counts)):
                    counts[p, j] = 0
        row_ends[row] = n
    return n_met


@njit
def _lane_sum(word: np.uint64, lane_bits: np.uint64) -> np.int64:
    # Neighbours are added first, so that no sum outgrows its place.
    if lane_bits == 16:
        word = (word & _EVEN_LANES) + ((word >> lane_bits) & _EVEN_LANES)
    return np.int64(word & _LOW_HALF) + np.int64(word >> np.uint64(32))


@njit
def _unpack(packed: NDArray[np.uint64], lanes: int, n_folds: int, n: int) -> NDArray[np.int32]:
    fold_counts = np.empty((n, n_folds), np.int32)
    width = np.uint64(64 // lanes)
    lowest_lane = (_ONE << width) - _ONE
    for f in range(n_folds):
        shift = np.uint64(f % lanes) * width
        for i in range(n):
            fold_counts[i, f] = (packed[f // lanes, i] >> shift) & lowest_lane
    return fold_counts
