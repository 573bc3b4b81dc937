"""Meanings learnt from aligned segments, for languages that seldom meet on one page.

Links need text where languages meet. Where a corpus has little of it, names, numbers and the few
links that there are pair the easiest documents, and their aligned segments are text where languages
meet. A feature of one side and a feature of the other that are in the same segments more often than
chance would have it, and are each other's best partner, mean the same from then on. With them more
documents are paired, in rounds.

A feature is looked at in one language at a time: `chat` in French pages joins `cat`, and `chat` in
English pages stays what it is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.association import expected, log_likelihood_ratio
from pivotmine.stages.pair.alignment import Beads
from pivotmine.stages.pair.classes import WordLinks, meaning_classes
from pivotmine.stages.pair.features import PackedDocument

MIN_MEETINGS = 3
"""Fewest segment pairs that hold both features."""

MIN_STRENGTH = 15.0
"""Least log-likelihood ratio; of independent features one in 10,000 has more."""

MAX_BEAD_FEATURES = 64
"""Segments with more features on a side are left out: a long line says little about its words."""


class Meetings(NamedTuple):
    """Features of both sides of aligned segments, M in number, with counts."""

    a: NDArray[np.int32]
    b: NDArray[np.int32]
    n_ab: NDArray[np.int64]
    """[M] segment pairs that hold both."""


class Renames(NamedTuple):
    """Features under another number, in documents of one language each; by language and number."""

    key: NDArray[np.int64]
    """[R] language << 32 | feature, ascending."""

    feature: NDArray[np.int32]
    """[R] its number from now on."""

    def apply(self, features: NDArray[np.int32], language: int) -> NDArray[np.int32]:
        """[N] features of documents of a language under their present numbers."""
        if not len(self.key):
            return features
        wanted = np.int64(language) << 32 | features.astype(np.int64)
        at = np.minimum(np.searchsorted(self.key, wanted), len(self.key) - 1)
        return np.where(self.key[at] == wanted, self.feature[at], features)


NO_RENAMES = Renames(np.empty(0, np.int64), np.empty(0, np.int32))


def bead_features(
    document: PackedDocument, first: NDArray[np.int64], n: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Bead and number of every feature of one side of aligned segments, once a bead.

    Parameters
    ----------
    first, n
        [B] segments of each bead, numbered as in the whole document.
    """
    at = np.searchsorted(document.places, first)
    last = np.searchsorted(document.places, first + n)
    ends = np.concatenate(([0], np.cumsum(document.counts, dtype=np.int64)))
    start, size = ends[at], ends[last] - ends[at]
    bead = np.repeat(np.arange(len(first)), size)
    within = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
    key = np.unique(bead << 32 | document.features[np.repeat(start, size) + within])
    return key >> 32, (key & 0x7FFFFFFF).astype(np.int32)


def meetings(
    a: PackedDocument, b: PackedDocument, beads: Beads
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Every feature of a with every feature of b in the same bead; `MAX_BEAD_FEATURES` a side."""
    sides = [bead_features(a, beads.a, beads.n_a), bead_features(b, beads.b, beads.n_b)]
    n_beads = len(beads.a)
    counts = [np.bincount(bead, minlength=n_beads) for bead, _ in sides]
    fits = (counts[0] <= MAX_BEAD_FEATURES) & (counts[1] <= MAX_BEAD_FEATURES)
    product = np.where(fits, counts[0] * counts[1], 0)
    starts = [np.cumsum(count) - count for count in counts]
    within = np.arange(int(product.sum())) - np.repeat(np.cumsum(product) - product, product)
    place_a, place_b = np.divmod(within, np.maximum(np.repeat(counts[1], product), 1))
    return (
        sides[0][1][np.repeat(starts[0], product) + place_a],
        sides[1][1][np.repeat(starts[1], product) + place_b],
    )


def best_partners(
    found: Meetings, n_a: NDArray[np.int64], n_b: NDArray[np.int64], n: int
) -> NDArray[np.int64]:
    """Places of the meetings of features that are each other's best partner, and strong.

    Parameters
    ----------
    n_a, n_b
        [M] segment pairs that hold a on one side, and b on the other.
    n
        All segment pairs.
    """
    strength = strengths(found, n_a, n_b, n)
    good = (found.n_ab >= MIN_MEETINGS) & (strength >= MIN_STRENGTH)
    good &= found.n_ab > expected(n_a, n_b, n)
    place = np.flatnonzero(good)
    for side, other in ((found.a, found.b), (found.b, found.a)):
        # The feature itself is the better of equal partners.
        same = side == other
        order = np.lexsort((other[place], ~same[place], -strength[place], side[place]))
        ranked = side[place][order]
        first = np.append(True, ranked[1:] != ranked[:-1])[: len(order)]
        good[place[order[~first]]] = False
    return np.flatnonzero(good)


def strengths(
    found: Meetings, n_a: NDArray[np.int64], n_b: NDArray[np.int64], n: int
) -> NDArray[np.float64]:
    """[M] log-likelihood ratio of each meeting."""
    return log_likelihood_ratio(found.n_ab, n_a, n_b, n)


def rename(
    language_a: NDArray[np.integer],
    language_b: NDArray[np.integer],
    links: WordLinks,
    n_languages: int,
) -> Renames:
    """New numbers of features from links between features of two languages.

    Parameters
    ----------
    language_a, language_b
        [M] languages of both sides of `links`, whose nodes are features.
    """
    keys = [
        language.astype(np.int64) << 32 | side
        for language, side in ((language_a, links.a), (language_b, links.b))
    ]
    nodes, at = np.unique(np.concatenate(keys), return_inverse=True)
    a, b = at[: len(links.a)].astype(np.int32), at[len(links.a) :].astype(np.int32)
    language = nodes >> 32
    classes = meaning_classes(WordLinks(a, b, links.strength), language, n_languages)
    feature = (nodes[classes] & 0x7FFFFFFF).astype(np.int32)
    changed = feature != (nodes & 0x7FFFFFFF)
    return Renames(nodes[changed], feature[changed])
