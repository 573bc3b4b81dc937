"""Contests: which links of a context hold there, and which are explained by stronger links.

A word meets the neighbours of its translation as surely as the translation itself, so an
association need not be a translation. But where the translations of both words are present, they
account for the meeting. So the links present in a context are taken from the strongest down, and a
link is *won* there if neither of its words has been taken for the other language yet (competitive
linking: Melamed 2000, Models of Translational Equivalence among Words, Computational Linguistics
26(2); there in aligned sentences, here in any context). The share of its contexts that a link wins
separates translations from bystanders better than any measure of association
(docs/results/links.md).

This takes one pass over the contexts, without alignment or iteration. A link is held by the end
that has fewer links, so that a hub costs no more than its partners.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.numeric.arrays import check_range, offsets_array, readonly
from pivotmine.numeric.folded_contexts import FoldedContexts
from pivotmine.numeric.jit import njit

KEY = ["permutation", "lang_a", "lang_b", "a", "b"]
"""Columns that tell links apart."""

WON = pa.schema(
    [
        ("permutation", pa.int32()),
        ("a", pa.int32()),
        ("b", pa.int32()),
        ("lang_a", pa.string()),
        ("lang_b", pa.string()),
        ("n_won", pa.int64()),
    ]
)
"""Links by tokens and languages, and the contexts in which they are won; permutation 0 is the
corpus."""


class Contenders(NamedTuple):
    """Links by strength, and by the nodes that hold them; 16 B a link, 8 B a node."""

    a: NDArray[np.int32]
    """[m] nodes, the strongest link first."""

    b: NDArray[np.int32]
    """[m]"""

    offsets: NDArray[np.int64]
    """[n_nodes + 1] node t holds links held[offsets[t]:offsets[t + 1]]."""

    partners: NDArray[np.int32]
    """[m] the other node of each link held."""

    held: NDArray[np.int32]
    """[m] numbers of links, by strength."""


class Contest(NamedTuple):
    """The links that compete, and the token and language of their nodes."""

    links: Contenders
    languages: tuple[str, ...]
    token: NDArray[np.int32]
    """[n_nodes]"""

    language: NDArray[np.int8]
    """[n_nodes] index into `languages`."""


def contenders(a: NDArray[np.int32], b: NDArray[np.int32], n_nodes: int) -> Contenders:
    """Lay out links {a, b}, given the strongest first, for `contest`.

    Raises
    ------
    InputError
        Nodes outside 0..n_nodes - 1, or sides of different length.
    """
    one, other = readonly(a, np.int32, "a"), readonly(b, np.int32, "b")
    if len(one) != len(other):
        raise InputError(f"links have {len(one)} nodes a and {len(other)} nodes b")
    check_range(one, 0, n_nodes, "a")
    check_range(other, 0, n_nodes, "b")
    degree = np.bincount(np.concatenate((one, other)), minlength=n_nodes)
    swap = degree[one] > degree[other]
    holder, partner = np.where(swap, other, one), np.where(swap, one, other)
    order = np.argsort(holder, kind="stable")
    offsets = np.concatenate(([0], np.cumsum(np.bincount(holder, minlength=n_nodes))))
    return Contenders(one, other, offsets, partner[order], order.astype(np.int32))


def contest(
    contexts: FoldedContexts, language: NDArray[np.int8], links: Contenders
) -> NDArray[np.int64]:
    """In how many contexts each link is won, [m].

    Memory: 4 B a node for each language, 8 B a link.

    Parameters
    ----------
    contexts
        Distinct nodes of mixed contexts.
    language
        [n_nodes] language index of each node.
    links
        The links that compete. Links within a language never win.

    Raises
    ------
    InputError
        Nodes in the contexts or the links that `language` does not know.
    """
    n_nodes = len(language)
    if len(links.offsets) != n_nodes + 1:
        raise InputError(f"links are of {len(links.offsets) - 1} nodes, languages of {n_nodes}")
    nodes = readonly(contexts.token_ids, np.int32, "contexts")
    check_range(nodes, 0, n_nodes, "contexts")
    offsets = offsets_array(contexts.offsets, len(nodes), "offsets")
    languages = readonly(language, np.int8, "language")
    return _contest(nodes, offsets, languages, *links)


def won_rows(held: Contest, won: NDArray[np.int64], permutation: int) -> pa.RecordBatch:
    """Rows of `WON` for the links that were won in any context; `won` [m] as `contest` gives it."""
    some = np.flatnonzero(won)
    a, b = held.links.a[some], held.links.b[some]
    languages = pa.array(held.languages, pa.string())
    columns = {
        "permutation": pa.array(np.full(len(some), permutation, np.int32)),
        "a": pa.array(held.token[a]),
        "b": pa.array(held.token[b]),
        "lang_a": languages.take(pa.array(held.language[a])),
        "lang_b": languages.take(pa.array(held.language[b])),
        "n_won": pa.array(won[some]),
    }
    return pa.RecordBatch.from_pydict(columns, schema=WON)


@njit
def links_present(
    nodes: NDArray[np.int32],
    context: int,
    seen: NDArray[np.int32],
    offsets: NDArray[np.int64],
    partners: NDArray[np.int32],
    held: NDArray[np.int32],
    present: NDArray[np.int32],
) -> tuple[NDArray[np.int32], int]:
    """Numbers of the links whose two nodes are in a context, and how many they are.

    Parameters
    ----------
    nodes
        Those of the context.
    seen
        [n] the last context that holds each node; `context` for all of `nodes`.
    offsets, partners, held
        Of `Contenders`.
    present
        Room for the numbers; a larger array is returned if it is too small.
    """
    n_present = 0
    for node in nodes:
        for k in range(offsets[node], offsets[node + 1]):
            if seen[partners[k]] == context:
                if n_present == len(present):
                    present = np.concatenate((present, np.empty(n_present, np.int32)))
                present[n_present] = held[k]
                n_present += 1
    return present, n_present


@njit
def _contest(
    nodes: NDArray[np.int32],
    context_offsets: NDArray[np.int64],
    language: NDArray[np.int8],
    a: NDArray[np.int32],
    b: NDArray[np.int32],
    offsets: NDArray[np.int64],
    partners: NDArray[np.int32],
    held: NDArray[np.int32],
) -> NDArray[np.int64]:
    won = np.zeros(len(a), np.int64)
    n_languages = 0
    for t in range(len(language)):
        n_languages = max(n_languages, language[t] + 1)
    # The last context in which a node was seen, and in which it was taken for each language.
    seen = np.full(len(language), -1, np.int32)
    taken = np.full((len(language), n_languages), -1, np.int32)
    present = np.empty(1024, np.int32)
    for c in range(len(context_offsets) - 1):
        start, end = context_offsets[c], context_offsets[c + 1]
        for i in range(start, end):
            seen[nodes[i]] = c
        present, n_present = links_present(
            nodes[start:end], c, seen, offsets, partners, held, present
        )
        # The strongest have the lowest numbers.
        for link in np.sort(present[:n_present]):
            x, y = a[link], b[link]
            of_x, of_y = language[x], language[y]
            if of_x != of_y and taken[x, of_y] != c and taken[y, of_x] != c:
                taken[x, of_y] = c
                taken[y, of_x] = c
                won[link] += 1
    return won
