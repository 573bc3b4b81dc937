"""Mined pivots find their tokens in a model's vocabulary, and tokens like them."""

from __future__ import annotations

from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from model.lens.mined import Mined, mined_tokens, read_mined
from pivotmine.errors import InputError

VOCABULARY = ["<s>", " the", "the", " dog", "dog", "\ufffd", " cat", " 狗", "狗", "猫", "1", " a b"]


class Tokenizer:
    """A vocabulary that shows itself."""

    def __len__(self) -> int:
        return len(VOCABULARY)

    def batch_decode(self, rows: list[list[int]]) -> list[str]:
        return ["".join(VOCABULARY[token] for token in row) for row in rows]


def test_a_mined_text_is_found_with_and_without_its_space():
    found = mined_tokens(Tokenizer(), ["dog"])
    assert [VOCABULARY[token] for token in found.tokens] == [" dog", "dog"]


def test_controls_are_the_nearest_tokens_of_the_same_kind():
    found = mined_tokens(Tokenizer(), ["dog", "狗"])
    pairs = {VOCABULARY[a]: VOCABULARY[b] for a, b in zip(*found, strict=True)}
    assert pairs == {" dog": " the", "dog": "the", "狗": "猫"}  # " 狗" has no like


def test_pairs_whose_token_is_a_word_at_hand_are_left_out():
    assert Mined((1, 2, 3), (4, 5, 6)).without({2, 6}) == Mined((1,), (4,))


def test_texts_outside_the_vocabulary_are_an_error():
    with pytest.raises(InputError, match="no mined pivot is a single token"):
        mined_tokens(Tokenizer(), ["horse", "a b", "1"])


def test_texts_are_read_from_parquet_and_json_lines(tmp_path: Path):
    tokens = ["▁dog", "狗", "▁", None, "▁dog"]
    pq.write_table(pa.table({"token": tokens, "rank": range(5)}), tmp_path / "pivots.parquet")
    lines = b"".join(orjson.dumps({"token": token}) + b"\n" for token in tokens)
    (tmp_path / "pivots.jsonl").write_bytes(lines)
    assert read_mined(tmp_path / "pivots.parquet") == ["dog", "狗"]
    assert read_mined(tmp_path / "pivots.jsonl") == ["dog", "狗"]


def test_files_that_hold_no_pivots_are_refused(tmp_path: Path):
    pq.write_table(pa.table({"word": ["dog"]}), tmp_path / "words.parquet")
    with pytest.raises(InputError, match="no column `token`"):
        read_mined(tmp_path / "words.parquet")
    with pytest.raises(InputError, match="cannot be read"):
        read_mined(tmp_path / "nowhere.parquet")
