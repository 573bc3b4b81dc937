"""Folding: the form in which two spellings of one word are the same.

Text is decomposed (NFKD), brought to lower case a character at a time, and composed (NFC), so marks
of one letter may come in any order and be composed or not. Four differences that NFKC keeps, but
that real pages mix, are removed too: the typographic apostrophe and hyphen (`aujourd’hui`), the
final sigma, invisible characters (soft hyphens, joiners, byte order marks), and white space: a run
of it becomes one space. Accents stay: `pêche` is not `péché`.

`fold` takes a whole string. Text that is rebuilt from tokens is folded with `folding_tables`, a
character at a time, and then the marks of each letter are sorted and composed. Both give the same
text.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from unicodedata import category, combining, decomposition, normalize

import numpy as np
from numpy.typing import NDArray

from pivotmine.text.scripts import UNSPACED_RANGES

N_CODE_POINTS = 0x110000
UNKNOWN = "\ufffd"
"""Replaces control characters, and characters that a tokenizer has lost."""

_INVISIBLE_RANGES = (
    (0x00AD, 0x00AD),  # soft hyphen
    (0x200B, 0x200F),  # zero-width spaces and joiners, marks of direction
    (0x202A, 0x202E),
    (0x2060, 0x2064),
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFEFF, 0xFEFF),  # byte order mark
)
_INVISIBLE = {chr(code) for low, high in _INVISIBLE_RANGES for code in range(low, high + 1)}
_ALIKE = {"ς": "σ", "\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u2010": "-"}
_SPACES = re.compile(" {2,}")
# Characters that any folding changes, and letters and digits of scripts with spaces, lie here.
_TABLE_RANGES = ((0, 0x20000), (0x2F800, 0x2FA20))
_HANGUL_LEADS = range(0x1100, 0x1113)
_HANGUL_VOWELS = range(0x1161, 0x1176)
_HANGUL_TAILS = range(0x11A8, 0x11C3)


def fold(text: str) -> str:
    """The form in which words are compared, without space at its ends."""
    return fold_inside(text).strip(" ")


def fold_inside(text: str) -> str:
    """`fold` of a part of a text, which keeps one space at an end that has any."""
    if text.isascii() and text.isprintable():
        folded = text.lower()
    else:
        folded = normalize("NFC", normalize("NFKD", text).translate(_FOLDED))
    return _SPACES.sub(" ", folded) if "  " in folded else folded


class _FoldedCharacters(dict[int, str]):
    """What each code point folds to; filled as they are met, for `str.translate`."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _fold_character(chr(code))
        return folded


_FOLDED = _FoldedCharacters()


class FoldingTables(NamedTuple):
    """Folding one code point at a time, for kernels."""

    folded: NDArray[np.int32]
    """[N_CODE_POINTS] the code point that each one folds to, or -1 - i for entry i of
    `sequence_offsets`."""

    sequence_offsets: NDArray[np.int32]
    """[E + 1]"""

    sequences: NDArray[np.int32]
    """Code points of the foldings to none or several."""

    pairs: NDArray[np.int64]
    """[P] ascending first * N_CODE_POINTS + second, for each two that compose."""

    composed: NDArray[np.int32]
    """[P] what they compose to."""

    composes: NDArray[np.bool_]
    """[N_CODE_POINTS] whether a code point is the second of a pair."""

    classes: NDArray[np.uint8]
    """[N_CODE_POINTS] canonical combining class; above 0 for marks that can be sorted."""

    marked: NDArray[np.int32]
    """[Q] ascending code points that compose of a letter and a mark of a class above 0."""

    letters: NDArray[np.int32]
    marks: NDArray[np.int32]
    """[Q] that letter and that mark; the letter may be composed itself."""


@lru_cache(maxsize=1)
def folding_tables() -> FoldingTables:
    """The tables, made once a process in about 0.3 s; 7 MB."""
    folded = np.arange(N_CODE_POINTS, dtype=np.int32)
    sequences: list[list[int]] = []
    for low, high in _TABLE_RANGES:
        for code in range(low, high):
            points = [ord(char) for char in fold_inside(chr(code))]
            if len(points) == 1:
                folded[code] = points[0]
            else:
                folded[code] = -1 - len(sequences)
                sequences.append(points)
    pairs = _composing_pairs()
    keys = np.array(sorted(pairs), np.int64)
    composes = np.zeros(N_CODE_POINTS, np.bool_)
    composes[keys % N_CODE_POINTS] = True
    classes = np.zeros(N_CODE_POINTS, np.uint8)
    low, high = _TABLE_RANGES[0]
    classes[low:high] = [combining(chr(code)) for code in range(low, high)]
    marked = sorted((to, key) for key, to in pairs.items() if classes[key % N_CODE_POINTS])
    letters, marks = np.divmod(np.array([key for _, key in marked], np.int64), N_CODE_POINTS)
    return FoldingTables(
        folded,
        np.cumsum([0, *map(len, sequences)], dtype=np.int32),
        np.array([point for points in sequences for point in points], np.int32),
        keys,
        np.array([pairs[key] for key in keys.tolist()], np.int32),
        composes,
        classes,
        np.array([to for to, _ in marked], np.int32),
        letters.astype(np.int32),
        marks.astype(np.int32),
    )


@lru_cache(maxsize=1)
def spaced_letters() -> NDArray[np.bool_]:
    """[N_CODE_POINTS] letters, digits and marks of scripts that put spaces between words.

    A match must not begin or end inside a word of such a script. Hangul is one of them. Korean
    writes particles at the end of a word, so a noun is found where it stands alone, and with
    particles only if the lexicon lists it with them.
    """
    table = np.zeros(N_CODE_POINTS, np.bool_)
    low, high = _TABLE_RANGES[0]
    table[low:high] = [category(chr(code))[0] in "LMN" for code in range(low, high)]
    for first, last in UNSPACED_RANGES:
        table[first : last + 1] = False
    return table


def _fold_character(character: str) -> str:
    if character.isspace():
        return " "
    if character in _INVISIBLE:
        return ""
    if category(character) in ("Cc", "Cs"):
        return UNKNOWN
    return "".join(_ALIKE.get(char, char) for char in character.lower())


def _composing_pairs() -> dict[int, int]:
    """Canonical composition of two code points, by the Unicode data that Python carries."""
    pairs = {}
    for code in range(0x00C0, 0x20000):
        parts = decomposition(chr(code)).split()
        if len(parts) == 2 and parts[0][0] != "<":
            first, second = (int(part, 16) for part in parts)
            if normalize("NFC", chr(first) + chr(second)) == chr(code):
                pairs[first * N_CODE_POINTS + second] = code
    for lead in _HANGUL_LEADS:
        for vowel in _HANGUL_VOWELS:
            syllable = ord(normalize("NFC", chr(lead) + chr(vowel)))
            pairs[lead * N_CODE_POINTS + vowel] = syllable
            for tail in _HANGUL_TAILS:
                closed = syllable + tail - _HANGUL_TAILS.start + 1
                pairs[syllable * N_CODE_POINTS + tail] = closed
    return pairs
