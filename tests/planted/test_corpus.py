"""A planted corpus on disk: its truth counts what the documents hold, and its recipe runs."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import fields
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pivotmine.errors import InputError
from pivotmine.planted import CIPHER_LANGUAGES, Plan, PlantedCorpus, make_plan, plant
from pivotmine.recipe.reading import load_recipe
from pivotmine.sources import ColumnMap, ReadLimits, read_split
from pivotmine.sources.listing import list_splits
from pivotmine.stages.ingest.documents import document_id
from tests.handmade import cli
from tests.planted.planted_text import license_text, paragraphs

PLAN = make_plan(["n_documents=700", "duplicate_share=0.2", "apart=[[el, ko]]"])


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> PlantedCorpus:
    return plant(license_text(), PLAN, tmp_path_factory.mktemp("planted") / "out")


def truth(corpus: PlantedCorpus, name: str) -> list[dict[str, object]]:
    return pq.read_table(corpus.folder / "truth" / f"{name}.parquet").to_pylist()


def texts(corpus: PlantedCorpus) -> dict[str, str]:
    table = pq.read_table(corpus.folder / "corpus")
    return dict(zip(table["url"].to_pylist(), table["text"].to_pylist(), strict=True))


def test_every_document_has_its_truth_under_the_id_that_the_engine_gives_it(corpus):
    by_url = texts(corpus)
    rows = truth(corpus, "document_truth")
    assert [row["url"] for row in rows] == list(by_url)
    assert len(rows) == 700
    for row in rows:
        assert row["doc_id"] == document_id(by_url[row["url"]])
        assert (row["duplicate_of"] is not None) >= row["is_exact"]


def test_the_lexicon_counts_documents_of_a_pair_without_exact_copies(corpus):
    exact = {row["url"] for row in truth(corpus, "document_truth") if row["is_exact"]}
    assert exact
    names = ("lang_a", "word_a", "lang_b", "word_b")
    counted = Counter(
        tuple(row[name] for name in names)
        for row in truth(corpus, "document_links")
        if row["url"] not in exact
    )
    lexicon = {tuple(row[n] for n in names): row["n_docs"] for row in truth(corpus, "lexicon")}
    assert {pair: n for pair, n in lexicon.items() if n} == dict(counted)
    assert corpus.n_pairs == len(counted)


def test_the_lexicon_holds_translations_of_languages_that_never_meet(corpus):
    apart = [
        row for row in truth(corpus, "lexicon") if (row["lang_a"], row["lang_b"]) == ("el", "ko")
    ]
    assert len(apart) > 300
    assert {row["n_docs"] for row in apart} == {0}


def test_the_truth_has_the_number_of_links_of_each_document(corpus):
    n_links = Counter(row["url"] for row in truth(corpus, "document_links"))
    for row in truth(corpus, "document_truth"):
        assert row["n_links"] == n_links[row["url"]]


def test_equal_plans_give_equal_bytes(corpus, tmp_path: Path):
    again = plant(license_text(), PLAN, tmp_path / "again")
    for path in sorted(corpus.folder.rglob("*.parquet")):
        same = again.folder / path.relative_to(corpus.folder)
        assert same.read_bytes() == path.read_bytes()


def test_the_recipe_names_the_corpus_and_every_document_of_it_can_be_read(corpus):
    config = load_recipe(str(corpus.recipe))
    assert config.languages == PLAN.languages
    (source,) = config.ingest.inputs
    columns = ColumnMap(source.text_column, source.source_column)
    read = [
        text
        for split in list_splits(source.uris, source.format, config.ingest.split_bytes, 0)
        for batch in read_split(split, columns, ReadLimits())
        for text in batch.column("text").to_pylist()
        if text is not None
    ]
    assert read == list(texts(corpus).values())


def test_the_plan_is_stored_with_the_numbers_planted(corpus):
    report = json.loads((corpus.folder / "plan.json").read_text())
    assert report["plan"]["apart"] == [["el", "ko"]]
    assert report["planted"] == {
        "documents": 700,
        "bytes": corpus.n_bytes,
        "pairs": corpus.n_pairs,
        "kinds": corpus.kinds,
    }


def test_a_folder_that_holds_files_is_refused(corpus):
    with pytest.raises(InputError, match="not empty"):
        plant(license_text(), PLAN, corpus.folder)


def test_the_command_plants_from_files(tmp_path: Path):
    table = pa.table({"body": [*paragraphs(), None]})
    pq.write_table(table, tmp_path / "english.parquet")
    out = tmp_path / "out"
    status, said, _ = cli(
        *("planted", str(out), "--text", str(tmp_path / "english.parquet")),
        *("--text-column", "body", "-s", "n_documents=20", "-s", "rates.parallel=3"),
    )
    assert status == 0
    assert f"pivotmine run --config {out / 'recipe.yaml'}" in said
    assert pq.read_table(out / "corpus").num_rows == 20


def test_the_command_names_its_settings_and_refuses_others(tmp_path: Path):
    said = cli("planted", "--help").out
    for item in fields(Plan):
        assert item.name in said
    assert ", ".join(CIPHER_LANGUAGES) in " ".join(said.split())
    status, _, err = cli("planted", str(tmp_path / "out"), "-t", "none.jsonl", "-s", "words=3")
    assert status == 2
    assert "settings are n_documents" in " ".join(err.split())
    assert not (tmp_path / "out").exists()
