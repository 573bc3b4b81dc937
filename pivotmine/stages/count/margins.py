"""The margins of 2x2 tables, found again for every pair of nodes.

A table of nodes by languages would be mostly empty with many languages, so each node lists the
languages that it met. The list is short and is searched from its start.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.numeric.arrays import check_range, readonly
from pivotmine.numeric.jit import Engine, njit, use_numba

__all__ = ["MarginTable", "PairMargins", "margin_table", "pair_margins"]


class MarginTable(NamedTuple):
    """Margins of V nodes by the other language of the mixed contexts; 9 B a margin, 8 B a node."""

    offsets: NDArray[np.int64]
    """[V + 1] node v has the margins offsets[v]:offsets[v + 1]."""

    other_language: NDArray[np.int8]
    """[M] ascending for each node."""

    n: NDArray[np.int64]
    """[M] mixed contexts of the node's and the other language that hold the node."""


class PairMargins(NamedTuple):
    """[P] contexts that hold a, and that hold b, of those of both languages."""

    n_a: NDArray[np.int64]
    n_b: NDArray[np.int64]


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
    *,
    engine: Engine = "auto",
) -> PairMargins:
    """Margins of both nodes of every pair.

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
    find = _find if use_numba(engine) else _find_numpy
    found = PairMargins(
        find(*table, one, node_language[other]), find(*table, other, node_language[one])
    )
    if any(n.size and n.min() < 0 for n in found):
        raise InputError("a pair of nodes was counted whose margins were not")
    return found


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


def _find_numpy(
    offsets: NDArray[np.int64],
    other_language: NDArray[np.int8],
    n: NDArray[np.int64],
    node: NDArray[np.int32],
    language: NDArray[np.int8],
) -> NDArray[np.int64]:
    width = 128
    of_margin = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets)) * width + other_language
    wanted = node.astype(np.int64) * width + language
    at = np.searchsorted(of_margin, wanted)
    known = at < len(of_margin)
    known[known] = of_margin[at[known]] == wanted[known]
    found = np.full(len(node), -1, np.int64)
    found[known] = n[at[known]]
    return found
