"""Sharing: in each context, every word is shared out among its candidates that are present.

A word that meets its translation meets the words around it as often. Where the translation is
present, it explains the meeting. So a word gives each candidate in the context a share in
proportion to how much of the candidate it has explained so far, over all contexts: IBM model 1
(Brown et al. 1993) on sets of words, by expectation-maximisation. It is done from both sides, and
a pair gets the geometric mean of both shares: alignment by agreement (Liang, Taskar and Klein,
NAACL 2006). A word may also go to nobody. Sums over contexts are the expected number of contexts in
which one word translates the other. They need no threshold: a single meeting counts as a whole if
nothing else explains it.

Shares are rounded to 2**-20 in each context and summed as integers, so sums do not depend on their
order.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.numeric.arrays import check_range, offsets_array, readonly
from pivotmine.numeric.folded_contexts import FoldedContexts
from pivotmine.numeric.jit import njit
from pivotmine.stages.link.contest import Contenders, links_present

UNIT = 2**20
"""Shares are counted in this part of a context."""

NOBODY = 0.005
"""Weight of no partner at all, beside probabilities of partners. Chosen on words of aligned
segments that are left out of all figures (docs/results/lexicon.md), as is the next."""

DISCOUNT = UNIT // 100
"""Taken off the sum of each pair between rounds, so that many small shares do not add up."""

_PRIOR = 0.1  # contexts of each word that its candidates do not explain


class Weights(NamedTuple):
    """Probabilities of m pairs, from the sums of the last round."""

    of_b: NDArray[np.float64]
    """[m] of b, given a."""

    of_a: NDArray[np.float64]
    """[m] of a, given b."""


def pair_weights(
    links: Contenders, language: NDArray[np.int8], shares: NDArray[np.int64]
) -> Weights:
    """Weights of pairs, by the sums [m] of their shares, in units."""
    left = np.maximum(shares - DISCOUNT, 1) / UNIT
    n_languages = int(language.max(initial=0)) + 1
    sides = []
    for one, other in ((links.a, links.b), (links.b, links.a)):
        group = one.astype(np.int64) * n_languages + language[other]
        total = np.bincount(group, left, len(language) * n_languages)
        sides.append(left / (total[group] + _PRIOR))
    return Weights(*sides)


def share_out_contexts(
    contexts: FoldedContexts, language: NDArray[np.int8], links: Contenders, weights: Weights
) -> NDArray[np.int64]:
    """[m] sums of the shares of each pair over contexts, in units.

    Memory: 8 B a node for each language and 4 B more, 24 B a pair.

    Parameters
    ----------
    language
        [n_nodes] language index of each node.
    links
        The pairs, of nodes of different languages.

    Raises
    ------
    InputError
        Nodes in the contexts that `language` does not know, or weights of another length.
    """
    nodes = readonly(contexts.token_ids, np.int32, "contexts")
    check_range(nodes, 0, len(language), "contexts")
    offsets = offsets_array(contexts.offsets, len(nodes), "offsets")
    for side in weights:
        if len(side) != len(links.a):
            raise InputError(f"{len(side)} weights of {len(links.a)} pairs")
    shares = np.zeros(len(links.a), np.int64)
    n_languages = int(language.max(initial=0)) + 1
    _share_out(
        nodes,
        offsets,
        readonly(language, np.int8, "language"),
        n_languages,
        *links,
        *weights,
        shares,
    )
    return shares


@njit
def _share_out(
    nodes: NDArray[np.int32],
    context_offsets: NDArray[np.int64],
    language: NDArray[np.int8],
    n_languages: int,
    a: NDArray[np.int32],
    b: NDArray[np.int32],
    offsets: NDArray[np.int64],
    partners: NDArray[np.int32],
    held: NDArray[np.int32],
    of_b: NDArray[np.float64],
    of_a: NDArray[np.float64],
    shares: NDArray[np.int64],
) -> None:
    # The last context in which a node was seen, and what its partners there weigh together.
    seen = np.full(len(language), -1, np.int32)
    total = np.empty((len(language), n_languages), np.float64)
    present = np.empty(1024, np.int32)
    for c in range(len(context_offsets) - 1):
        start, end = context_offsets[c], context_offsets[c + 1]
        for i in range(start, end):
            seen[nodes[i]] = c
            total[nodes[i]] = NOBODY
        present, n_present = links_present(
            nodes[start:end], c, seen, offsets, partners, held, present
        )
        for j in range(n_present):
            x, y = a[present[j]], b[present[j]]
            total[y, language[x]] += of_b[present[j]]
            total[x, language[y]] += of_a[present[j]]
        for j in range(n_present):
            link = present[j]
            x, y = a[link], b[link]
            share = of_b[link] / total[y, language[x]] * of_a[link] / total[x, language[y]]
            shares[link] += np.int64(np.sqrt(share) * UNIT + 0.5)
