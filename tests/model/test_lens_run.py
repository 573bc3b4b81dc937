"""Whole runs of the lens on tiny networks: choices, files, resuming, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from pivotmine.errors import InputError
from pivotmine.model.cli import app
from pivotmine.model.config.measuring import LensConfig, ScoringConfig
from pivotmine.model.lens.run import trace
from pivotmine.model.progress import Progress
from pivotmine.model.words.dataset import WordSet, save
from tests.model.conftest import byte_tokenizer, loaded, whole_words_tokenizer

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

SCORING = ScoringConfig(n_shots=2)
CONFIG = LensConfig(directions=("fr-zh",), n_controls=3, n_near=2, n_ablated=2, n_resamples=20)


@pytest.fixture(autouse=True)
def no_gradients() -> Iterator[None]:
    with torch.no_grad():
        yield


def test_a_run_chooses_on_dev_and_writes_tables_json_and_figures(more_dev: WordSet, tmp_path: Path):
    model = loaded("llama", whole_words_tokenizer(more_dev))
    labels = {
        reader: {("tiny-llama", "fr-zh", c.id): label for c in more_dev.split("dev")}
        for reader, label in (("label", "direct"), ("label_2", "pivot"))
    }
    summary = trace(model, more_dev, SCORING, CONFIG, tmp_path, Progress(), labels)
    written = orjson.loads(next(tmp_path.glob("lens-*.json")).read_bytes())
    assert written["corrected_lens"] == summary["corrected_lens"] in ("centred", "scaled")
    assert written["directions"]["fr-zh"]["pivot"] == "en"
    rules = {"he2025", "he2025_any", "sound", "sound_corrected"}
    assert set(summary["agreement"]["label"]) == rules
    assert set(summary["agreement"]["label_2"]) == {*rules, "label"}
    disagreed = summary["agreement"]["label_2"]["label"]["table"]
    assert list(disagreed) == ["pivot/no pivot"]
    rows = pq.read_table(next(tmp_path.glob("traces-*.parquet"))).to_pylist()
    assert {row["sound"] for row in rows} <= {"pivot", "direct", "none"}
    asked = {row["concept"] for row in rows}
    assert asked <= {concept.id for concept in more_dev.split("test")}
    figures = sorted(tmp_path.glob("*.svg"))
    assert [path.name.partition("-")[0] for path in figures] == [
        "heat",
        "heat",
        *["trajectory"] * 2,
    ]
    for path in figures:
        texts = [element.text for element in ElementTree.parse(path).iter() if element.text]
        assert any(text.startswith("fr-zh") for text in texts)
    again: list[str] = []
    progress = Progress(start=lambda name, _: again.append(name))
    assert trace(model, more_dev, SCORING, CONFIG, tmp_path, progress, labels)["directions"]
    assert again == []  # every cell was there


def test_an_interrupted_run_continues_where_it_stopped(more_dev: WordSet, tmp_path: Path):
    model = loaded("gemma3", whole_words_tokenizer(more_dev))
    whole = trace(model, more_dev, SCORING, CONFIG, tmp_path / "whole", Progress())

    def stop(name: str, _: int) -> None:
        if "test, logit" in name:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trace(model, more_dev, SCORING, CONFIG, tmp_path / "cut", Progress(start=stop))
    assert len(list((tmp_path / "cut" / "readings").iterdir())) == 3  # dev, by three lenses
    again = trace(model, more_dev, SCORING, CONFIG, tmp_path / "cut", Progress())
    assert orjson.dumps(again) == orjson.dumps(whole)


def test_words_spelled_in_bytes_are_left_out_and_the_others_are_read(
    more_dev: WordSet, tmp_path: Path
):
    model = loaded("llama", byte_tokenizer())
    config = CONFIG.model_copy(update={"directions": ("zh-fr",), "n_ablated": 0})
    said: list[str] = []
    summary = trace(model, more_dev, SCORING, config, tmp_path, Progress(note=said.append))
    found = summary["directions"]["zh-fr"]
    assert "source" not in found["logit"]["bands"]  # no byte of a Chinese word is a letter
    assert found["n_words"] > 0
    assert "pivot" in found["logit"]["bands"]
    assert summary["readable_words"]["zh"] == 0.0
    assert any(line.startswith("zh: 0% of the words") for line in said)


def test_an_error_names_pivots_spelled_in_bytes_as_the_reason(more_dev: WordSet, tmp_path: Path):
    model = loaded("llama", byte_tokenizer())
    config = CONFIG.model_copy(update={"directions": ("en-fr",), "n_ablated": 0})
    with pytest.raises(InputError, match=r"tokenizer spells the zh word in bytes: (\d+) of \1"):
        trace(model, more_dev, SCORING, config, tmp_path, Progress())


def test_a_word_set_without_dev_words_is_refused(small_words: WordSet, tmp_path: Path):
    model = loaded("llama", whole_words_tokenizer(small_words))
    bare = WordSet(tuple(c for c in small_words.concepts if c.split != "dev"), "bare")
    with pytest.raises(InputError, match=r"no concept of the dev split.*it is empty"):
        trace(model, bare, SCORING, CONFIG, tmp_path, Progress())


def test_the_command_prints_a_table(more_dev: WordSet, tmp_path: Path):
    model = loaded("llama", whole_words_tokenizer(more_dev))
    model.network.save_pretrained(tmp_path / "model")
    model.tokenizer.save_pretrained(tmp_path / "model")
    save(more_dev, tmp_path / "words", {})
    settings = [
        part
        for setting in ("lens.directions=[fr-zh]", "lens.n_resamples=20", "scoring.n_shots=2")
        for part in ("--set", setting)
    ]
    command = ["lens", str(tmp_path / "model"), "--words", str(tmp_path / "words")]
    result = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "out"), *settings])
    assert result.exit_code == 0, result.output
    assert "fr-zh" in result.output
    assert len(list((tmp_path / "out").glob("lens-*.json"))) == 1


def test_a_run_reads_the_mass_of_mined_pivots(tiny_model: Any, more_dev: WordSet, tmp_path: Path):
    pq.write_table(pa.table({"token": ["▁milk", "▁water"]}), tmp_path / "pivots.parquet")
    config = LensConfig(
        directions=("fr-zh",),
        mined=str(tmp_path / "pivots.parquet"),
        n_resamples=20,
        n_ablated=0,
        min_run=1,
    )
    found = trace(tiny_model, more_dev, SCORING, config, tmp_path, Progress())
    bands = found["directions"]["fr-zh"]["logit"]["bands"]
    assert 0 < bands["mined"]["mean"][-1] < 1
    assert 0 < bands["mined_control"]["mean"][-1] < 1
    with pytest.raises(InputError, match=r"no mined pivot of fr-zh is a single token"):
        pq.write_table(pa.table({"token": ["unheard"]}), tmp_path / "pivots.parquet")
        trace(tiny_model, more_dev, SCORING, config, tmp_path, Progress())


def test_only_pairs_with_mined_pivots_are_read_if_pairs_have_their_own(
    more_dev: WordSet, tmp_path: Path
):
    model = loaded("llama", whole_words_tokenizer(more_dev))
    bridged = [c.id for split in ("dev", "test") for c in more_dev.split(split)[::2]]
    rows = [{"direction": "fr-zh", "concept": c, "token": "▁ship"} for c in bridged]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "pivots.parquet")
    update = {"mined": str(tmp_path / "pivots.parquet"), "n_ablated": 0}
    config = CONFIG.model_copy(update=update)
    trace(model, more_dev, SCORING, config, tmp_path, Progress())
    read = pq.read_table(next(tmp_path.glob("traces-*.parquet")))["concept"].to_pylist()
    assert read and set(read) <= set(bridged)
