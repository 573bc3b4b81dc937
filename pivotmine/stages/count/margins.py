"""The margins of 2x2 tables: how many mixed contexts hold a node, by the other language.

For every node and every other language there are two numbers. The margin is the number of mixed
contexts of the two languages that hold the node. The pair events are the number of nodes of the
other language in these contexts. They are the cost of the node's row in `pair_counts`.

Tasks send margins as runs of pairs, with codes in place of nodes:

=============  =====================  ==============================================
a              b                      counts
=============  =====================  ==============================================
node           -1 - other language    mixed contexts that hold the node; pair events
-1 - language  -1 - other language    mixed contexts of the two languages; 0
=============  =====================  ==============================================

With many languages, a table of nodes by languages would be mostly empty. So each node lists the
languages that it met. The list is short and is searched from its start.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.numeric.arrays import check_range, readonly
from pivotmine.numeric.folded_contexts import FoldedContexts
from pivotmine.numeric.jit import njit
from pivotmine.stages.count.language_pairs import TokenRanges, language_pairs
from pivotmine.stages.count.pair_runs import PairRun

MARGIN_COLUMNS = 2
"""Counts of a margin: contexts and pair events."""


class MarginCounts(NamedTuple):
    """Margins of M (token, other language) that occur."""

    token_id: NDArray[np.int32]
    """[M]"""

    other_language: NDArray[np.int8]
    """[M]"""

    n: NDArray[np.int64]
    """[M] mixed contexts of the token's and the other language that hold the token."""

    events: NDArray[np.int64]
    """[M] tokens of the other language in them."""

    n_contexts: NDArray[np.int64]
    """[n_languages, n_languages] mixed contexts of two languages; symmetric."""


class MarginTable(NamedTuple):
    """Margins of V nodes by the other language of the mixed contexts; 9 B a margin, 8 B a node."""

    offsets: NDArray[np.int64]
    """[V + 1] node v has the margins offsets[v]:offsets[v + 1]."""

    other_language: NDArray[np.int8]
    """[M] ascending for each node."""

    n: NDArray[np.int64]
    """[M] mixed contexts of the node's and the other language that hold the node."""


class Margins(NamedTuple):
    """Margins of the 2x2 tables, and the cost of counting the pairs."""

    table: MarginTable
    n_contexts: NDArray[np.int64]
    """[n_languages, n_languages] mixed contexts of two languages; symmetric."""

    row_events: NDArray[np.int64]
    """[n_nodes] pair events of each node as the first of a pair."""


def count_margins(contexts: FoldedContexts, first_token: NDArray[np.int64]) -> MarginCounts:
    """Count margins; linear in the tokens of mixed contexts.

    Parameters and errors are those of `language_pairs`.
    """
    n_languages = len(first_token) - 1
    n_contexts = np.zeros((n_languages, n_languages), np.int64)
    token_ids, others = [np.empty(0, np.int32)], [np.empty(0, np.int8)]
    counted = [np.empty((2, 0), np.int64)]
    tokens = readonly(contexts.token_ids, np.int32, "token_ids")
    for pair in language_pairs(contexts.offsets, tokens, first_token):
        x, y = pair.language_a, pair.language_b
        n_contexts[x, y] = n_contexts[y, x] = len(pair.context)
        for z, other, side, met in ((x, y, pair.a, pair.b), (y, x, pair.b, pair.a)):
            first = int(first_token[z])
            of_token = np.zeros((2, int(first_token[z + 1]) - first), np.int64)
            _count(tokens, side, met.end - met.start, first, of_token)
            occurs = np.flatnonzero(of_token[0])
            token_ids.append((first + occurs).astype(np.int32))
            others.append(np.full(len(occurs), other, np.int8))
            counted.append(of_token[:, occurs])
    n, events = np.concatenate(counted, axis=1)
    return MarginCounts(np.concatenate(token_ids), np.concatenate(others), n, events, n_contexts)


def margin_runs(contexts: FoldedContexts, first_node: NDArray[np.int64]) -> Iterator[PairRun]:
    """Margins of some contexts as runs with codes: of every node, and of every two languages."""
    margins = count_margins(contexts, first_node)
    other = -1 - margins.other_language.astype(np.int32)
    yield PairRun(margins.token_id, other, np.stack((margins.n, margins.events), axis=1))
    first, second = np.triu_indices(len(first_node) - 1, k=1)
    mixed = margins.n_contexts[first, second]
    code_a, code_b = ((-1 - side).astype(np.int32) for side in (first, second))
    yield PairRun(code_a, code_b, np.stack((mixed, np.zeros_like(mixed)), axis=1))


def read_margins(run: PairRun, first_node: NDArray[np.int64]) -> Margins:
    """Margins from summed runs of `margin_runs`."""
    a, b, counts = run
    n, events = counts.T
    n_nodes, n_languages = int(first_node[-1]), len(first_node) - 1
    of_node = a >= 0
    n_contexts = np.zeros((n_languages, n_languages), np.int64)
    x, y = -1 - a[~of_node], -1 - b[~of_node]
    n_contexts[x, y] = n_contexts[y, x] = n[~of_node]
    node, other = a[of_node], (-1 - b[of_node]).astype(np.int8)
    # A node is the first of its pairs with later languages.
    is_row = node < first_node[other]
    row_events = np.zeros(n_nodes, np.int64)
    np.add.at(row_events, node[is_row], events[of_node][is_row])
    return Margins(margin_table(node, other, n[of_node], n_nodes), n_contexts, row_events)


def margin_table(
    node: NDArray[np.int32],
    other_language: NDArray[np.int8],
    n: NDArray[np.int64],
    n_nodes: int,
) -> MarginTable:
    """Table of margins that come in any order, [M] each.

    Raises
    ------
    InputError
        A node outside 0..n_nodes - 1.
    """
    check_range(node, 0, n_nodes, "node")
    order = np.lexsort((other_language, node))
    sizes = np.bincount(node, minlength=n_nodes)
    return MarginTable(np.concatenate(([0], np.cumsum(sizes))), other_language[order], n[order])


def pair_margins(
    table: MarginTable,
    a: NDArray[np.int32],
    b: NDArray[np.int32],
    node_language: NDArray[np.int8],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """[P] and [P]: contexts of both languages that hold a, and that hold b.

    Parameters
    ----------
    a, b
        [P] nodes of different languages.
    node_language
        [V] language of each node.

    Raises
    ------
    InputError
        A node without a margin for the language of the other.
    """
    one, other = readonly(a, np.int32, "a"), readonly(b, np.int32, "b")
    for name, nodes in (("a", one), ("b", other)):
        check_range(nodes, 0, len(table.offsets) - 1, name)
    n_a = _find(*table, one, node_language[other])
    n_b = _find(*table, other, node_language[one])
    if min(n_a.min(initial=0), n_b.min(initial=0)) < 0:
        raise InputError("a counted pair of nodes has no margins")
    return n_a, n_b


@njit
def _count(
    token_ids: NDArray[np.int32],
    side: TokenRanges,
    n_met: NDArray[np.int64],
    first_token: int,
    of_token: NDArray[np.int64],
) -> None:
    for c in range(len(n_met)):
        for i in range(side.start[c], side.end[c]):
            token = token_ids[i] - first_token
            of_token[0, token] += 1
            of_token[1, token] += n_met[c]


@njit
def _find(
    offsets: NDArray[np.int64],
    other_language: NDArray[np.int8],
    n: NDArray[np.int64],
    node: NDArray[np.int32],
    language: NDArray[np.int8],
) -> NDArray[np.int64]:
    found = np.full(len(node), -1, np.int64)
    for i in range(len(node)):
        for k in range(offsets[node[i]], offsets[node[i] + 1]):
            if other_language[k] == language[i]:
                found[i] = n[k]
                break
    return found
