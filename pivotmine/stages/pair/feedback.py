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

    def equals(self, other: Renames) -> bool:
        """Whether both give the same numbers."""
        same = np.array_equal(self.key, other.key)
        return bool(same and np.array_equal(self.feature, other.feature))


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


EITHER = -1
"""Stands for any feature: rows that count one side alone, or all segment pairs."""


def meetings(
    a: PackedDocument, b: PackedDocument, beads: Beads
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Features of both sides of every bead, with what is needed to count them.

    Every feature of a with every feature of b in the same bead, where neither side has more than
    `MAX_BEAD_FEATURES`; every feature of a with `EITHER`, every one of b, and `EITHER` with itself.
    Each stands once a bead.
    """
    (bead_a, of_a), (bead_b, of_b) = (
        bead_features(a, beads.a, beads.n_a),
        bead_features(b, beads.b, beads.n_b),
    )
    n_beads = len(beads.a)
    n_a, n_b = np.bincount(bead_a, minlength=n_beads), np.bincount(bead_b, minlength=n_beads)
    fits = (n_a <= MAX_BEAD_FEATURES) & (n_b <= MAX_BEAD_FEATURES)
    product = np.where(fits, n_a * n_b, 0)
    within = np.arange(int(product.sum())) - np.repeat(np.cumsum(product) - product, product)
    place_a, place_b = np.divmod(within, np.maximum(np.repeat(n_b, product), 1))
    either = [np.full(n, EITHER, np.int32) for n in (n_beads, len(of_a), len(of_b))]
    return (
        np.concatenate(
            (of_a[np.repeat(np.cumsum(n_a) - n_a, product) + place_a], of_a, either[2], either[0])
        ),
        np.concatenate(
            (of_b[np.repeat(np.cumsum(n_b) - n_b, product) + place_b], either[1], of_b, either[0])
        ),
    )


def strengths(
    n_ab: NDArray[np.int64], n_a: NDArray[np.int64], n_b: NDArray[np.int64], n: NDArray[np.int64]
) -> NDArray[np.float64]:
    """[M] log-likelihood ratio of two features, 0 where it is no evidence that they mean the same.

    Parameters
    ----------
    n_ab, n_a, n_b, n
        [M] segment pairs that hold both, a on one side, b on the other, and all of the languages.
    """
    strength = log_likelihood_ratio(n_ab, n_a, n_b, n)
    good = (n_ab >= MIN_MEETINGS) & (strength >= MIN_STRENGTH) & (n_ab > expected(n_a, n_b, n))
    found: NDArray[np.float64] = np.where(good, strength, 0.0)
    return found


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
