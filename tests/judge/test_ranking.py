"""Ranking by a score: areas by definition, and precision if one document in a hundred is sought."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.judge.ranking import PREVALENCE, RECALLS, draw_weights, rank
from pivotmine.numeric.bootstrap import UNKNOWN

ROWS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.booleans()), min_size=1, max_size=12
)


def ranked(rows):
    scores, positive = (np.array([row[i] for row in rows]) for i in range(2))
    return rank(scores.astype(float), positive.astype(bool), draw_weights(len(rows), 0)[:5])


def precision_down_to(rows, score) -> float:
    """Share of sought ones among all that score as much, one in a hundred being sought."""
    share = {
        sought: np.mean([s >= score for s, positive in rows if positive == sought])
        for sought in (True, False)
    }
    found = PREVALENCE * share[True]
    return found / (found + (1 - PREVALENCE) * share[False])


@given(ROWS)
def test_areas_follow_their_definitions(rows):
    found = ranked(rows)
    sought, others = ([s for s, positive in rows if positive == side] for side in (True, False))
    if not sought or not others:
        assert found.auc == found.average_precision == UNKNOWN
        return
    wins = [(s > o) + (s == o) / 2 for s in sought for o in others]
    assert found.auc.mean == pytest.approx(np.mean(wins))
    expected = np.mean([precision_down_to(rows, s) for s in sought])
    assert found.average_precision.mean == pytest.approx(expected)


@given(ROWS)
def test_precision_is_read_where_each_recall_is_first_reached(rows):
    found = ranked(rows)
    sought = sorted((s for s, positive in rows if positive), reverse=True)
    for recall, precision in zip(RECALLS, found.precision, strict=False):
        last = sought[int(np.ceil(recall * len(sought) - 1e-9)) - 1]
        assert precision == pytest.approx(precision_down_to(rows, last))


def test_the_number_of_negatives_changes_neither_area():
    rows = [(0.9, True), (0.8, False), (0.7, True), (0.1, False)]
    few, many = ranked(rows), ranked([*rows, *rows[1::2] * 9])
    assert few.auc.mean == many.auc.mean == 0.75
    assert few.average_precision.mean == pytest.approx(many.average_precision.mean)
