"""The word set as a lexicon of PivotMine, so that exactly these words are counted in a corpus.

Every pair of a concept's words in two languages is a row. This covers the pairs of all directions
and both halves of every path over a third language (`lait`-`milk` and `milk`-`牛奶`). PivotMine
also counts each word of a listed pair alone, so frequencies need no rows of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from pivotmine.errors import InputError
from pivotmine.model.words.dataset import WordSet

COLUMNS = ("lang_a", "word_a", "lang_b", "word_b")


def lexicon_rows(words: WordSet) -> Iterator[tuple[str, str, str, str]]:
    """Distinct rows, in the order of the concepts and of their languages."""
    seen = set()
    for concept in words.concepts:
        for (lang_a, word_a), (lang_b, word_b) in combinations(concept.words.items(), 2):
            row = (lang_a, word_a, lang_b, word_b)
            if row not in seen:
                seen.add(row)
                yield row


def write_lexicon(words: WordSet, path: Path) -> int:
    """Write the rows as TSV with a header; returns how many.

    Raises
    ------
    InputError
        A word holds a tab or a line break, which the format cannot.
    """
    lines = ["\t".join(COLUMNS)]
    for row in lexicon_rows(words):
        for word in row:
            if any(mark in word for mark in "\t\n\r"):
                raise InputError(f"the word {word!r} holds a tab or a line break: a TSV cannot")
        lines.append("\t".join(row))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(lines) - 1
