"""Figures of planted seeds are summed up: means, ratios, tables and a plot."""

from __future__ import annotations

import math
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.selection.planted import Row
from bench.selection.plot import draw
from bench.selection.summary import ARMS, SCORES, mean, ratio, summarise


@given(st.lists(st.floats(0.1, 10), min_size=2, max_size=6))
def test_a_mean_lies_in_its_interval_and_a_ratio_to_itself_is_one(values):
    found = mean(values)
    assert found.low <= found.mean <= found.high
    assert ratio(values, values) == pytest.approx((1, 1, 1))
    assert math.isnan(mean(values[:1]).low)


def rows() -> list[Row]:
    """Of two seeds; arm number n buys (n + 1) * 100 links, 2 % more in seed 3."""
    areas = [
        {"figure": "auc", "seed": seed, "method": score, "kind": "parallel+block", "part": "all",
         "against": against, "min_tokens": quarter, "auc": 0.9}
        for seed, score, against, quarter in product(
            (2, 3), SCORES, ("untranslated", "two languages"), range(5))
    ]  # fmt: skip
    by_arm = [
        {"seed": seed, "budget": budget, "method": f"arm {arm}", "arm": arm, "lang_a": "all",
         "n_links": (n + 1) * 100 * (1.02 if seed == 3 else 1), "template_share": 0.1,
         "repeated_share": 0.1, "untranslated_share": 0.1, "p_at_1": 0.3}
        for seed, budget, (n, arm) in product((2, 3), (0.05, 0.2), enumerate(ARMS))
    ]  # fmt: skip
    figures = ("budget", "retrieval")
    return areas + [{**row, "figure": figure} for row in by_arm for figure in figures]


def test_tables_hold_means_over_seeds_and_ratios_of_pairs():
    text = "\n".join(summarise(rows()))
    assert "| parallel+block, quarter 4 by length | .900 (.900-.900) |" in text
    n_links = [(n + 1) * 100 for n in range(len(ARMS))]
    best = n_links[ARMS.index("distinct_links")]
    for arm, n in zip(ARMS, n_links, strict=True):
        assert f"| {arm} | {n * 1.01:,.0f} (" in text
        if arm != "distinct_links":
            cell = "{0:.2f} ({0:.2f}-{0:.2f})".format(best / n)
            assert f"| {arm} | {cell} | {cell} |" in text


def test_the_plot_names_every_score_and_arm(tmp_path: Path):
    draw(rows(), tmp_path / "planted.svg")
    picture = (tmp_path / "planted.svg").read_text()
    for name in (*ARMS, *SCORES):
        assert name in picture
