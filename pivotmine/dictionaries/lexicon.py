"""Lexicons: the words and word pairs that a user wants counted.

Words are folded (`text/folding.py`), so `Chat` and `chat` are one word. Every word of a pair is
counted by itself too. Rows that cannot be used are returned as rejects, with the reason. A row
that is listed twice is counted once, with the number of its listings.

Memory while reading: about 500 bytes a word and 8 a pair. A lexicon of 736,000 rows in four
languages takes 10 s of one core, once a run.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pivotmine.dictionaries.lexicon_files import Cells, LexiconFile, lexicon_rows, list_lexicons
from pivotmine.text.folding import UNKNOWN, fold
from pivotmine.text.language_code import asked_code, language_code

MAX_TERM_CHARS = 200
"""Longer words are rejected: sentences, or columns that lost their line ends."""

REASONS = {
    "encoding": "is not UTF-8",
    "columns": "has more columns than the header, or a quote that is not closed",
    "language": "names a language by no code of ISO 639 or BCP 47",
    "no_word": "has no first word",
    "half_pair": "has only one of lang_b and word_b",
    "long_word": f"has a word of more than {MAX_TERM_CHARS} characters",
    "control": "has control characters in a word",
    "same_word": "pairs a word with itself",
}
"""Why a row is rejected."""

_MAX_FOLDED_CHARS = 100 * MAX_TERM_CHARS
"""Longer ones are not folded: Python's time to sort the marks of a letter is their square."""

_RAW_BYTES = 400


class LexiconReject(NamedTuple):
    """A row that cannot be used."""

    uri: str
    row: int
    reason: str
    raw: bytes


class Lexicon(NamedTuple):
    """T words, each a string in a language, ordered by (string, language), and M pairs of them."""

    terms: pa.StringArray
    """[T] folded string, as text is searched for it."""

    languages: pa.StringArray
    """[T] language code."""

    words: pa.StringArray
    """[T] the word as it was first listed."""

    n_listed: NDArray[np.int64]
    """[T] rows that list it as a single word."""

    a: NDArray[np.int32]
    """[M] word of the earlier language of the alphabet, or of one language the earlier word."""

    b: NDArray[np.int32]
    """[M] the other word."""

    n_pair_listed: NDArray[np.int64]
    """[M] rows that list the pair, either way round."""

    files: tuple[LexiconFile, ...]
    """Files, with the rows that were read from them."""

    rejects: tuple[LexiconReject, ...]


def read_lexicon(uris: Sequence[str], max_rows: int) -> Lexicon:
    """Words and pairs of all files.

    Raises
    ------
    InputError
        As `list_lexicons` raises it.
    """
    listing = _Listing()
    rejects = []
    files = []
    for file in list_lexicons(uris, max_rows):
        n_rows = 0
        for row, cells, problem, raw, _ in lexicon_rows(file.uri):
            n_rows += 1
            if reason := problem or listing.add(cells or ("", "", "", "")):
                rejects.append(LexiconReject(file.name, row, reason, raw[:_RAW_BYTES]))
        files.append(file._replace(uri=file.name, n_rows=n_rows))
    return listing.lexicon()._replace(files=tuple(files), rejects=tuple(rejects))


class _Listing:
    """Collects words and pairs, numbered in the order of the rows."""

    def __init__(self) -> None:
        self._folded: dict[str, str] = {}
        self._codes: dict[str, str] = {}
        self._numbers: dict[str, dict[str, int]] = {}
        self._words: list[str] = []
        self._single = array("i")
        self._pairs = array("q")

    def add(self, cells: Cells) -> str:
        """List a row; returns the reason where it cannot be listed."""
        lang_a, word_a, lang_b, word_b = (cell.strip() for cell in cells)
        lang_a, lang_b = self._code(lang_a), self._code(lang_b)
        if max(len(word_a), len(word_b)) > _MAX_FOLDED_CHARS:
            return "long_word"
        term_a, term_b = self._fold(word_a), self._fold(word_b)
        is_pair = bool(lang_b or word_b)
        if not term_a:
            return "no_word"
        if is_pair and not (lang_b and term_b):
            return "half_pair"
        if (lang_a, term_a) == (lang_b, term_b):
            return "same_word"
        if problem := _problem(lang_a, term_a) or (is_pair and _problem(lang_b, term_b)):
            return problem
        a = self._number(lang_a, term_a, word_a)
        if not is_pair:
            self._single.append(a)
            return ""
        b = self._number(lang_b, term_b, word_b)
        self._pairs.append(min(a, b) << 32 | max(a, b))
        return ""

    def _code(self, language: str) -> str:
        """The code of a language; as it is written where it names none."""
        code = self._codes.get(language)
        if code is None:
            code = self._codes[language] = asked_code(language)
        return code

    def _fold(self, word: str) -> str:
        folded = self._folded.get(word)
        if folded is None:
            folded = self._folded[word] = fold(word)
        return folded

    def _number(self, language: str, term: str, word: str) -> int:
        of_language = self._numbers.setdefault(language, {})
        number = of_language.setdefault(term, len(self._words))
        if number == len(self._words):
            self._words.append(word)
        return number

    def lexicon(self) -> Lexicon:
        """All words and pairs that were listed, in order."""
        n_words = len(self._words)
        numbers = [number for terms in self._numbers.values() for number in terms.values()]
        by_number = pa.array(np.argsort(numbers))
        terms = pa.array([term for terms in self._numbers.values() for term in terms], pa.string())
        sizes = [len(terms) for terms in self._numbers.values()]
        languages = pa.array(np.repeat(np.array(list(self._numbers), object), sizes), pa.string())
        terms, languages = terms.take(by_number), languages.take(by_number)
        # Arrow sorts by UTF-8 bytes, which is the order of code points, and so Python's.
        order = pc.sort_indices(
            pa.table({"term": terms, "language": languages}),
            [("term", "ascending"), ("language", "ascending")],
        ).to_numpy()
        place = np.empty(n_words, np.int64)
        place[order] = np.arange(n_words)
        single = np.frombuffer(self._single, np.int32)
        keys, n_pair_listed = np.unique(np.frombuffer(self._pairs, np.int64), return_counts=True)
        one, other = place[keys >> 32], place[keys & 0xFFFFFFFF]
        languages = languages.take(pa.array(order))
        rank = pc.rank(languages, tiebreaker="dense").to_numpy().astype(np.int64)
        swap = rank[one] * n_words + one > rank[other] * n_words + other
        a, b = np.where(swap, other, one), np.where(swap, one, other)
        return Lexicon(
            terms.take(pa.array(order)),
            languages,
            pa.array(self._words, pa.string()).take(pa.array(order)),
            np.bincount(place[single], minlength=n_words),
            a.astype(np.int32),
            b.astype(np.int32),
            n_pair_listed,
            (),
            (),
        )


@lru_cache(maxsize=1024)
def _is_code(language: str) -> bool:
    try:
        return language_code(language) == language
    except ValueError:
        return False


def _problem(language: str, term: str) -> str:
    if not _is_code(language):
        return "language"
    if len(term) > MAX_TERM_CHARS:
        return "long_word"
    return "control" if UNKNOWN in term else ""
