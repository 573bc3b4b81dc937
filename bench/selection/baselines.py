"""What else finds translated pages without a trained model: lengths, a dictionary, shortness.

gale_church   the two languages of a page aligned by the lengths of their segments alone (Gale &
              Church 1993, A program for aligning sentences in bilingual corpora): minus the mean
              cost of a segment on the best path
dictionary    a bag of words: how much of the information of either language's words has a
              translation by a dictionary anywhere in the other's, geometric mean of both ways
shortness     minus the number of characters: made pages are shorter than most real ones, and a
              score must do better than that

A page without a second language (2 % of its characters) gets the least score of the first two.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.jit import njit
from pivotmine.text.segments import split_segments

MIN_SECOND_SHARE = 0.02
_PRIOR_BITS, _MAX_BITS = 20.0, 10.0
"""As the engine's own score has them."""

_MAX_SEGMENTS = 400
_VARIANCE = 6.8
"""Of the length of a translation, a character (Gale & Church)."""

_UNSPACED = ("zh", "ja")
_MAX_WORD_CHARS = 6
_WORD = re.compile(r"[^\W\d_]+")


class Page(NamedTuple):
    """Segments of the two main languages of a document, in order."""

    doc_id: str
    n_chars: int
    langs: tuple[str, str] | None
    first: list[str]
    second: list[str]


def pages(connection: duckdb.DuckDBPyConnection) -> Iterator[Page]:
    """All documents of a lake, cut as the engine cuts them and with its languages of segments."""
    cursor = connection.cursor().execute(
        "SELECT doc_id, text, segment_langs FROM documents JOIN tokens USING (doc_id)"
    )
    while rows := cursor.fetchmany(500):
        for doc_id, text, langs in rows:
            yield _page(doc_id, text, langs)


def _page(doc_id: str, text: str, segment_langs: Sequence[str]) -> Page:
    sides: dict[str, list[str]] = defaultdict(list)
    for segment, lang in zip(split_segments(text), segment_langs, strict=True):
        if segment.strip():
            sides[lang].append(segment.strip())
    sides.pop("und", None)
    sizes = sorted(((sum(map(len, side)), lang) for lang, side in sides.items()), reverse=True)
    if len(sizes) < 2 or sizes[1][0] < MIN_SECOND_SHARE * len(text):
        return Page(doc_id, len(text), None, [], [])
    one, other = sorted((sizes[0][1], sizes[1][1]))
    return Page(doc_id, len(text), (one, other), sides[one], sides[other])


def gale_church(page: Page) -> float:
    """Minus the mean cost of a segment, in nats; -100 where there are not two languages."""
    if page.langs is None:
        return -100.0
    first, second = (
        np.array([len(text) for text in side[:_MAX_SEGMENTS]], np.float64)
        for side in (page.first, page.second)
    )
    return -float(_alignment_cost(first, second)) / (len(first) + len(second))


@njit
def _alignment_cost(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Least cost of beads 1-1, 1-0, 0-1, 2-1, 1-2, 2-2 over both sides."""
    n, m = len(first), len(second)
    ratio = second.sum() / first.sum()
    cost = np.full((n + 1, m + 1), np.inf)
    cost[0, 0] = 0.0
    steps = ((1, 1, 0.89), (1, 0, 0.005), (0, 1, 0.005), (2, 1, 0.045), (1, 2, 0.045), (2, 2, 0.01))
    for i in range(n + 1):
        for j in range(m + 1):
            for di, dj, prior in steps:
                if i >= di and j >= dj and di + dj and cost[i - di, j - dj] < np.inf:
                    a = first[i - di : i].sum() * ratio
                    b = second[j - dj : j].sum()
                    mean = max((a + b) / 2, 1.0)
                    delta = abs(b - a) / math.sqrt(mean * _VARIANCE)
                    chance = max(math.erfc(delta / math.sqrt(2.0)), 1e-12)
                    cost[i, j] = min(
                        cost[i, j], cost[i - di, j - dj] - math.log(prior) - math.log(chance)
                    )
    return float(cost[n, m])


class Dictionary:
    """Words of language pairs with their translations."""

    def __init__(self, path: str) -> None:
        rows = duckdb.connect().execute(
            "SELECT DISTINCT lang_a, lower(word_a), lang_b, lower(word_b) FROM read_parquet(?)"
            " WHERE NOT contains(word_a, ' ') AND NOT contains(word_b, ' ')",
            [path],
        )
        self.translations: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(dict)
        self.words: dict[str, set[str]] = defaultdict(set)
        while part := rows.fetchmany(50_000):
            for lang_a, word_a, lang_b, word_b in part:
                self.translations[lang_a, lang_b].setdefault(word_a, set()).add(word_b)
                self.translations[lang_b, lang_a].setdefault(word_b, set()).add(word_a)
                self.words[lang_a].add(word_a)
                self.words[lang_b].add(word_b)

    def words_of(self, lang: str, segments: Iterable[str]) -> set[str]:
        """Distinct words of a text; where no spaces divide them, all that the dictionary knows."""
        if lang not in _UNSPACED:
            return {word for text in segments for word in _WORD.findall(text.lower())}
        known = self.words[lang]
        return {
            text[start:end]
            for text in segments
            for start in range(len(text))
            for end in range(start + 1, min(start + _MAX_WORD_CHARS, len(text)) + 1)
            if text[start:end] in known
        }


def dictionary_scores(found: Sequence[Page], dictionary: Dictionary) -> dict[str, float]:
    """Scores of all pages; words weigh what they tell among the pages of two languages."""
    bags: list[tuple[Page, tuple[set[str], set[str]]]] = []
    n_docs: Counter[tuple[str, str]] = Counter()
    for page in found:
        if page.langs:
            words = [
                dictionary.words_of(lang, side)
                for lang, side in zip(page.langs, (page.first, page.second), strict=True)
            ]
            bags.append((page, (words[0], words[1])))
            for lang, bag in zip(page.langs, words, strict=True):
                n_docs.update((lang, word) for word in bag)
    scores = {page.doc_id: 0.0 for page in found}
    for page, (one, other) in bags:
        assert page.langs is not None
        covered = 1.0
        for lang, partner, bag, beside in (
            (*page.langs, one, other),
            (*page.langs[::-1], other, one),
        ):
            known = dictionary.translations[lang, partner]
            total, met = _PRIOR_BITS, 0.0
            for word in sorted(bag & known.keys()):
                bits = min(math.log2(len(bags) / n_docs[lang, word]), _MAX_BITS)
                total += bits
                met += bits * (not known[word].isdisjoint(beside))
            covered *= met / total
        scores[page.doc_id] = math.sqrt(covered)
    return scores
