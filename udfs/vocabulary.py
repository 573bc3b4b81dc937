"""Rows of table `tokens` to token frequencies by language, one set of totals a task."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.numeric.arrow_batches import language_indices, token_columns
from pivotmine.stages.vocabulary.frequencies import add_frequencies, held, new_frequencies

SCHEMA = pa.schema(
    [
        ("token_id", pa.int32()),
        ("language", pa.int32()),
        ("document_frequency", pa.int64()),
        ("token_count", pa.int64()),
        ("whole_count", pa.int64()),
    ]
)

COLUMNS = ("token_ids", "segment_ends", "segment_langs")
"""Columns of table `tokens` that are read."""


def bind(
    edges: NDArray[np.uint8], languages: Sequence[str]
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Batches of table `tokens` to partial sums for (token, language index).

    `edges`: uint8[vocab_size], which tokens begin and end with a letter.
    `frequencies.HeldFrequencies` describes the columns.
    """

    def count(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        totals = new_frequencies(len(edges), len(languages))
        n_docs = 0
        for batch in batches:
            langs = language_indices(batch.column("segment_langs"), languages)
            add_frequencies(totals, *token_columns(batch), langs, edges, n_docs)
            n_docs += batch.num_rows
        if n_docs:
            columns = [pa.array(column) for column in held(totals)]
            yield pa.RecordBatch.from_arrays(columns, schema=SCHEMA)

    return count
