"""View Model, over the files that a lens run writes."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from pivotmine.explore.answers import Explorer
from pivotmine.explore.app import build_app
from pivotmine.explore.views.model import results_folder
from tests.explore.lake import SCRIPT
from tests.explore.test_pages import text_of


def write_run(folder: Path, key: str = "ab12") -> None:
    band = {"mean": [0.1, 0.4], "low": [0.0, None], "high": [0.2, None]}
    lens = {"pivot_layers": [1], "bands": {"pivot": band, "target": band, "pivot:gap": band}}
    said = {"n_words": 2, "pivot": "en", "logit": lens, "behaviours": {}}
    summary = {"model": {"name": SCRIPT}, "directions": {"fr>zh": said}}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"lens-{key}.json").write_text(json.dumps(summary), encoding="utf-8")
    words = [("cat", "chat", "cat", "猫", "pivot"), ("dog", "chien", "dog", "狗", None)]
    names = ("concept", "source", "pivot", "target", "sound")
    rows = [{"direction": "fr>zh", **dict(zip(names, row, strict=True))} for row in words]
    pq.write_table(pa.Table.from_pylist(rows), folder / f"traces-{key}.parquet")


@pytest.fixture
def client(explorer: Explorer, tmp_path: Path) -> TestClient:
    write_run(tmp_path / "lens")
    with_model = Explorer(explorer.reader, results_folder(tmp_path))
    return TestClient(build_app(with_model), base_url="http://localhost")


def test_the_layers_and_words_of_a_direction_are_shown(client):
    said = text_of(client.get("/model").text)
    assert "over 2 words. The pivot is en." in said
    assert "Layers of the pivot, chosen on other words: 1." in said
    assert "狗 none" in said


def test_a_word_is_shown_with_the_bridges_of_the_lake(client):
    said = text_of(client.get("/model?q=CHAT&direction=fr>zh").text)
    assert "Bridges that the lake knows" in said and "1 of 1 words" in said
    assert "Bridges that" not in text_of(client.get("/model?q=chien").text)


def test_a_direction_that_is_none_is_refused(client):
    assert client.get("/model?direction=en>fr").status_code == 400
    assert client.get("/model?run=none").status_code == 400


def test_a_damaged_run_says_so(client, tmp_path):
    (tmp_path / "lens" / "traces-ab12.parquet").unlink()
    answer = client.get("/model")
    assert answer.status_code == 400 and "pivotmine-model lens` again" in answer.text


def test_without_results_there_is_no_such_view(explorer, tmp_path):
    assert results_folder(tmp_path) is None
    plain = TestClient(build_app(explorer), base_url="http://localhost")
    assert plain.get("/model").status_code == 404
    assert ">Model<" not in plain.get("/corpus").text
