"""Mined pivots as tokens of a model's vocabulary, and their controls."""

from __future__ import annotations

from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pivotmine.errors import InputError
from pivotmine.model.lens.mined import Mined, Vocabulary, read_mined

VOCABULARY = ["<s>", " the", "the", " dog", "dog", "\ufffd", " cat", " 狗", "狗", "猫", "1", " a b"]


class Tokenizer:
    """A tokenizer whose tokens are these texts."""

    def __len__(self) -> int:
        return len(VOCABULARY)

    def batch_decode(self, rows: list[list[int]]) -> list[str]:
        return ["".join(VOCABULARY[token] for token in row) for row in rows]


def test_a_mined_text_is_found_with_and_without_its_space():
    found = Vocabulary(Tokenizer()).mined(["dog"])
    assert [VOCABULARY[token] for token in found.tokens] == [" dog", "dog"]


def test_controls_are_the_nearest_tokens_of_the_same_kind():
    found = Vocabulary(Tokenizer()).mined(["dog", "狗"])
    pairs = {VOCABULARY[a]: VOCABULARY[b] for a, b in zip(*found, strict=True)}
    assert pairs == {" dog": " the", "dog": "the", "狗": "猫"}  # " 狗" has no like


def test_mined_tokens_of_the_words_themselves_are_left_out():
    assert Mined((1, 2, 3), (4, 5, 6)).without({2, 6}) == Mined((1,), (4,))


def test_texts_outside_the_vocabulary_have_no_token():
    assert Vocabulary(Tokenizer()).mined(["horse", "a b", "1"]) == Mined((), ())


def test_texts_are_read_from_parquet_and_json_lines(tmp_path: Path):
    tokens = ["▁dog", "狗", "▁", None, "▁dog"]
    pq.write_table(pa.table({"token": tokens, "rank": range(5)}), tmp_path / "pivots.parquet")
    lines = b"".join(orjson.dumps({"token": token}) + b"\n" for token in tokens)
    (tmp_path / "pivots.jsonl").write_bytes(lines)
    for name in ("pivots.parquet", "pivots.jsonl"):
        assert read_mined(tmp_path / name).of("fr-zh", "any-n") == ("dog", "狗")


def test_a_pair_may_have_pivots_of_its_own(tmp_path: Path):
    rows = [
        {"direction": "fr-zh", "concept": "dog-n", "token": "▁dog", "lang": "en"},
        {"direction": "fr-zh", "concept": "dog-n", "token": "dog", "lang": "ja"},
        {"direction": "fr-ja", "concept": "dog-n", "token": "狗"},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "pivots.parquet")
    found = read_mined(tmp_path / "pivots.parquet")
    assert found.of("fr-zh", "dog-n") == ("dog",)
    assert found.of("fr-ja", "dog-n") == ("狗",)
    assert found.of("fr-zh", "cat-n") == ()
    assert found.lang_of == {("fr-zh", "dog-n"): "en"}, "the best one's"


def test_files_that_hold_no_pivots_are_refused(tmp_path: Path):
    pq.write_table(pa.table({"word": ["dog"]}), tmp_path / "words.parquet")
    with pytest.raises(InputError, match="no column `token`"):
        read_mined(tmp_path / "words.parquet")
    with pytest.raises(InputError, match="cannot be read"):
        read_mined(tmp_path / "nowhere.parquet")
