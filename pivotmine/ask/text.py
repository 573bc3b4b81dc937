"""The text of a document by segment, spelled from its tokens, with the links that it realises.

A link joins two places of the best block: those of its two words that are nearest to each other. It
is drawn where `stages/score` can have found it, and may differ from there where a word stands
several times.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import duckdb

from pivotmine.text.token_notation import spell

TABLES_READ = ("tokens", "vocabulary", "scores")


class Link(Protocol):
    """Two tokens of two languages."""

    @property
    def lang_a(self) -> str: ...
    @property
    def token_a(self) -> str: ...
    @property
    def lang_b(self) -> str: ...
    @property
    def token_b(self) -> str: ...


@dataclass(frozen=True)
class Segment:
    """A segment of a document."""

    number: int
    """Place in the document, from 0."""
    lang: str
    first: int
    """Its first token, from the start of the document."""
    tokens: tuple[str, ...]
    in_block: bool
    """Whether the best block holds it."""

    @property
    def text(self) -> str:
        """Its text, without spaces at the ends."""
        return spell(self.tokens).strip()

    def pieces(self, ends: dict[int, list[int]]) -> list[tuple[str, list[int]]]:
        """Its text in pieces: a token at a place of `ends` with its numbers, else with none."""
        cut: list[tuple[list[str], list[int]]] = []
        for place, token in enumerate(self.tokens, self.first):
            numbers = ends.get(place, [])
            if numbers or not cut or cut[-1][1]:
                cut.append(([], numbers))
            cut[-1][0].append(token)
        spelled = [(spell(tokens), numbers) for tokens, numbers in cut]
        return [
            piece
            for text, numbers in spelled
            # The space before a word is no part of the word.
            for piece in ((text[: len(text) - len(text.lstrip())], []), (text.lstrip(), numbers))
            if piece[0]
        ]


def read_segments(connection: duckdb.DuckDBPyConnection, doc_id: str) -> list[Segment]:
    """All segments of a document, in order."""
    asked = {"id": doc_id}
    pieces, ends, langs = connection.execute(_TEXT, asked).fetchall()[0]
    blocks = connection.execute(
        "SELECT block FROM scores WHERE doc_id = $id AND block IS NOT NULL", asked
    ).fetchall()
    start, end = (blocks[0][0]["start"], blocks[0][0]["end"]) if blocks else (0, 0)
    bounds = pairwise([0, *ends])
    return [
        Segment(number, lang, first, tuple(pieces[first:last]), start <= first < last <= end)
        for number, ((first, last), lang) in enumerate(zip(bounds, langs, strict=True))
    ]


def drawn_links(
    segments: Iterable[Segment], links: Sequence[Link], most: int
) -> dict[int, list[int]]:
    """Places of tokens -> the links that end there, as places in `links`; `most` links at most."""
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for segment in segments:
        if segment.in_block:
            for place, token in enumerate(segment.tokens, segment.first):
                places[segment.lang, token].append(place)
    ends: dict[int, list[int]] = defaultdict(list)
    drawn = 0
    for number, link in enumerate(links):
        here, there = places[link.lang_a, link.token_a], places[link.lang_b, link.token_b]
        if here and there and drawn < most:
            drawn += 1
            for place in min(((a, b) for a in here for b in there), key=lambda p: abs(p[0] - p[1])):
                ends[place].append(number)
    return dict(ends)


_TEXT = """
    SELECT (SELECT list(token ORDER BY place) FROM (
                SELECT unnest(token_ids) AS token_id,
                       generate_subscripts(token_ids, 1) AS place FROM tokens
                WHERE doc_id = $id) JOIN vocabulary USING (token_id)),
           segment_ends, segment_langs
    FROM tokens WHERE doc_id = $id
"""
