"""Rows of table `tokens` to token frequencies, one set of totals a task."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from pivotmine.stages.vocabulary.frequencies import Frequencies, add_frequencies, new_frequencies
from pivotmine.udfs.arrow_lists import language_indices, token_columns

ALL_TOKENS = -1
"""`token_id` of the rows that count documents of a language."""

SCHEMA = pa.schema(
    [
        ("token_id", pa.int32()),
        ("language", pa.int32()),
        ("document_frequency", pa.int64()),
        ("token_count", pa.int64()),
    ]
)

COLUMNS = ("token_ids", "segment_ends", "segment_langs")
"""What is read of table `tokens`."""


def bind(
    vocab_size: int, languages: Sequence[str]
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Batches of table `tokens` to partial sums for (token, language index).

    Language index `len(languages)` stands for text of any language; it alone carries `token_count`.
    """

    def count(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        totals = new_frequencies(vocab_size, len(languages))
        n_docs = 0
        for batch in batches:
            langs = language_indices(batch.column("segment_langs"), languages)
            add_frequencies(totals, *token_columns(batch), langs, n_docs)
            n_docs += batch.num_rows
        if n_docs:
            yield _rows(totals)

    return count


def _rows(totals: Frequencies) -> pa.RecordBatch:
    token, language = np.nonzero(totals.document_frequency)
    any_language = totals.n_docs.size - 1
    count = np.where(language == any_language, totals.token_count[token], 0)
    languages = np.arange(any_language + 1)
    return pa.RecordBatch.from_arrays(
        [
            pa.array(np.append(token, np.full(languages.size, ALL_TOKENS)).astype(np.int32)),
            pa.array(np.append(language, languages).astype(np.int32)),
            pa.array(np.append(totals.document_frequency[token, language], totals.n_docs)),
            pa.array(np.append(count, np.zeros(languages.size, np.int64))),
        ],
        schema=SCHEMA,
    )
