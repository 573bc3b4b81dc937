"""Segments that many documents hold: headers, footers, licences, and the lines of copies.

A text on thousands of pages teaches once. Such segments are found by a 64-bit hash of their token
ids, counted once a document. Two different segments share a hash with probability 2^-64.

Pages with the same header and footer are made from one template. The longest repeated segment of a
page names its template. The most frequent one would not do: it is often a line such as `Sign in`,
which joins sites that have nothing else in common.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.numeric.arrow_batches import token_columns
from pivotmine.stages.contexts.repeated_lines import line_hashes
from pivotmine.stages.score.segment_runs import segment_runs

MIN_SEGMENT_TOKENS = 4
"""Shorter segments repeat by nature (`OK`, `1.`) and are ignored."""

MIN_TEMPLATE_SHARE = 0.2
"""A document is made from a template if repeated segments hold at least this share of its tokens:
92 to 95 % of planted template pages, and 8 to 9 % of other pages, whose text repeats itself, too
(two corpora)."""

SEGMENT_COUNTS = pa.schema([("segment", pa.int64()), ("n_docs", pa.int64())])
"""Hashes of segments, and documents that hold each."""


def segment_counts(batch: pa.RecordBatch) -> pa.RecordBatch:
    """`token_ids` and `segment_ends` of documents to rows of `SEGMENT_COUNTS`."""
    columns = token_columns(batch)
    no_language = np.full(len(columns.segment_ends), -1, np.int8)
    runs = segment_runs(*columns[1:], no_language, 0)
    hashes = segment_hashes(columns.token_ids, runs.segment_start, runs.segment_end)
    document = np.repeat(np.arange(batch.num_rows), np.diff(runs.segment_offsets))
    segment, n_docs = np.unique(document_segment_hashes(hashes, document), return_counts=True)
    columns_of = [pa.array(segment), pa.array(n_docs.astype(np.int64))]
    return pa.RecordBatch.from_arrays(columns_of, schema=SEGMENT_COUNTS)


def segment_hashes(
    token_ids: NDArray[np.int32], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.int64]:
    """[S] hash of each of the segments that tile `token_ids`; 0 for those that are too short.

    As `repeated_lines.line_hashes`, but without regard to languages.
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
    """[S] documents that hold each segment; 1 for segments that are not in `repeated`.

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


def document_templates(
    hashes: NDArray[np.int64],
    n_copies: NDArray[np.int64],
    lengths: NDArray[np.int64],
    segment_offsets: NDArray[np.int64],
) -> NDArray[np.int64]:
    """[D] hash of the longest repeated segment of each document made from a template, else 0.

    Of equally long ones, the segment that more documents hold, then that of the smaller hash.

    Parameters
    ----------
    hashes, n_copies, lengths
        [S] hash of each segment, documents that hold it (`copies`), and its tokens.
    segment_offsets
        [D + 1] where the segments of each document begin.
    """
    document = np.repeat(np.arange(len(segment_offsets) - 1), np.diff(segment_offsets))
    n_documents = len(segment_offsets) - 1
    repeated = n_copies > 1
    n_repeated = np.bincount(document, lengths * repeated, n_documents)
    enough = n_repeated >= MIN_TEMPLATE_SHARE * np.bincount(document, lengths, n_documents)
    here = np.flatnonzero(repeated & enough[document])
    here = here[np.lexsort((hashes[here], -n_copies[here], -lengths[here], document[here]))]
    found, first = np.unique(document[here], return_index=True)
    templates = np.zeros(n_documents, np.int64)
    templates[found] = hashes[here[first]]
    return templates
