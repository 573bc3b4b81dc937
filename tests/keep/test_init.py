"""`pivotmine init`: a recipe for a user's own files, from a sample of them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from pivotmine.cli.app import app
from pivotmine.errors import InputError
from pivotmine.keep.init import describe, recipe_text
from pivotmine.keep.sample import SAMPLE_BYTES, SAMPLE_FILES
from pivotmine.keep.survey import survey
from pivotmine.recipe.reading import load_recipe

ENGLISH = "The neighbour's cat sleeps on the old sofa in the living room."
FRENCH = "Le chat du voisin dort sur le vieux canapé dans le salon de la maison."
JAPANESE = "隣の家の猫は居間の古いソファーの上でいつも気持ちよさそうに眠っています。"


def write_jsonl(path: Path, /, *texts: str, column: str = "text", **others: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [json.dumps({**others, column: text}, ensure_ascii=False) for text in texts]
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wt", encoding="utf-8") as stream:
        stream.write("".join(f"{row}\n" for row in rows))
    return str(path)


def recipe_of(folder: Path, *uris: str):
    path = folder / "corpus.yaml"
    path.write_text(recipe_text(survey(uris), "corpus.yaml", "lake"), encoding="utf-8")
    return load_recipe(str(path))


def test_languages_are_chosen_by_their_share_of_the_sample(tmp_path: Path):
    uri = write_jsonl(tmp_path / "a.jsonl", *[ENGLISH] * 9, *[FRENCH] * 5, JAPANESE)
    assert recipe_of(tmp_path, uri).languages == ("en", "fr", "ja")


def test_a_language_that_shares_its_documents_with_another_is_found(tmp_path: Path):
    uri = write_jsonl(tmp_path / "a.jsonl", *[f"{ENGLISH}\n{ENGLISH}\n{FRENCH}"] * 5)
    assert recipe_of(tmp_path, uri).languages == ("en", "fr")


def test_a_language_that_is_rare_in_the_sample_is_named_in_a_comment(tmp_path: Path):
    uri = write_jsonl(tmp_path / "a.jsonl", *[ENGLISH] * 150, *[FRENCH] * 150, JAPANESE)
    found = survey([uri])
    assert 0 < found.languages["ja"] < 0.01
    text = recipe_text(found, "corpus.yaml", "lake")
    assert "# Below 1% and left out: ja 0.5%." in text
    assert "languages: [fr, en]" in text


def test_one_language_makes_no_recipe(tmp_path: Path):
    uri = write_jsonl(tmp_path / "a.jsonl", *[ENGLISH] * 5)
    with pytest.raises(InputError, match=r"mines pairs of languages.*holds en 100\.0%"):
        recipe_text(survey([uri]), "corpus.yaml", "lake")


def test_the_text_column_is_the_one_with_most_text(tmp_path: Path):
    uri = write_jsonl(tmp_path / "a.jsonl", ENGLISH, FRENCH, column="body", url="a.example")
    (item,) = recipe_of(tmp_path, uri).ingest.inputs
    assert (item.text_column, item.source_column) == ("body", None)
    assert "# source_column: url" in (tmp_path / "corpus.yaml").read_text()


def test_a_column_named_text_is_taken_however_short_it_is(tmp_path: Path):
    uri = write_jsonl(tmp_path / "a.jsonl", ENGLISH, FRENCH, path="/a/long/path" * 20)
    assert recipe_of(tmp_path, uri).ingest.inputs[0].text_column == "text"


def test_a_text_in_a_nested_record_has_a_dotted_name(tmp_path: Path):
    rows = [json.dumps({"page": {"content": text}}) for text in (ENGLISH, FRENCH)]
    (tmp_path / "a.jsonl").write_text("\n".join(rows))
    (item,) = recipe_of(tmp_path, str(tmp_path / "a.jsonl")).ingest.inputs
    assert item.text_column == "page.content"


def test_a_folder_of_several_formats_with_one_text_column_is_one_input(tmp_path: Path):
    write_jsonl(tmp_path / "in" / "a.jsonl.gz", ENGLISH, FRENCH)
    pq.write_table(pa.table({"text": [FRENCH]}), tmp_path / "in" / "b.parquet")
    (tmp_path / "in" / "c.txt").write_text(JAPANESE, encoding="utf-8")
    found = survey([str(tmp_path / "in")])
    (one,) = found.inputs
    assert one.formats == {"jsonl": 1, "parquet": 1, "text": 1}
    assert found.n_documents == 4
    (item,) = recipe_of(tmp_path, str(tmp_path / "in")).ingest.inputs
    assert (item.uris, item.format) == ((str(tmp_path / "in"),), "auto")


def test_files_with_other_text_columns_are_inputs_of_their_own(tmp_path: Path):
    write_jsonl(tmp_path / "in" / "a.jsonl", ENGLISH, column="body")
    pq.write_table(pa.table({"content": [FRENCH]}), tmp_path / "in" / "b.parquet")
    inputs = recipe_of(tmp_path, str(tmp_path / "in")).ingest.inputs
    assert [item.text_column for item in inputs] == ["body", "content"]
    assert [len(item.uris) for item in inputs] == [1, 1]


def test_uris_that_are_read_alike_are_one_input(tmp_path: Path):
    uris = [write_jsonl(tmp_path / f"{n}.jsonl", ENGLISH, FRENCH) for n in range(3)]
    (item,) = recipe_of(tmp_path, *uris).ingest.inputs
    assert item.uris == tuple(uris)


def test_what_is_read_is_bounded(tmp_path: Path):
    for n in range(SAMPLE_FILES + 2):
        write_jsonl(tmp_path / "in" / f"{n}.jsonl", *[ENGLISH, FRENCH] * 20_000)
    found = survey([str(tmp_path / "in")])
    assert (found.n_files, found.n_sampled_files) == (SAMPLE_FILES + 2, SAMPLE_FILES)
    assert found.n_sampled_bytes <= SAMPLE_FILES * SAMPLE_BYTES


def test_refused_records_are_reported(tmp_path: Path):
    (tmp_path / "a.jsonl").write_text(f'{{"text": "{ENGLISH}"}}\nnot json\n{{"text": ""}}\n')
    told = describe(survey([str(tmp_path / "a.jsonl")]))
    assert "refused in the sample: 1 invalid_json, 1 empty_text" in told


def test_files_without_any_document_make_no_recipe(tmp_path: Path):
    (tmp_path / "a.jsonl").write_text("not json\n")
    with pytest.raises(InputError, match="no document was found in the sample; refused: 1 invalid"):
        survey([str(tmp_path / "a.jsonl")])


def test_the_command_writes_a_recipe_and_says_what_it_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    write_jsonl(tmp_path / "in" / "a.jsonl", *[ENGLISH, FRENCH] * 3)
    done = CliRunner().invoke(app, ["init", "in"])
    assert done.exit_code == 0
    assert "files: 1 jsonl" in done.stdout
    assert "languages: fr" in done.stdout
    assert load_recipe("corpus.yaml").ingest.inputs[0].uris == ("in",)


def test_the_command_overwrites_a_recipe_only_with_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    write_jsonl(tmp_path / "in" / "a.jsonl", ENGLISH, FRENCH)
    Path("corpus.yaml").write_text("mine")
    refused = CliRunner().invoke(app, ["init", "in"])
    assert isinstance(refused.exception, InputError)
    assert Path("corpus.yaml").read_text() == "mine"
    assert CliRunner().invoke(app, ["init", "in", "--force"]).exit_code == 0
    assert Path("corpus.yaml").read_text() != "mine"
