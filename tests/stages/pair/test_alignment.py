"""Segments of two documents aligned, beside plain searches over all alignments."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pivotmine.stages.pair import chain
from pivotmine.stages.pair.alignment import (
    BREAK_EVEN,
    HALF_BAND,
    VARIANCE,
    Beads,
    align,
    best_beads,
)
from pivotmine.stages.pair.chain import Segments, best_chain, segment_bits

FEATURE_SETS = st.lists(
    st.tuples(st.frozensets(st.integers(0, 9), max_size=4), st.integers(1, 60)), max_size=6
)


def bits_of(feature: int) -> float:
    return 2.0 + feature % 4


def segments(rows: list[tuple[frozenset[int], int]]) -> Segments:
    features = [sorted(held) for held, _ in rows]
    flat = [feature for held in features for feature in held]
    return Segments(
        np.array(flat, np.int32),
        np.array([bits_of(feature) for feature in flat], np.float32),
        np.concatenate(([0], np.cumsum([len(held) for held in features]))).astype(np.int64),
        np.array([length for _, length in rows], np.int32),
    )


def total(features: frozenset[int]) -> float:
    return sum(map(bits_of, features))


@given(FEATURE_SETS, FEATURE_SETS)
def test_the_chain_is_the_heaviest_of_all_that_rise_on_both_sides(one, other):
    def value(i: int, j: int) -> float:
        shared = total(one[i][0] & other[j][0])
        return shared**2 / np.sqrt(total(one[i][0]) * total(other[j][0])) if shared else 0.0

    cells = [(i, j) for i in range(len(one)) for j in range(len(other)) if value(i, j) > 0]

    @cache
    def best(i: int, j: int) -> float:
        after = [value(x, y) + best(x, y) for x, y in cells if x > i and y > j]
        return max(after, default=0.0)

    found = best_chain(segments(one), segments(other))
    assert all((found[1:] > found[:-1]).ravel())
    assert sum(value(i, j) for i, j in found.tolist()) == pytest.approx(best(-1, -1))


def test_features_of_too_many_cells_are_left_out_the_most_frequent_first(monkeypatch):
    rows = [(frozenset({0, row + 1}), 10) for row in range(6)]
    everything = best_chain(segments(rows), segments(rows))
    assert len(everything) == 6
    monkeypatch.setattr(chain, "MAX_CELLS", 6)
    assert best_chain(segments(rows), segments(rows)).tolist() == everything.tolist()
    monkeypatch.setattr(chain, "MAX_CELLS", 5)
    assert not len(best_chain(segments(rows), segments(rows)))


def gain(
    one: list[tuple[frozenset[int], int]], other: list[tuple[frozenset[int], int]], ratio: float
) -> float:
    """What a bead of these segments adds, written out."""
    bits = [sum(total(held) for held, _ in side) for side in (one, other)]
    shared = sum(total(a & b) for a, _ in one for b, _ in other)
    expected = ratio * sum(length for _, length in one)
    z2 = (sum(length for _, length in other) - expected) ** 2
    z2 /= VARIANCE * max(expected, 1.0) * max(ratio, 1.0)
    by_words = 2 * min(shared, *bits) - BREAK_EVEN * sum(bits)
    return by_words - min(z2 / 2, 8.0) + (len(one) == len(other) == 1)


@settings(deadline=None)
@given(FEATURE_SETS, FEATURE_SETS)
def test_beads_have_the_largest_sum_of_all_alignments(one, other):
    a, b = segments(one), segments(other)
    ratio = max(int(b.lengths.sum()), 1) / max(int(a.lengths.sum()), 1)

    def of_bead(i: int, p: int, j: int, q: int) -> float:
        return gain(one[i : i + p], other[j : j + q], ratio)

    @cache
    def best(i: int, j: int) -> float:
        """The best sum from segments i and j on."""
        if i >= len(one) or j >= len(other):
            return 0.0
        kinds = [(1, 1), (1, 2), (2, 1)]
        fitting = [(p, q) for p, q in kinds if i + p <= len(one) and j + q <= len(other)]
        beads = [of_bead(i, p, j, q) + best(i + p, j + q) for p, q in fitting]
        return max(best(i + 1, j), best(i, j + 1), *beads)

    found = best_beads(a, b)
    sums = sum(of_bead(*bead) for bead in rows(found))
    assert sums == pytest.approx(best(0, 0), abs=1e-4)
    assert_monotone(found, len(one), len(other))


def rows(beads: Beads) -> list[tuple[int, int, int, int]]:
    columns = (beads.a, beads.n_a, beads.b, beads.n_b)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def assert_monotone(beads: Beads, n_a: int, n_b: int) -> None:
    for start, size, end in ((beads.a, beads.n_a, n_a), (beads.b, beads.n_b, n_b)):
        assert (start[1:] >= (start + size)[:-1]).all()
        assert not len(start) or (start[0] >= 0 and start[-1] + size[-1] <= end)


def story(n: int, seed: int) -> list[tuple[frozenset[int], int]]:
    draw = np.random.default_rng(seed)
    return [
        (frozenset(draw.integers(0, 100_000, 6).tolist()), int(draw.integers(20, 90)))
        for _ in range(n)
    ]


def test_chapters_that_one_side_lacks_are_stepped_over():
    book = story(600, seed=1)
    found = align(segments(book), segments([*book[:100], *story(150, seed=2), *book[350:]]))
    expected = [(i, i) for i in range(100)] + [(i, i - 100) for i in range(350, 600)]
    pairs = list(zip(found.a.tolist(), found.b.tolist(), strict=True))
    assert len(set(pairs) & set(expected)) >= 0.99 * len(expected)
    assert len(set(pairs) - set(expected)) <= 0.01 * len(expected)


def test_two_segments_that_one_translates_are_one_bead():
    book = story(20, seed=3)
    joined = (book[7][0] | book[8][0], book[7][1] + book[8][1])
    found = align(segments(book), segments([*book[:7], joined, *book[9:]]))
    assert (7, 2, 7, 1) in rows(found)


def test_a_segment_without_words_is_aligned_between_neighbours_and_nowhere_else():
    book = story(9, seed=4)
    bare = [*book[:4], (frozenset(), 30), *book[5:]]
    assert (4, 1, 4, 1) in rows(align(segments(bare), segments(bare)))
    only = [(frozenset(), 30)] * 5
    assert not len(align(segments(only), segments(only)).a)
    assert len(best_beads(segments(only), segments(only)).a) == 5


@pytest.mark.parametrize(("n_a", "n_b"), list(combinations((0, 1, 3 * HALF_BAND), 2)))
def test_documents_of_any_number_of_segments_are_aligned(n_a, n_b):
    one, other = segments(story(n_a, 5)), segments(story(n_b, 6))
    assert_monotone(best_beads(one, other), n_a, n_b)
    assert_monotone(best_beads(other, one), n_b, n_a)


def test_bits_of_segments_are_the_sums_of_their_features():
    rows_ = [(frozenset({1, 2}), 3), (frozenset(), 4), (frozenset({3}), 5)]
    assert segment_bits(segments(rows_)).tolist() == [total(held) for held, _ in rows_]
