"""Documents judged: which score finds translated pages, and what a budget buys."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

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
         "is_exact": False, "languages": ["fr", "en"],
         "n_links": len(PLANTED.get(url, []))}
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


@pytest.fixture(scope="module")
def found(asked) -> list[dict]:
    return figures(*asked)


def figures(truth: Path, lake: tuple[str, ...]) -> list[dict]:
    outcome = cli("evaluate", "documents", str(truth), *lake, "--format", "json")
    assert outcome.status == 0, outcome.err
    return [json.loads(line) for line in outcome.out.splitlines()]


def test_separation_is_reported_for_each_method_and_kind(found):
    auc = {
        (row["method"], row["kind"], row["against"], row["part"]): row["auc"]
        for row in reversed(found)
        if row["figure"] == "auc"
    }
    assert auc["good", "parallel+block", "untranslated", "all"] == 1.0
    assert auc["good", "glossed", "untranslated", "all"] == 1.0
    assert auc["blind", "parallel", "untranslated", "all"] == 0.125  # ties with m2 alone
    assert auc["blind", "parallel+block", "two languages", "all"] == 0.0


def test_separation_is_reported_for_each_language_pair_and_recall(found):
    of_pair = [row for row in found if row["part"] == "en-fr" and row["method"] == "good"]
    areas = [row for row in of_pair if row["figure"] == "auc"]
    assert {(row["against"], row["average_precision"]) for row in areas} == {
        ("untranslated", 1.0), ("two languages", 1.0),
    }  # fmt: skip
    curve = {row["recall"]: row["precision"] for row in of_pair if row["figure"] == "curve"}
    assert curve[0.05] == curve[1.0] == 1.0


def test_documents_that_a_truth_file_does_not_list_count_as_other(asked, tmp_path):
    rows = [{"doc_id": "p1", "kind": "parallel"}, {"doc_id": "p2", "kind": "parallel"}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "truth.parquet")
    found = figures(tmp_path / "truth.parquet", asked[1])
    auc = {
        row["method"]: row for row in found if (row["figure"], row["kind"]) == ("auc", "parallel")
    }
    assert auc["good"]["against"] == "other"
    assert auc["good"]["auc"] == 1.0
    assert auc["good"]["n_negative"] == 6
    (arm,) = (row for row in found if row["method"] == "arm mine")
    assert arm["untranslated_share"] == 0.5


def test_a_file_without_kinds_is_refused(asked, tmp_path):
    pq.write_table(pa.table({"doc_id": ["p1"]}), tmp_path / "truth.parquet")
    outcome = cli("evaluate", "documents", str(tmp_path / "truth.parquet"), *asked[1])
    assert outcome.status == 2
    assert "needed are kind" in outcome.err


def test_the_spending_of_an_arm_is_reported_by_kind(found):
    (arm,) = (row for row in found if row["method"] == "arm mine")
    assert {name: arm[name] for name in arm if name.endswith("_share")} == {
        "template_share": 0.25, "repeated_share": 0.25, "untranslated_share": 0.5,
    }  # fmt: skip
    assert (arm["share_of_corpus"], arm["n_docs"], arm["n_links"]) == (0.5, 4, 2)


def test_a_budget_is_spent_in_the_order_of_the_score(found):
    spent = {
        row["method"]: row for row in found if row["figure"] == "budget" and row["n_docs"] == 1
    }
    assert spent["good"]["n_links"] == 2
    assert spent["blind"]["untranslated_share"] == 1.0


def test_the_table_has_its_headings(asked):
    truth, lake = asked
    shown = cli("evaluate", "documents", str(truth), *lake)
    assert shown.status == 0
    assert "two languages" in shown.out
    assert "arm mine" in shown.out


def test_a_folder_without_truth_is_refused_by_name(asked, tmp_path):
    outcome = cli("evaluate", "documents", str(tmp_path), *asked[1])
    assert outcome.status == 2
    assert "document_truth.parquet is not there" in outcome.err
