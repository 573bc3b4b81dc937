"""Exact co-occurrence of tokens across languages, by a row-wise sparse product.

With A and B the context-token incidence of two languages, the counts are A^T B. Gustavson's
row-wise product (ACM Transactions on Mathematical Software 4(3), 1978) takes one token a at a time
and adds up its partners in a dense accumulator: no pair is hashed, nothing is sorted, each pair
leaves once, already summed, and one that met in too few contexts never leaves at all.

What keeps the accumulator in L2 and the loop short:

* the folds of a partner are 16-bit lanes of one 64-bit word, so a context adds one constant to one
  word whatever its fold is; lanes are 32 bits for tokens of 2**16 contexts and more;
* partners touched are marked in a bitmap. Reading it back gives them in ascending order; keeping a
  list of them and sorting it took almost three times as long;
* partners are copied out of the contexts, 16 bits each where that is enough, and an entry of a
  token's row says in one word where those of a context begin, how many they are, and its fold. So
  partners are the only memory read out of order, and a few entries ahead they are fetched.

On a Zipf corpus of 4,000 documents (29.9 M pair events, 16 M distinct pairs) one core needs 6.7 ns
an event: 3 for adding, the rest for reading back pairs that have met 1.9 times each. Of 64,000
documents (478 M events, 134 M pairs), with pairs below 5 left out, 3 to 6 ns. scipy's product takes
10 to 12.

Rows can be counted apart: tasks that hold the same contexts share the work by ranges of rows.
Counts of several sets of contexts add up to the counts of all; adding is left to the caller.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import ConfigError, InputError
from pivotmine.kernels.arrays import check_range, readonly, row_index
from pivotmine.kernels.folded_contexts import FoldedContexts
from pivotmine.kernels.jit import Engine, njit, trailing_zeros, use_numba
from pivotmine.kernels.language_pairs import LanguagePair, Runs, language_pairs, lower_bound
from pivotmine.kernels.prefetch import prefetch

__all__ = ["MAX_LANGUAGE_TOKENS", "MAX_TOKENS", "PairCounts", "count_pairs"]

MAX_TOKENS = 2**34
"""Most tokens of the contexts of one call: what an entry of a row has bits for."""

MAX_LANGUAGE_TOKENS = 2**22 - 1
"""Most token ids of a language, and so most of them in a context."""

_ONE, _SIX, _SIXTY_THREE = np.uint64(1), np.uint64(6), np.uint64(63)
_FOLD_BITS, _LENGTH_BITS = np.uint64(8), np.uint64(22)
_START_SHIFT = _FOLD_BITS + _LENGTH_BITS
_LENGTH_MASK = (_ONE << _LENGTH_BITS) - _ONE
_FOLD_MASK = (_ONE << _FOLD_BITS) - _ONE
_EVEN_LANES = np.uint64(0x0000FFFF0000FFFF)
_LOW_HALF = np.uint64(2**32 - 1)
_NARROW_CONTEXTS = 2**16
_AHEAD = 4  # entries


class PairCounts(NamedTuple):
    """Contexts that hold both a and b, for a block of pairs of two languages."""

    language_a: int
    language_b: int
    n_met: int
    """Pairs that met at all; those below `min_count` are not among the rows."""

    a: NDArray[np.int32]
    """[P] token of `language_a`; rows are sorted by (a, b)."""

    b: NDArray[np.int32]
    """[P] token of `language_b`."""

    fold_counts: NDArray[np.int32]
    """[P, n_folds]"""


class _Block(NamedTuple):
    """Counted rows; `n_met` pairs were seen."""

    n_met: int
    a: NDArray[np.int32]
    b: NDArray[np.int32]
    fold_counts: NDArray[np.int32]


def count_pairs(
    contexts: FoldedContexts,
    first_token: NDArray[np.int64],
    n_folds: int,
    *,
    rows: range | None = None,
    min_count: int = 1,
    block_pairs: int = 2**18,
    engine: Engine = "auto",
) -> Iterator[PairCounts]:
    """Count every cross-language pair that meets `min_count` times or more, in blocks.

    Language pairs come in ascending order, each in one block or several, and rows are in order
    within and across the blocks of a language pair. Every block owns its memory.

    Memory beyond `language_pairs`: 8 B for each token of the rows in mixed contexts, at most
    16 + 8 * n_folds B a row of a block (or a partner of one token, where it has more),
    4 * n_folds + 4 B a token of the second language, and 2 or 4 B for each of them in contexts.

    Parameters
    ----------
    contexts, first_token
        As for `language_pairs`, with folds 0..n_folds - 1; at most `MAX_TOKENS` tokens.
    rows
        Count only pairs whose first token is in this range, of which the step may leave out some;
        all by default.
    min_count
        Pairs that meet in fewer contexts, all folds together, are left out.
    block_pairs
        Most pairs that a block looks at. The default writes blocks of about 6 MB, a fifth faster
        than blocks of 2**20 pairs: their memory is reused before it leaves the cache.
    engine
        "numpy" takes scipy's sparse product instead of the compiled loop.

    Raises
    ------
    ConfigError
        `block_pairs` or `min_count` is below 1, or `n_folds` is not in 1..256.
    InputError
        Folds, ids or languages out of range, or rows not in order.
    """
    for name, value in (("block_pairs", block_pairs), ("min_count", min_count)):
        if value < 1:
            raise ConfigError(f"{name}={value}; use 1 or more")
    if not 1 <= n_folds <= 256:
        raise ConfigError(f"n_folds={n_folds}; use 1..256")
    fold = readonly(contexts.folds, np.uint8, "folds")
    check_range(fold, 0, n_folds, "folds")
    if len(fold) != len(contexts.offsets) - 1:
        raise InputError(f"{len(fold)} folds for {len(contexts.offsets) - 1} contexts")
    for name, n, most in (
        ("tokens", len(contexts.token_ids), MAX_TOKENS),
        ("ids of a language", int(np.diff(first_token).max(initial=0)), MAX_LANGUAGE_TOKENS),
    ):
        if n > most:
            raise InputError(f"{n} {name}; at most {most} can be counted at once")
    tokens = readonly(contexts.token_ids, np.int32, "token_ids")
    count = _count_numba if use_numba(engine) else _count_numpy
    for pair in language_pairs(contexts.offsets, tokens, first_token):
        x, y = pair.language_a, pair.language_b
        of_x, of_y = (range(int(first_token[z]), int(first_token[z + 1])) for z in (x, y))
        counted = of_x if rows is None else _within(rows, of_x)
        if counted:
            work = _Work(tokens, pair, fold[pair.context], counted, of_y, n_folds, min_count)
            for block in count(work, block_pairs):
                yield PairCounts(x, y, *block)


def _within(rows: range, language: range) -> range:
    """The rows that are tokens of a language."""
    skipped = max(-(-(language.start - rows.start) // rows.step), 0)
    return range(rows.start + skipped * rows.step, min(rows.stop, language.stop), rows.step)


class _Work(NamedTuple):
    """What is counted for one pair of languages."""

    tokens: NDArray[np.int32]
    pair: LanguagePair
    folds: NDArray[np.uint8]
    """[M] of the pair's contexts."""

    rows: range
    partners: range
    n_folds: int
    min_count: int


def _count_numba(work: _Work, block_pairs: int) -> Iterator[_Block]:
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
    blocks = list(_blocks(offsets, events, n_partners, block_pairs))
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
        yield _Block(n_met, a, b[:n].copy(), _unpack(packed, lanes, work.n_folds, n))


def _blocks(
    offsets: NDArray[np.int64], events: NDArray[np.int64], n_partners: int, block_pairs: int
) -> Iterator[tuple[int, int, int, int]]:
    """Cut rows into (start, end, pairs at most, lanes of a word): see `_accumulator`.

    Each block is within `block_pairs` or a single row; rows that need wide lanes keep to
    themselves.
    """
    limits = np.minimum(events, n_partners)
    before = np.concatenate(([0], np.cumsum(limits)))
    is_wide = np.diff(offsets) >= _NARROW_CONTEXTS
    changes = np.flatnonzero(np.append(is_wide[1:] != is_wide[:-1], True)) + 1
    start = 0
    for stop in changes.tolist():
        lanes = 2 if is_wide[start] else 4
        while start < stop:
            fits = int(np.searchsorted(before, before[start] + block_pairs, side="right")) - 1
            end = min(max(fits, start + 1), stop)
            limit = int(before[end] - before[start])
            if limit:
                yield start, end, limit, lanes
            start = end


def _accumulator(
    lanes: int, n_folds: int, n_partners: int
) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint64]]:
    """What a context of each fold adds, where, and the counters it is added to."""
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


def _count_numpy(work: _Work, block_pairs: int) -> Iterator[_Block]:
    from scipy import sparse  # slow to import, and only this path needs it

    n_contexts = len(work.folds)

    def numbered(runs: Runs, of: range) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Context, and place in `of`, of every token that is in it."""
        sizes = runs.end - runs.start
        before = np.cumsum(sizes) - sizes
        place = np.repeat(runs.start - before, sizes) + np.arange(sizes.sum())
        step, skipped = np.divmod(work.tokens[place].astype(np.int64) - of.start, of.step)
        chosen = (skipped == 0) & (step >= 0) & (step < len(of))
        return np.repeat(np.arange(n_contexts), sizes)[chosen], step[chosen]

    n_partners, first_partner = len(work.partners), work.partners.start
    context, row = numbered(work.pair.a, work.rows)
    ones = np.ones(len(row), np.int32)
    rows = sparse.csr_matrix((ones, (row, context)), (len(work.rows), n_contexts))
    context, partner = numbered(work.pair.b, work.partners)
    # One column for each (partner, fold): a product counts all folds at once.
    column = partner * work.n_folds + work.folds[context]
    ones = np.ones(len(column), np.int32)
    columns = sparse.csr_matrix((ones, (context, column)), (n_contexts, n_partners * work.n_folds))
    partners = np.diff(columns.indptr)[rows.indices]
    # Float sums of integers are exact below 2**53 pair events.
    events = np.bincount(row_index(rows.indptr), partners, len(work.rows)).astype(np.int64)
    for start, end, _, _ in _blocks(rows.indptr, events, n_partners, block_pairs):
        product = rows[start:end] @ columns
        product.sort_indices()
        a = row_index(product.indptr)
        b, fold = np.divmod(product.indices, work.n_folds)
        begins = np.append(True, (a[1:] != a[:-1]) | (b[1:] != b[:-1]))[: len(a)]
        fold_counts = np.zeros((int(begins.sum()), work.n_folds), np.int32)
        fold_counts[np.cumsum(begins) - 1, fold] = product.data
        kept = fold_counts.sum(axis=1) >= work.min_count
        of_row = np.array(work.rows[start:end], np.int32)
        yield _Block(
            len(kept),
            of_row[a[begins][kept]],
            (first_partner + b[begins][kept]).astype(np.int32),
            fold_counts[kept],
        )
