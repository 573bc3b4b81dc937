"""Lakes, inputs and outputs in folders whose names hold characters of patterns and URIs."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pivotmine.dictionaries.lexicon import read_lexicon
from pivotmine.keep.sample import columns_of, find_files
from pivotmine.lake.query import confine, connect
from pivotmine.recipe.reading import load_recipe
from pivotmine.sources.files import list_files
from pivotmine.stages.shard.formats import write_shard
from pivotmine.stages.shard.writer import ShardDocument, TokenFormat
from tests.handmade import cli, make_lake, settings
from tests.sources.conftest import read_file

EVERY = "a [1] {b} 100%41 #c ?d *e ,f 'g' \"h\" é\N{CAT FACE} ;i &j=k"
NAMES = [*(f"x{character}y" for character in "[]{}%#?*, '\"é\N{CAT FACE};&=+@!$~^|\\"), EVERY]
NAMES += ["%41%20", "[ab]", "{a,b}", "a%", "*"]


@pytest.fixture(params=NAMES)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    path.mkdir()
    return path


def test_a_lake_is_written_and_read_in_place(folder: Path):
    rows = [{"doc_id": "d", "text": "rain", "lang": "en", "source": "s"}]
    lake = make_lake(folder / "lake", documents=rows, selection=[])
    connection = connect(lake)
    confine(connection, lake)
    assert connection.execute("SELECT doc_id, text FROM documents").fetchall() == [("d", "rain")]
    assert cli("audit", *settings(lake)).status == 0
    assert cli("query", "SELECT count(*) AS n FROM documents", *settings(lake)).status == 0
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_inputs_lexicons_and_recipes_are_read(folder: Path):
    (folder / "a #1.jsonl").write_text(json.dumps({"text": "rain"}) + "\n")
    pq.write_table(pa.table({"text": ["snow"]}), folder / "b [1].parquet")
    (folder / "words %.tsv").write_text("lang_a\tword_a\nen\train\n")
    (folder / "r ?.yaml").write_text("languages: [en, fr]\n")
    assert load_recipe(str(folder / "r ?.yaml")).languages == ("en", "fr")
    assert read_lexicon([str(folder / "words %.tsv")], 9).terms.to_pylist() == ["rain"]
    assert read_file(folder / "a #1.jsonl").texts == ["rain"]
    assert read_file(folder / "b [1].parquet").texts == ["snow"]
    assert read_file(folder / "b [1].parquet", split_bytes=1).texts == ["snow"]
    (file,) = find_files(str(folder / "a #1.jsonl"))
    assert columns_of(file) == ("text", ())


@pytest.mark.parametrize("pattern", ["*.jsonl", "**/*.jsonl", "", "in*/../*.jsonl", "**"])
def test_a_pattern_below_a_folder_matches_the_folder_literally(folder: Path, pattern: str):
    (folder / "inner").mkdir()
    (folder / "a.jsonl").write_text("{}")
    decoy = folder.parent / "x1y"
    decoy.mkdir()
    (decoy / "a.jsonl").write_text("{}")
    found = [file.uri for file in list_files([f"{folder}/{pattern}".rstrip("/")])]
    assert [Path(uri.removeprefix("file://")).resolve() for uri in found] == [folder / "a.jsonl"]


def test_shards_are_written_in_place(folder: Path):
    document = ShardDocument("d", "s", 0, "en", 0, pa.array([], pa.int32()).to_numpy(), "t")
    for name in ("npy", "megatron", "jsonl", "parquet"):
        shard = write_shard(name, f"{folder}/shard-{name}", TokenFormat(9, 0), [document])
        assert Path(shard.path).is_file()
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_outputs_of_commands_lie_where_they_were_asked_for(folder: Path):
    held = {"arm": "a", "doc_id": "d", "position": 0, "lang": "en", "n_tokens": 3, "epoch": 0}
    reject = {"uri": "x.jsonl", "source": "s", "reason": "invalid_json", "raw": b"{", "position": 0}
    lake = make_lake(folder / "lake", selection=[held], rejects=[reject])
    page = folder / "arms [1] #?.html"
    assert cli("arms", "--html", str(page), *settings(lake)).status == 0
    assert page.is_file()
    mended = folder / "mended {%41}"
    assert cli("rejects", "--export", str(mended), *settings(lake)).status == 0
    assert mended.is_dir()
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
