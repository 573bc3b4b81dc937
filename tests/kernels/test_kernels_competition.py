"""Competition: the margin of a partner over its rivals, and what prevails."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import InputError
from pivotmine.kernels.competition import partner_margins, prevails

rows = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 9)), max_size=30,
    unique_by=lambda row: row[:2],
)  # fmt: skip


def columns(table: list[tuple[int, int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    a, b, scores = np.array(table, np.int64).reshape(-1, 3).T
    return a, b, scores.astype(np.float64)


@given(rows)
def test_a_margin_is_the_score_over_the_best_other_score_of_the_word(table):
    a, _, scores = columns(table)
    for place, margin in enumerate(partner_margins(a, scores).tolist()):
        others = [scores[i] for i in range(len(a)) if a[i] == a[place] and i != place]
        assert margin == (scores[place] / max(others) if others else np.inf)


@given(rows, st.floats(1, 3))
def test_what_prevails_is_best_on_both_sides_or_clearly_on_one(table, min_margin):
    a, b, scores = columns(table)
    sides = np.stack([partner_margins(a, scores), partner_margins(b, scores)])
    kept = prevails(a, b, scores, min_margin=min_margin)
    for pair, is_kept in zip(sides.T.tolist(), kept.tolist(), strict=True):
        clear = max(pair) > 1 and max(pair) >= min_margin
        assert is_kept == (min(pair) > 1 or clear)


@given(rows, st.randoms())
def test_the_order_of_rows_does_not_matter(table, random):
    shuffled = random.sample(table, len(table))
    kept = dict(zip(table, prevails(*columns(table)).tolist(), strict=True))
    assert kept == dict(zip(shuffled, prevails(*columns(shuffled)).tolist(), strict=True))


NEW, YORK, SPRING, JUMP = range(4)
NOUVEAU, YORK_FR, PRINTEMPS, RESSORT, SAUT = range(10, 15)


def kept(table: list[tuple[int, int, int]]) -> set[tuple[int, int]]:
    a, b, scores = columns(table)
    chosen = prevails(a, b, scores)
    return {(x, y) for x, y in zip(a[chosen].tolist(), b[chosen].tolist(), strict=True)}


def test_a_neighbour_of_the_translation_loses_to_the_translation():
    table = [(NEW, NOUVEAU, 100), (YORK, YORK_FR, 60), (NEW, YORK_FR, 40), (YORK, NOUVEAU, 40)]
    assert kept(table) == {(NEW, NOUVEAU), (YORK, YORK_FR)}


def test_both_senses_of_a_word_prevail():
    table = [(SPRING, PRINTEMPS, 80), (SPRING, RESSORT, 30), (JUMP, SAUT, 50), (JUMP, RESSORT, 5)]
    assert kept(table) == {(SPRING, PRINTEMPS), (SPRING, RESSORT), (JUMP, SAUT)}


def test_words_of_a_template_that_are_alike_do_not_choose_each_other():
    table = [(a, b, 50) for a in (NEW, YORK) for b in (NOUVEAU, SAUT)]
    assert kept(table) == set()


def test_nothing_prevails_over_nothing():
    assert prevails(*columns([])).tolist() == []
    assert prevails(*columns([(NEW, NOUVEAU, 1)])).tolist() == [True]


def test_what_is_no_competition_is_refused():
    a, b, scores = columns([(NEW, NOUVEAU, 1), (NEW, SAUT, 2)])
    with pytest.raises(InputError, match=r"min_margin is 0\.5"):
        prevails(a, b, scores, min_margin=0.5)
    with pytest.raises(InputError, match="must be above 0"):
        partner_margins(a, scores - 1)
    with pytest.raises(InputError, match="no columns of one table"):
        partner_margins(a, scores[:1])
