"""Registered association measures: the built-in ones, and checks of results."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from pivotmine import plugins
from pivotmine.errors import InputError
from pivotmine.lake.tables import COUNTS
from pivotmine.numeric.association import npmi
from pivotmine.numeric.measures import strength
from pivotmine.numeric.nodes import node_table
from pivotmine.stages.link.associate import PairTest, candidates

TABLES = tuple(np.array(row, float) for row in ([5, 13, 0], [5, 40, 9], [5, 30, 9], [20, 90, 90]))
"""n_ab, n_a, n_b and n of a perfect pair, one of chance, and one that never meets."""


@pytest.mark.parametrize("name", plugins.MEASURES.built_in)
def test_a_built_in_measure_puts_a_perfect_pair_above_all_others(name: str):
    found = strength(name, *TABLES)
    assert found.dtype == np.float64
    assert found[0] > found[1:].max()


def test_links_are_ranked_by_the_measure_of_the_recipe():
    columns = {"a": [1], "b": [2], "n_ab": [4], "n_a": [8], "n_b": [5], "n_contexts": [20]}
    batch = pa.RecordBatch.from_pydict(
        {**columns, "lang_a": ["en"], "lang_b": ["fr"], "fold_counts": [[2, 2]]}, COUNTS.schema
    )
    token, language = np.array([1, 2], np.int32), np.array([0, 1], np.int8)
    nodes = node_table(token, language, 3, 2)
    spelling = np.arange(3, dtype=np.int32)
    (by_g2,), (by_npmi,) = (
        candidates(
            batch, 0, PairTest(("en", "fr"), nodes, spelling, None, name, -1.0, 0, 1.0)
        ).to_pylist()
        for name in ("g2", "npmi")
    )
    assert by_g2["strength"] == by_g2["g2"]
    assert by_npmi["strength"] == npmi(4, 8, 5, 20)
    del by_g2["strength"], by_npmi["strength"]
    assert by_g2 == by_npmi


@pytest.mark.parametrize(
    ("measured", "message"),
    [
        (lambda n_ab, n_a, n_b, n: n_ab[:1], r"odd returns shape \(1,\), not \(3,\)"),
        (
            lambda n_ab, n_a, n_b, n: np.where(n_ab > 0, 1.0, np.nan),
            "odd is NaN for .* = 0, 9",
        ),
    ],
    ids=["another shape", "not a number"],
)
def test_an_invalid_result_of_a_measure_is_refused(measured, message, monkeypatch):
    monkeypatch.setattr(plugins.MEASURES, "_found", {**plugins.MEASURES._found})
    plugins.measure("odd")(measured)
    with pytest.raises(InputError, match=message):
        strength("odd", *TABLES)
