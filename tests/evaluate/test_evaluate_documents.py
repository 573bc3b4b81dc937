"""Documents judged: which score finds translated pages, and what a budget buys."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.evaluate.documents import weighted_auc
from tests.handmade import cli, make_lake, settings

KINDS = {
    "p1": "parallel", "p2": "parallel", "b": "block", "g": "glossed", "m1": "monolingual",
    "m2": "monolingual", "c": "code_switched", "t": "template",
}  # fmt: skip
SCORES = {
    "good": {"p1": 0.9, "p2": 0.9, "b": 0.8, "g": 0.3, "c": 0.1},
    "blind": {"m1": 0.9, "t": 0.8, "c": 0.7},
}
PLANTED = {"p1": ["eau", "pain"], "p2": ["eau", "pain"], "b": ["eau", "sel"], "g": ["lait"]}
"""`p2` repeats `p1`, and an exact copy of `b` was dropped by the engine."""


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[str, ...]]:
    """Truth, and the settings of a lake of eight documents of 10 tokens."""
    folder = tmp_path_factory.mktemp("documents")
    truth = folder / "truth"
    truth.mkdir()
    rows = [
        {"url": url, "doc_id": url, "kind": kind, "duplicate_of": "p1" if url == "p2" else None,
         "is_exact": False, "n_links": len(PLANTED.get(url, []))}
        for url, kind in KINDS.items()
    ]  # fmt: skip
    rows.append({**rows[2], "url": "copy", "duplicate_of": "b", "is_exact": True})
    links = [
        {"url": url, "lang_a": "en", "word_a": "a", "lang_b": "fr", "word_b": word}
        for url, words in PLANTED.items()
        for word in words
    ]
    pq.write_table(pa.Table.from_pylist(rows), truth / "document_truth.parquet")
    pq.write_table(pa.Table.from_pylist(links), truth / "document_links.parquet")
    lake = make_lake(
        folder / "lake",
        tokens=[{"doc_id": doc_id, "n_tokens": 10} for doc_id in KINDS],
        scores=[
            {"doc_id": doc_id, "method": method, "score": scores.get(doc_id, 0.0)}
            for method, scores in SCORES.items()
            for doc_id in KINDS
        ],
        selection=[
            {"arm": "mine", "doc_id": doc_id, "n_tokens": 10} for doc_id in ("p1", "p2", "t", "m1")
        ],
    )
    return truth, settings(lake)


def figures(asked: tuple[Path, tuple[str, ...]]) -> list[dict]:
    truth, lake = asked
    outcome = cli("evaluate", "documents", str(truth), *lake, "--format", "json")
    assert outcome.status == 0, outcome.err
    return [json.loads(line) for line in outcome.out.splitlines()]


def test_separation_is_told_for_each_method_and_kind(asked):
    auc = {
        (row["method"], row["kind"], row["against"]): row["auc"]
        for row in reversed(figures(asked))
        if row["figure"] == "auc"
    }
    assert auc["good", "parallel+block", "untranslated"] == 1.0
    assert auc["good", "glossed", "untranslated"] == 1.0
    assert auc["blind", "parallel", "untranslated"] == 0.125  # ties with m2 alone
    assert auc["blind", "parallel+block", "two languages"] == 0.0


def test_an_arm_is_told_what_it_spent_on_what(asked):
    (arm,) = (row for row in figures(asked) if row["method"] == "arm mine")
    assert {name: arm[name] for name in arm if name.endswith("_share")} == {
        "template_share": 0.25, "repeated_share": 0.25, "untranslated_share": 0.5,
    }  # fmt: skip
    assert (arm["share_of_corpus"], arm["n_docs"], arm["n_links"]) == (0.5, 4, 2)


def test_a_budget_is_spent_in_the_order_of_the_score(asked):
    spent = {
        row["method"]: row
        for row in figures(asked)
        if row["figure"] == "budget" and row["n_docs"] == 1
    }
    assert spent["good"]["n_links"] == 2
    assert spent["blind"]["untranslated_share"] == 1.0


def test_the_table_names_what_it_shows(asked):
    truth, lake = asked
    shown = cli("evaluate", "documents", str(truth), *lake)
    assert shown.status == 0
    assert "two languages" in shown.out
    assert "arm mine" in shown.out


def test_a_folder_without_truth_is_named(asked, tmp_path):
    outcome = cli("evaluate", "documents", str(tmp_path), *asked[1])
    assert outcome.status == 2
    assert "document_truth.parquet is not there" in outcome.err


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.booleans(), st.integers(0, 3))))
def test_area_under_the_curve_is_the_chance_that_a_positive_ranks_higher(rows):
    scores, positive, weights = (np.array([row[i] for row in rows]) for i in range(3))
    found = weighted_auc(scores, positive.astype(bool), weights.astype(float))
    pairs = [
        (w * v, (s > r) + (s == r) / 2)
        for s, is_positive, w in rows if is_positive
        for r, other, v in rows if not other
    ]  # fmt: skip
    total = sum(weight for weight, _ in pairs)
    expected = sum(weight * won for weight, won in pairs) / total if total else None
    assert found == pytest.approx(expected) if total else np.isnan(found)
