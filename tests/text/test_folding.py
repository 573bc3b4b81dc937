"""Folding: spellings that are one word, and spellings that are not."""

from __future__ import annotations

from unicodedata import combining, normalize

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.stages.terms.piece_texts import texts_of
from pivotmine.stages.terms.token_text import rebuild_text
from pivotmine.text.folding import fold, spaced_letters

LETTERS = (
    *"aZéÉßΣςİǅｱカがﾊ가ᄀ각漢Ａ１𝔸𠮷²½ﬁ'’‐-. \t\n\u3000\u00a0\u00ad\u200b\ufeff\x00▁",
    *"oOαΩưữộḗᾂلאשكकড়ෙ\u0651\u0323",
    "e\u0323\u0302",  # two marks, in the order in which they compose
)
MARKS = (
    *("\u0301", "\u0302", "\u0304", "\u0306", "\u0308", "\u0323", "\u0327", "\u0328", "\u031b"),
    *("\u0345", "\u0313", "\u064b", "\u064e", "\u0651", "\u0654", "\u05b7", "\u05bc", "\u05c1"),
    *(
        "\u093c",
        "\u094d",
        "\u09be",
        "\u0dcf",
        "\u0dca",
        "\u3099",
        "\uff9e",
        "\u1161",
        "\u11a8",
        "\ufe0f",
    ),
)

clusters = st.tuples(
    st.sampled_from(LETTERS), st.lists(st.sampled_from(MARKS), max_size=4).map("".join)
).map("".join)
texts = st.lists(clusters, max_size=12).map("".join)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Chat", "chat"),
        ("ＣＨＡＴ", "chat"),
        ("cafe\u0301", "café"),
        ("ｶﾞｽ", "ガス"),
        ("aujourd’hui", "aujourd'hui"),
        ("co‐op", "CO-OP"),
        ("ΛΌΓΟΣ", "λόγος"),
        ("soft\u00adware", "software"),
        ("  hot \n\u3000dog\t", "hot dog"),
        ("한글", normalize("NFD", "한글")),
    ],
)
def test_one_word_in_two_spellings(one: str, other: str):
    assert fold(one) == fold(other) != ""


@pytest.mark.parametrize(
    ("one", "other"), [("pêche", "péché"), ("Masse", "Maße"), ("猫", "貓"), ("hotdog", "hot dog")]
)
def test_two_words(one: str, other: str):
    assert fold(one) != fold(other)


@given(st.text())
def test_folding_twice_changes_nothing(text: str):
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_folded_text_has_single_spaces_and_none_at_its_ends(text: str):
    folded = fold(text)
    assert folded == folded.strip(" ")
    assert "  " not in folded
    assert not any(char.isspace() and char != " " for char in folded)


def spelled(text: str, cuts: list[int]) -> list[str]:
    """The text as pieces of a byte-level tokenizer, cut at any bytes."""
    raw = text.encode()
    ends = sorted({cut % (len(raw) + 1) for cut in cuts} | {0, len(raw)})
    pieces = [raw[start:end] for start, end in zip(ends, ends[1:], strict=False)]
    return [notation(piece) for piece in pieces]


def notation(piece: bytes) -> str:
    """Bytes that are text as text, with U+2581 for a space, others as `<0xE5>`."""
    if b"\xe2\x96\x81" in piece:  # U+2581 itself is always spelled in bytes
        return "".join(f"<0x{byte:02X}>" for byte in piece)
    text = piece.decode("utf-8", "surrogateescape").replace(" ", "▁")
    return "".join(
        f"<0x{ord(char) - 0xDC00:02X}>" if 0xDC80 <= ord(char) <= 0xDCFF else char for char in text
    )


@given(texts | st.text(), st.lists(st.integers(0, 200), max_size=60))
def test_text_folded_from_its_pieces_is_the_folded_text(text: str, cuts: list[int]):
    """Wherever a tokenizer cuts: through letters and their marks, and through bytes of a letter."""
    pieces = spelled(text, cuts)
    ids = np.arange(len(pieces), dtype=np.int32)
    found = rebuild_text(ids, np.array([0, len(ids)]), texts_of(pieces)).points
    assert "".join(map(chr, found.tolist())).strip("\0 ") == fold(text)


def test_every_letter_with_marks_is_the_same_in_one_character_and_in_several():
    codes = [*range(0xA0, 0x3100), *range(0xAC00, 0xD7A4, 7), *range(0xF900, 0xFB50), 0x1109A]
    letters = [chr(code) for code in codes if fold(chr(code))]
    for form in ("NFC", "NFD"):
        pieces = [f"<0x{byte:02X}>" for byte in normalize(form, " ".join(letters)).encode()]
        names = sorted(set(pieces))
        ids = np.array([names.index(piece) for piece in pieces], np.int32)
        found = rebuild_text(ids, np.array([0, len(ids)]), texts_of(names)).points
        assert "".join(map(chr, found[:-1].tolist())) == fold(" ".join(letters))


def test_a_letter_with_a_million_marks_takes_the_time_that_sorting_takes():
    pieces = ["a", "\u0651", "\u064e", "\u0334", "\u0345"]
    ids = np.append(np.int32(0), 1 + np.arange(1_000_000, dtype=np.int32) % 4)
    found = rebuild_text(ids, np.array([0, len(ids)]), texts_of(pieces)).points
    in_order = sorted(pieces[1:], key=combining)
    expected = "a" + "".join(mark * 250_000 for mark in in_order)
    assert "".join(map(chr, found[:-1].tolist())) == expected


@pytest.mark.parametrize("char", "aéЖ7अा가λ\u0301")
def test_scripts_with_spaces(char: str):
    assert spaced_letters()[ord(char)]


@pytest.mark.parametrize("char", "猫ねネーไ々 .-'+_𠮷")
def test_scripts_without_spaces_and_characters_that_are_no_letters(char: str):
    assert not spaced_letters()[ord(char)]
