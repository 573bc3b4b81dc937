"""Margins by stratum, and what they say of a pair: how often it would meet by chance.

A task counts the margins of a chunk and sends them as runs of pairs, like those of stage `count`:
a node, and a code for the other language and the stratum. In the end every worker holds them all, 8
bytes for each. Most words occur in few strata, so there are fewer than nodes times strata.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.arrays import check_range, readonly
from pivotmine.numeric.folded_contexts import FoldedContexts
from pivotmine.numeric.jit import njit
from pivotmine.stages.count.pair_runs import PairRun
from pivotmine.stages.link.strata import Strata, mixed_contexts, strata_of

Floats = NDArray[np.float64]


class StratumMargins(NamedTuple):
    """Margins of V nodes by other language and stratum; 8 B a margin, 8 B a node."""

    max_strata: int
    """Strata of a language pair are numbered below this."""

    offsets: NDArray[np.int64]
    """[V + 1] node v has the margins offsets[v]:offsets[v + 1]."""

    code: NDArray[np.int32]
    """[M] other language * max_strata + stratum, ascending for each node."""

    n: NDArray[np.uint32]
    """[M] contexts of the stratum that hold the node."""

    sizes: NDArray[np.int64]
    """[n_languages, n_languages, max_strata] contexts of each stratum; symmetric."""


def stratum_runs(
    contexts: FoldedContexts, first_node: NDArray[np.int64], strata: Strata, max_strata: int
) -> Iterator[PairRun]:
    """Margins of some contexts, as runs of (node, -1 - code) with the contexts that hold it.

    Memory: 8 B for each node of a language and stratum of a language pair.
    """
    nodes = readonly(contexts.token_ids, np.int32, "token_ids")
    for mixed in mixed_contexts(contexts, first_node):
        stratum = strata_of(mixed, strata)
        for side in (0, 1):
            language, other = mixed.languages[side], mixed.languages[1 - side]
            first, end = int(first_node[language]), int(first_node[language + 1])
            held = np.zeros((len(strata[mixed.languages].sizes), end - first), np.int64)
            _count(nodes, mixed.starts[side], mixed.lengths[side], stratum, first, held)
            of, node = np.nonzero(held)
            code = -1 - (other * max_strata + of)
            n = held[of, node].reshape(-1, 1)
            yield PairRun((first + node).astype(np.int32), code.astype(np.int32), n)


def stratum_margins(
    run: PairRun, strata: Strata, n_nodes: int, n_languages: int, max_strata: int
) -> StratumMargins:
    """Margins from summed runs of `stratum_runs`."""
    code = -1 - run.b
    check_range(run.a, 0, n_nodes, "node")
    order = np.lexsort((code, run.a))
    held = np.bincount(run.a, minlength=n_nodes)
    sizes = np.zeros((n_languages, n_languages, max_strata), np.int64)
    for (x, y), of_pair in strata.items():
        sizes[x, y, : len(of_pair.sizes)] = sizes[y, x, : len(of_pair.sizes)] = of_pair.sizes
    return StratumMargins(
        max_strata,
        np.concatenate(([0], np.cumsum(held))),
        code[order].astype(np.int32),
        run.fold_counts[order, 0].astype(np.uint32),
        sizes,
    )


def chance_meetings(
    margins: StratumMargins,
    a: NDArray[np.int32],
    b: NDArray[np.int32],
    node_language: NDArray[np.int8],
) -> tuple[Floats, Floats]:
    """Mean and largest number, [P] each, of the contexts that hold both nodes by chance.

    Chance: in every stratum, the texts of one language change places at random. With margins x and
    y and N contexts the mean is x y / N, and the largest number the smaller of x and y.

    Parameters
    ----------
    a, b
        [P] nodes of different languages.
    node_language
        [V] language of each node.
    """
    one, other = readonly(a, np.int32, "a"), readonly(b, np.int32, "b")
    for name, nodes in (("a", one), ("b", other)):
        check_range(nodes, 0, len(margins.offsets) - 1, name)
    language = readonly(node_language, np.int8, "node_language")
    return _chance(one, other, language, *margins)


@njit
def _count(
    nodes: NDArray[np.int32],
    starts: NDArray[np.int64],
    lengths: NDArray[np.int64],
    stratum: NDArray[np.int64],
    first: int,
    held: NDArray[np.int64],
) -> None:
    for c in range(len(starts)):
        for i in range(starts[c], starts[c] + lengths[c]):
            held[stratum[c], nodes[i] - first] += 1


@njit
def _chance(
    a: NDArray[np.int32],
    b: NDArray[np.int32],
    language: NDArray[np.int8],
    max_strata: int,
    offsets: NDArray[np.int64],
    code: NDArray[np.int32],
    n: NDArray[np.uint32],
    sizes: NDArray[np.int64],
) -> tuple[Floats, Floats]:
    mean, most = np.zeros(len(a)), np.zeros(len(a))
    for p in range(len(a)):
        of_a, of_b = language[a[p]], language[b[p]]
        i, end_i = offsets[a[p]], offsets[a[p] + 1]
        j, end_j = offsets[b[p]], offsets[b[p] + 1]
        base_i, base_j = of_b * max_strata, of_a * max_strata
        while i < end_i and code[i] < base_i:
            i += 1
        while j < end_j and code[j] < base_j:
            j += 1
        while i < end_i and j < end_j:
            s, t = code[i] - base_i, code[j] - base_j
            if s >= max_strata or t >= max_strata:
                break
            if s < t:
                i += 1
            elif t < s:
                j += 1
            else:
                x, y = float(n[i]), float(n[j])
                mean[p] += x * y / float(sizes[of_a, of_b, s])
                most[p] += min(x, y)
                i += 1
                j += 1
    return mean, most
