"""Rows of table `tokens` to hashes of their segments, with the documents that hold each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from pivotmine.numeric.arrow_lists import token_columns
from pivotmine.stages.score.repeated_segments import document_segment_hashes, segment_hashes
from pivotmine.stages.score.segment_runs import segment_runs

COLUMNS = ("token_ids", "segment_ends")
"""What is read of table `tokens`."""

SCHEMA = pa.schema([("segment", pa.int64()), ("n_docs", pa.int64())])


def count_segments(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Documents of each batch that hold a segment."""
    for batch in batches:
        columns = token_columns(batch)
        no_language = np.full(len(columns.segment_ends), -1, np.int8)
        runs = segment_runs(*columns[1:], no_language, 0)
        hashes = segment_hashes(columns.token_ids, runs.segment_start, runs.segment_end)
        document = np.repeat(np.arange(batch.num_rows), np.diff(runs.segment_offsets))
        segment, n_docs = np.unique(document_segment_hashes(hashes, document), return_counts=True)
        yield pa.RecordBatch.from_arrays(
            [pa.array(segment), pa.array(n_docs.astype(np.int64))], schema=SCHEMA
        )
