"""Segments that many documents hold: headers, footers, licences, and the lines of copies.

What stands on thousands of pages teaches once. Such segments are found by a 64-bit hash of their
token ids, counted once a document; two different segments share a hash with probability 2^-64 a
pair. Plain numpy, 20 ns a token: nothing to compile.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pivotmine.kernels.repeated_lines import line_hashes

__all__ = ["MIN_SEGMENT_TOKENS", "copies", "document_segment_hashes", "segment_hashes"]

MIN_SEGMENT_TOKENS = 4
"""Shorter segments repeat by nature (`OK`, `1.`) and are never looked at."""


def segment_hashes(
    token_ids: NDArray[np.int32], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.int64]:
    """[S] hash of each of the segments that tile `token_ids`; 0 for those that are too short.

    As `repeated_lines.line_hashes`, whatever the languages around.
    """
    lengths = ends - starts
    hashes = line_hashes(token_ids, ends, np.zeros(len(ends), np.uint64)).view(np.int64)
    return np.where(lengths >= MIN_SEGMENT_TOKENS, hashes, 0)


def document_segment_hashes(
    hashes: NDArray[np.int64], document: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The hashes of a batch, each once for every document that holds it, without 0."""
    order = np.lexsort((hashes, document))
    hashes, document = hashes[order], document[order]
    first = np.ones(len(hashes), np.bool_)
    first[1:] = (hashes[1:] != hashes[:-1]) | (document[1:] != document[:-1])
    kept: NDArray[np.int64] = hashes[first & (hashes != 0)]
    return kept


def copies(
    hashes: NDArray[np.int64], repeated: NDArray[np.int64], n_docs: NDArray[np.int64]
) -> NDArray[np.int64]:
    """[S] documents that hold each segment, 1 for those that are not among `repeated`.

    Parameters
    ----------
    repeated, n_docs
        Hashes of segments that many documents hold, ascending, and how many do.
    """
    if not len(repeated):
        return np.ones(len(hashes), np.int64)
    place = np.minimum(np.searchsorted(repeated, hashes), len(repeated) - 1)
    found = (repeated[place] == hashes) & (hashes != 0)
    return np.where(found, n_docs[place], 1)
