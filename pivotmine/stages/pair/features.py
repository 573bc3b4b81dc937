"""Documents as segments with features: what their words mean, and how they are spelled.

A feature is a number of 31 bits: the hash of a class of words (`classes.py`), or of a folded word
(`words.py`). A word without links is a class by itself.

Only segments in the document's own language count, and those of none, such as lines of numbers.
Otherwise English sentences that stayed on a Japanese page would pair it with the English page, and
nothing of that would be translated.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.arrow_batches import TokenColumns
from pivotmine.numeric.mix import mix64
from pivotmine.numeric.nodes import NodeTable, nodes_in_text, segment_lengths
from pivotmine.stages.pair.chain import Segments
from pivotmine.stages.pair.words import find_words
from pivotmine.stages.terms.token_text import PieceTexts, rebuild_text

_HEADER = 2
_WORD, _MEANING = np.uint64(0), np.uint64(1)


class Meanings(NamedTuple):
    """What features are made from; shipped to every worker."""

    nodes: NodeTable
    classes: NDArray[np.int32]
    """[n_nodes + 1] class of each node, -1 for the blank."""

    texts: PieceTexts


class SegmentFeatures(NamedTuple):
    """Segments of a batch of documents with distinct features, in order."""

    segment: NDArray[np.int64]
    """[N] segment of each feature, ascending."""

    feature: NDArray[np.int32]
    """[N] ascending within a segment."""

    n_chars: NDArray[np.int64]
    """[S] characters of each segment, folded; the last one of a document has one more."""

    n_tokens: NDArray[np.int64]
    """[S]"""


def segment_features(
    columns: TokenColumns, segment_language: NDArray[np.int8], meanings: Meanings
) -> SegmentFeatures:
    """Features of every segment of a batch, whatever its language.

    Parameters
    ----------
    columns
        Documents, whose tokens all lie in segments.
    segment_language
        [S] language of each segment, -1 for none.
    """
    text = rebuild_text(columns.token_ids, columns.document_offsets, meanings.texts)
    nodes = nodes_in_text(*columns, segment_language, meanings.nodes, columns.document_offsets, 0.0)
    n_tokens = segment_lengths(columns.segment_ends, columns.segment_offsets)
    ends = np.cumsum(n_tokens)
    classes = meanings.classes[nodes]
    linked = np.flatnonzero(classes >= 0)
    words = find_words(text.points, text.token_starts)
    tokens = np.concatenate((linked, words.tokens))
    numbers = np.concatenate(
        (_numbers(classes[linked].astype(np.uint64), _MEANING), _numbers(words.hashes, _WORD))
    )
    segment = np.searchsorted(ends, tokens, "right")
    distinct = np.unique(segment << 32 | numbers)
    chars = np.diff(text.token_starts[np.concatenate(([0], ends))]) if len(ends) else ends
    return SegmentFeatures(
        distinct >> 32, (distinct & 0x7FFFFFFF).astype(np.int32), chars, n_tokens
    )


def _numbers(values: NDArray[np.uint64], kind: np.uint64) -> NDArray[np.int64]:
    with np.errstate(over="ignore"):
        return (mix64(values * np.uint64(2) + kind) >> np.uint64(33)).view(np.int64)


def pack(
    places: NDArray[np.int64],
    n_chars: NDArray[np.int64],
    counts: NDArray[np.int64],
    features: NDArray[np.int32],
) -> bytes:
    """A document as bytes, which pass through Spark whole.

    Parameters
    ----------
    places
        [S] number of each segment in the document.
    n_chars, counts
        [S] characters and features of each.
    features
        [sum of counts]
    """
    header = [len(places), len(features)]
    parts = (header, places, n_chars, counts, features)
    return np.concatenate([np.asarray(part, np.int32) for part in parts]).tobytes()


class PackedDocument(NamedTuple):
    """What `pack` was given."""

    places: NDArray[np.int32]
    n_chars: NDArray[np.int32]
    counts: NDArray[np.int32]
    features: NDArray[np.int32]

    def weighted(self, weights: NDArray[np.float32]) -> Segments:
        """The segments with the features that have weight, weights [N]."""
        kept = weights > 0
        before = np.concatenate(([0], np.cumsum(kept)))
        ends = np.concatenate(([0], np.cumsum(self.counts, dtype=np.int64)))
        return Segments(self.features[kept], weights[kept], before[ends], self.n_chars)


def unpack(packed: bytes) -> PackedDocument:
    """The document of `pack`; views of the bytes."""
    values = np.frombuffer(packed, np.int32)
    n = int(values[0])
    parts = np.split(values[_HEADER:], [n, 2 * n, 3 * n])
    return PackedDocument(*parts)
