"""Places where linked words meet, as text with both words marked, in one pass over the tokens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import duckdb
import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

from pivotmine.text.token_notation import spell

_BATCH_DOCUMENTS = 512
_MAX_DISTANCE = 256
"""Tokens from one word to the other at most, about a window."""

_AROUND = 40
"""Tokens of a segment that are shown on each side of the word."""


class Place(NamedTuple):
    """Two segments, with a word of a link in each, marked as ⟦word⟧."""

    a: str
    b: str


class _Segments(NamedTuple):
    tokens: NDArray[np.int32]
    ends: NDArray[np.int32]
    langs: list[str]


def places(
    connection: duckdb.DuckDBPyConnection, links: Sequence[Mapping[str, Any]], n: int, seed: int
) -> dict[str, list[Place]]:
    """Up to `n` places of each link by its `id`, in documents that a hash draws.

    Memory: `n` places a link, and a batch of documents.
    """
    pieces = _pieces(connection)
    of_token: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for link in links:
        of_token[link["a"]].append(link)
    asked = np.zeros(len(pieces), np.bool_)
    asked[list(of_token)] = True
    drawn: dict[str, list[tuple[str, Place]]] = {link["id"]: [] for link in links}
    reader = connection.sql(
        "SELECT doc_id, token_ids, segment_ends, segment_langs FROM tokens "
        "WHERE len(list_distinct(segment_langs)) > 1"
    ).to_arrow_reader(_BATCH_DOCUMENTS)
    for batch in reader:
        for row in batch.to_pylist():
            tokens = np.array(row["token_ids"], np.int32)
            held = set(tokens.tolist())
            document = _Segments(tokens, np.array(row["segment_ends"]), row["segment_langs"])
            for token in np.unique(tokens[asked[tokens]]).tolist():
                for link in of_token[token]:
                    if link["b"] in held:
                        _add(drawn[link["id"]], link, row["doc_id"], document, pieces, n, seed)
    return {name: [place for _, place in sorted(found)] for name, found in drawn.items()}


def _add(
    found: list[tuple[str, Place]],
    link: Mapping[str, Any],
    doc_id: str,
    document: _Segments,
    pieces: Sequence[str],
    n: int,
    seed: int,
) -> None:
    """Keep the places of the lowest hashes."""
    key = blake3(f"{seed} {link['id']} {doc_id}".encode()).hexdigest(length=8)
    if len(found) == n and key > max(found)[0]:
        return
    at = _nearest(link, document)
    if at is None:
        return
    found.append((key, Place(*(_shown(document, place, pieces) for place in at))))
    found.sort()
    del found[n:]


def _nearest(link: Mapping[str, Any], document: _Segments) -> tuple[int, int] | None:
    """Where both words stand in text of their languages, nearest to each other."""
    sides = []
    for side in ("a", "b"):
        at = np.flatnonzero(document.tokens == link[side])
        segment = np.searchsorted(document.ends, at, side="right")
        within = segment < len(document.langs)
        kept = [document.langs[s] == link[f"lang_{side}"] for s in segment[within].tolist()]
        sides.append(at[within][np.array(kept, np.bool_)])
    if not len(sides[0]) or not len(sides[1]):
        return None
    distance = np.abs(sides[0][:, None] - sides[1][None, :])
    i, j = np.unravel_index(int(distance.argmin()), distance.shape)
    if distance[i, j] > _MAX_DISTANCE:
        return None
    return int(sides[0][i]), int(sides[1][j])


def _shown(document: _Segments, at: int, pieces: Sequence[str]) -> str:
    """The segment around a token, with the token marked."""
    segment = int(np.searchsorted(document.ends, at, side="right"))
    start = int(document.ends[segment - 1]) if segment else 0
    first, last = max(start, at - _AROUND), min(int(document.ends[segment]), at + _AROUND + 1)
    before, word, after = (
        spell([pieces[token] for token in document.tokens[i:j].tolist()])
        for i, j in ((first, at), (at, at + 1), (at + 1, last))
    )
    lead = word[: len(word) - len(word.lstrip())]
    return " ".join(f"{before}{lead}⟦{word.lstrip()}⟧{after}".split())


def _pieces(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute("SELECT token_id, token FROM vocabulary").fetchall()
    pieces = [""] * (max(token for token, _ in rows) + 1)
    for token, piece in rows:
        pieces[token] = piece
    return pieces
