"""Meanings: words that translate each other, under one number.

Every word gets one class. Classes must stay small: the transitive closure of links joins half of a
vocabulary, since every word has some wrong or loose partner. So a word is named by a single chain
of best partners. Languages form a tree by the numbers of links between them, with the best linked
language at its root. A word takes the class of its best partner in the language above its own. A
word without a partner there takes that of its best partner in any language nearer the root, and
founds a class if it has none. So words of two languages that never meet on a page share a class
through a third language.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class WordLinks(NamedTuple):
    """Links between nodes, M in number, in one direction each."""

    a: NDArray[np.int32]
    b: NDArray[np.int32]
    strength: NDArray[np.float64]
    """Higher is better; of equal ones the lower partner is taken."""


def language_tree(
    a: NDArray[np.integer], b: NDArray[np.integer], n_languages: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Order of languages from the root, and the language above each (-1 for roots).

    The maximum spanning tree by numbers of links (Prim 1957); of ties, the earlier language. A
    language without links to those before it begins a tree of its own.

    Parameters
    ----------
    a, b
        [M] languages of both ends of each link.
    """
    n_links = np.zeros((n_languages, n_languages), np.int64)
    np.add.at(n_links, (a, b), 1)
    n_links += n_links.T
    np.fill_diagonal(n_links, 0)
    left = np.ones(n_languages, np.bool_)
    order = np.empty(n_languages, np.int64)
    above = np.full(n_languages, -1, np.int64)
    best = np.zeros(n_languages, np.int64)
    for place in range(n_languages):
        reached = np.where(left, best, -1)
        if reached.max() <= 0:
            reached = np.where(left, n_links.sum(axis=1), -1)
        chosen = int(reached.argmax())
        order[place], left[chosen] = chosen, False
        nearer = left & (n_links[chosen] > best)
        best[nearer], above[nearer] = n_links[chosen][nearer], chosen
    return order, above


def meaning_classes(
    links: WordLinks, language: NDArray[np.integer], n_languages: int
) -> NDArray[np.int32]:
    """[n_nodes] class of each node, the number of the node that founds it; -1 without any link.

    Parameters
    ----------
    language
        [n_nodes] language of each node.
    """
    one = np.concatenate((links.a, links.b)).astype(np.int64)
    other = np.concatenate((links.b, links.a)).astype(np.int64)
    strength = np.concatenate((links.strength, links.strength))
    order, above = language_tree(language[links.a], language[links.b], n_languages)
    place = np.empty(n_languages, np.int64)
    place[order] = np.arange(n_languages)
    classes = np.full(len(language), -1, np.int32)
    linked = np.unique(one)
    classes[linked] = linked
    # Best partner first: in the language above, then strength, then the lower number.
    up = place[language[other]] < place[language[one]]
    one, other, strength = one[up], other[up], strength[up]
    direct = language[other] == above[language[one]]
    ranked = np.lexsort((other, -strength, ~direct, one))
    first = np.append(True, one[ranked][1:] != one[ranked][:-1])[: len(ranked)]
    one, other = one[ranked][first], other[ranked][first]
    for level in order.tolist():
        here = language[one] == level
        classes[one[here]] = classes[other[here]]
    return classes
