"""What trained models are asked beyond words: segments after their sources, layers, benchmarks."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from model.evaluation.pairs import Pair, read_pairs
from pivotmine.errors import InputError

ROWS = [
    ("en", "the cat", "fr", "le chat"),
    ("fr", "le chien", "en", "the dog"),
    ("en", "the sun", "ja", "太陽"),
    ("en", "the moon", "fr", "la lune"),
]


def write_pairs(path: Path) -> Path:
    names = ("lang_a", "text_a", "lang_b", "text_b")
    lines = (orjson.dumps(dict(zip(names, row, strict=True))) for row in ROWS)
    path.write_bytes(b"\n".join(lines))
    return path


def test_a_row_of_pairs_serves_both_of_its_directions(tmp_path: Path):
    found = read_pairs(write_pairs(tmp_path / "pairs.jsonl"), ["fr-en", "en-fr"], 2)
    assert found["en-fr"] == [Pair("the cat", "le chat"), Pair("the dog", "le chien")]
    assert found["fr-en"] == [Pair("le chat", "the cat"), Pair("le chien", "the dog")]


def test_pairs_that_cannot_be_held_against_each_other_are_refused(tmp_path: Path):
    path = write_pairs(tmp_path / "pairs.jsonl")
    with pytest.raises(InputError, match="1 pairs of en-ja"):
        read_pairs(path, ["en-ja"], 0)
    with pytest.raises(InputError, match="cannot be read"):
        read_pairs(tmp_path / "none.parquet", ["en-ja"], 0)
    path.write_text('{"lang_a": "en"}')
    with pytest.raises(InputError, match="wanted are lang_a, text_a"):
        read_pairs(path, ["en-fr"], 0)


def test_a_target_is_read_after_its_source_after_another_and_alone(tiny_model):
    torch = pytest.importorskip("torch")
    from model.evaluation.conditional import conditional_losses

    pairs = [Pair("the cat", "le chat"), Pair("the dog", "le chien"), Pair("sun", "le soleil")]
    read = conditional_losses(tiny_model, pairs, batch_tokens=24)

    def loss(before: str, target: str) -> float:
        encode = tiny_model.tokenizer
        whole = torch.tensor([encode(f"{before}\n{target}")["input_ids"]])
        n_before = len(encode(f"{before}\n")["input_ids"])
        labels = whole.clone()
        labels[:, :n_before] = -100
        with torch.inference_mode():
            return float(tiny_model.network(input_ids=whole, labels=labels).loss)

    for place, (source, target) in enumerate(pairs):
        assert read.given[place] == pytest.approx(loss(source, target), abs=1e-4)
        assert read.other[place] == pytest.approx(
            loss(pairs[(place + 1) % 3].source, target), abs=1e-4
        )
        assert read.alone[place] == pytest.approx(loss("", target), abs=1e-4)
    assert read.gain.tolist() == (read.other - read.given).tolist()
