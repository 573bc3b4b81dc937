"""Folded text made from token ids."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import InputError
from pivotmine.stages.terms.piece_texts import texts_of
from pivotmine.stages.terms.token_text import TokenText, rebuild_text

PIECES = (
    "▁The", "▁cat", "s", "猫", "<0xE7>", "<0x8C><0xAB>", "▁", "\n", "\u0301", "e", "<unk>", "",
    "<0xFF>",
)  # fmt: skip
THE, CAT, S, MAO, LEAD, TAIL, SPACE, LINE, ACUTE, E, UNK, NOTHING, BAD = range(len(PIECES))
TEXTS = texts_of(PIECES)


def rebuild(*documents: list[int]) -> TokenText:
    ids = np.array([token for document in documents for token in document], np.int32)
    offsets = np.cumsum([0, *map(len, documents)])
    return rebuild_text(ids, offsets, TEXTS)


def text_of(*tokens: int) -> str:
    return "".join(map(chr, rebuild(list(tokens)).points.tolist()))


def tokens_of(*tokens: int) -> list[str]:
    """The characters that each token brought."""
    text, starts = rebuild(list(tokens))
    chars = list(map(chr, text[:-1].tolist()))
    return ["".join(chars[a:b]) for a, b in zip(starts, starts[1:], strict=False)]


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ((THE, CAT, S), "the cats"),
        ((THE, SPACE, SPACE, CAT), "the cat"),
        ((THE, LINE, LINE, CAT), "the cat"),
        ((SPACE, LINE, MAO), "猫"),
        ((LEAD, TAIL), "猫"),
        ((LEAD, CAT), "\ufffd cat"),
        ((LEAD, LEAD, TAIL), "\ufffd猫"),
        ((TAIL,), "\ufffd\ufffd"),
        ((BAD, S), "\ufffds"),
        ((E, ACUTE), "é"),
        ((ACUTE, E), "\u0301e"),
        ((S, UNK, S), "s\ufffds"),
        ((S, NOTHING, S), "ss"),
    ],
)
def test_pieces_are_joined_folded_and_spaced_once(tokens: tuple[int, ...], text: str):
    assert text_of(*tokens) == text + "\0"


def test_every_character_belongs_to_the_token_that_completes_it():
    assert tokens_of(THE, CAT, LEAD, TAIL, SPACE, SPACE, S) == [
        *("the", " cat", "", "猫", " ", "", "s")
    ]


def test_no_character_is_joined_across_documents():
    text, starts = rebuild([THE, LEAD], [], [TAIL], [CAT])
    assert "".join(map(chr, text.tolist())) == "the\0\ufffd\ufffd\0cat\0"
    assert starts.tolist() == [0, 3, 4, 7, 11]


def test_without_documents_the_text_is_empty():
    assert len(rebuild().points) == 0


@given(st.lists(st.lists(st.integers(0, len(PIECES) - 1), max_size=8), max_size=4))
def test_the_text_of_a_document_is_the_same_in_any_batch(documents: list[list[int]]):
    together = rebuild(*documents)
    alone = [rebuild(document) for document in documents]
    lengths = [0, *accumulate(len(text.points) for text in alone)]
    starts = [text.token_starts[:-1] + n for text, n in zip(alone, lengths, strict=False)]
    assert together.points.tolist() == [n for text in alone for n in text.points.tolist()]
    expected = [start for of_text in starts for start in of_text.tolist()]
    assert together.token_starts.tolist() == [*expected, lengths[-1]]


def test_ids_outside_the_vocabulary_are_refused():
    with pytest.raises(InputError, match="token_ids must lie in"):
        rebuild([len(PIECES)])
