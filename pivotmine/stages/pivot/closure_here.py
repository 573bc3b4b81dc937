"""Closure from links that the driver holds; for small corpora. `closure.py` says what it is."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pivotmine.numeric.jit import njit
from pivotmine.stages.link.rows_here import ranks


def closures_here(
    edges: pa.Table, margins: pa.Table, min_count: int, max_partners: int
) -> pa.Table:
    """The rows of `closure.closures`, with the same parameters as Arrow tables.

    Memory: 100 B an edge, and 20 B for each edge and language.
    """
    lists = (edges["lang"], margins["lang"], margins["other_lang"])
    chunks = [chunk for column in lists for chunk in column.chunks]
    names = pc.unique(pa.chunked_array(chunks, pa.string())).sort()
    n_languages = max(len(names), 1)

    def node(rows: pa.Table, token: str, lang: str) -> NDArray[np.int64]:
        ids: NDArray[np.int64] = rows[token].to_numpy().astype(np.int64)
        return ids * n_languages + _index(rows[lang], names)

    one, other = node(edges, "token_id", "lang"), node(edges, "partner", "partner_lang")
    lang = other % n_languages
    place = ranks([one, lang], edges["g2"].to_numpy(), other // n_languages)
    order = np.lexsort((other, one))
    order = order[place[order] <= max_partners]
    one, other, lang = one[order], other[order], lang[order]
    nodes, first = np.unique(one, return_index=True)
    ends = np.append(first, len(one)).astype(np.int64)
    closed = _in_triangles(one, other, nodes, ends)
    enough = margins.filter(pc.field("n") >= min_count)
    seen = np.unique(
        node(enough, "token_id", "lang") * n_languages + _index(enough["other_lang"], names)
    )
    closable = np.zeros(len(one), np.bool_)
    third = np.arange(n_languages)
    # Edges that are ready for a third language, and what would have to be ready for theirs.
    ready = np.isin(other[:, None] * n_languages + third, seen)
    ready &= (one % n_languages)[:, None] != third
    edge, language = np.nonzero(ready)
    side = (one[edge] * n_languages + lang[edge]) * n_languages + language
    opposite = (one[edge] * n_languages + language) * n_languages + lang[edge]
    closable[edge[np.isin(opposite, side)]] = True
    at = np.searchsorted(nodes, one[closable])
    n_closable, n_closed = (
        np.bincount(at, kind, len(nodes)).astype(np.int64)
        for kind in (None, closed[closable].astype(np.float64))
    )
    kept = np.flatnonzero(n_closable)
    return pa.table(
        {
            "token_id": pa.array((nodes[kept] // n_languages).astype(np.int32)),
            "lang": names.take(pa.array(nodes[kept] % n_languages)),
            "closable": pa.array(n_closable[kept]),
            "closed": pa.array(n_closed[kept]),
        }
    )


def _index(languages: pa.ChunkedArray, names: pa.Array) -> NDArray[np.int64]:
    found: NDArray[np.int64] = pc.index_in(languages, value_set=names).to_numpy().astype(np.int64)
    return found


@njit
def _in_triangles(
    one: NDArray[np.int64],
    other: NDArray[np.int64],
    nodes: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """[E] whether the ends of an edge have a partner in common; edges are sorted by both ends.

    `ends`: the edges of nodes[i] are ends[i]:ends[i + 1].
    """
    closed = np.zeros(len(one), np.bool_)
    places = np.searchsorted(nodes, other)
    here = 0
    for edge in range(len(one)):
        while nodes[here] < one[edge]:
            here += 1
        there = places[edge]
        if there == len(nodes) or nodes[there] != other[edge]:
            continue
        i, j = ends[here], ends[there]
        while i < ends[here + 1] and j < ends[there + 1]:
            if other[i] == other[j]:
                closed[edge] = True
                break
            if other[i] < other[j]:
                i += 1
            else:
                j += 1
    return closed
