"""From words to text: the documents that hold a word, or in which two words meet, and the lines.

A line is a segment of a document, about a sentence. Two words meet in a document that holds both;
their distance is the number of lines from one to the other, 0 on the same line. Documents with the
smallest distance come first. Ties are in the order of document ids, which are hashes of the text,
so they are a draw and always the same one.

There is no index from tokens to documents. A question scans column `token_ids` of table `tokens`
once, inside DuckDB; documents that hold the words are looked at one by one, and only the lines of
the best `limit` stay in memory. On the demo lake, of 7.2 million tokens in 20,433 documents, that
takes 0.5 seconds of processor time for the usual word pair and 1.3 for the most frequent word of
all, and grows in proportion to the tokens.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import duckdb

from pivotmine.ask.meetings import Meeting, meetings
from pivotmine.ask.rows import Rows
from pivotmine.errors import LakeError
from pivotmine.lake.query import WordTokens, find_word
from pivotmine.text.token_notation import spell

TABLES_READ = ("vocabulary", "tokens", "documents", "scores", "selection")


class Mark(NamedTuple):
    """Where a word stands in the text of a line."""

    start: int
    """First character."""
    end: int
    """One after the last."""
    word: int
    """0 for the first word of the question, 1 for the second."""


@dataclass(frozen=True)
class Line:
    """A segment that holds a word of the question."""

    number: int
    """Place in the document, from 0."""
    lang: str
    text: str
    marks: tuple[Mark, ...]
    """In the order of the text."""

    def marked(self, opening: str = "[", closing: str = "]") -> str:
        """The text with each word between two marks.

        Examples
        --------
        >>> Line(0, "en", "The cat sleeps.", (Mark(4, 7, 0),)).marked()
        'The [cat] sleeps.'
        """
        parts, at = [], 0
        for start, end, _ in self.marks:
            parts += [self.text[at:start], opening, self.text[start:end], closing]
            at = end
        return "".join([*parts, self.text[at:]])

    def __str__(self) -> str:
        return self.marked()


@dataclass(frozen=True)
class FoundDocument:
    """A document that holds the words, with its scores and arms."""

    doc_id: str
    source: str
    uri: str
    lang: str
    n_tokens: int
    type: str | None
    """Type by its translation structure; None before stage `score`."""
    scores: dict[str, float]
    """Score of each method; empty before stage `score`."""
    arms: tuple[str, ...]
    """Arms that took it."""
    distance: int | None
    """Lines from one word to the other at the nearest place; None for a single word."""
    n_lines: int
    """Lines that hold a word of the question."""
    lines: tuple[Line, ...]
    """The lines where the words are nearest, in the order of the text."""


def find_documents(
    connection: duckdb.DuckDBPyConnection,
    word: str,
    other: str | None = None,
    *,
    limit: int = 10,
    max_lines: int = 4,
    rows: str = "tokens",
) -> Rows[FoundDocument]:
    """Documents that hold a word, or in which two words meet, nearest meetings first.

    Parameters
    ----------
    connection
        A connection to a lake (`pivotmine.lake.query.connect`) with the tables `TABLES_READ`.
    word, other
        Words, which may name a language: `fr:chat` means the word in lines of French only.
    limit
        Most documents.
    max_lines
        Most lines of a document.
    rows
        SQL of the rows of `tokens` to read: `pivotmine.ask.scope.Scope.rows`.

    Raises
    ------
    LakeError
        A word is not a single token of the vocabulary, or both are the same.
    """
    words = [find_word(connection, asked) for asked in (word, other) if asked is not None]
    if len(words) == 2 and words[0] == words[1]:
        raise LakeError(f"{word!r} and {other!r} are one word; name two")
    held: list[Meeting] = []
    # A heap of the worst first, so that no more than `limit` documents are ever held.
    for found in meetings(connection, words, max_lines, rows):
        if len(held) < limit:
            heapq.heappush(held, found)
        else:
            heapq.heappushpop(held, found)
    return Rows(FoundDocument, _described(connection, words, sorted(held, reverse=True)))


def _described(
    connection: duckdb.DuckDBPyConnection, words: Sequence[WordTokens], held: Sequence[Meeting]
) -> Iterator[FoundDocument]:
    """The documents with their source, scores and arms, and the text of their lines."""
    asked = {"ids": [found.doc_id for found in held]}
    where = {row[0]: row[1:] for row in connection.execute(_WHERE, asked).fetchall()}
    scores: dict[str, dict[str, float]] = {}
    types: dict[str, str] = {}
    for doc_id, method, score, kind in connection.execute(_SCORES, asked).fetchall():
        scores.setdefault(doc_id, {})[method] = score
        if kind is not None:
            types[doc_id] = kind
    arms: dict[str, list[str]] = {}
    for doc_id, arm in connection.execute(_ARMS, asked).fetchall():
        arms.setdefault(doc_id, []).append(arm)
    pieces = _pieces(connection, held)
    for found in held:
        doc_id = found.doc_id
        source, uri, lang, n_tokens = where[doc_id]
        yield FoundDocument(
            doc_id,
            source or "",
            uri,
            lang,
            n_tokens,
            types.get(doc_id),
            scores.get(doc_id, {}),
            tuple(arms.get(doc_id, ())),
            found.distance if len(words) == 2 else None,
            found.n_lines,
            tuple(_line(words, pieces, *line) for line in found.lines),
        )


def _pieces(connection: duckdb.DuckDBPyConnection, held: Sequence[Meeting]) -> dict[int, str]:
    ids = sorted({token for found in held for *_, tokens in found.lines for token in tokens})
    return dict(
        connection.execute(
            "SELECT token_id, token FROM vocabulary WHERE list_contains($ids, token_id)",
            {"ids": ids},
        ).fetchall()
    )


def _line(
    words: Sequence[WordTokens], pieces: dict[int, str], number: int, lang: str, tokens: list[int]
) -> Line:
    spelled = [pieces[token] for token in tokens]
    text = spell(spelled)
    shown = text.strip()
    cut = len(text) - len(text.lstrip())
    marks = []
    for place, token in enumerate(tokens):
        for which, word in enumerate(words):
            if token in word.token_ids and word.lang in (None, lang):
                start, end = (len(spell(spelled[:n])) - cut for n in (place, place + 1))
                start += len(shown[max(start, 0) : end]) - len(shown[max(start, 0) : end].lstrip())
                marks.append(Mark(max(start, 0), min(end, len(shown)), which))
                break
    return Line(number, lang, shown, tuple(marks))


_WHERE = """
    SELECT t.doc_id, d.source, d.uri, t.lang, t.n_tokens
    FROM (SELECT doc_id, lang, n_tokens FROM tokens WHERE list_contains($ids, doc_id)) t
    JOIN (SELECT doc_id, source, uri FROM documents WHERE list_contains($ids, doc_id)) d
    USING (doc_id)
"""

_SCORES = """
    SELECT doc_id, method, score, type FROM scores WHERE list_contains($ids, doc_id)
    ORDER BY doc_id, method
"""

_ARMS = """
    SELECT DISTINCT doc_id, arm FROM selection WHERE list_contains($ids, doc_id) ORDER BY ALL
"""
