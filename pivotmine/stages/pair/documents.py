"""Rows of table `tokens` as packed documents, each with the reason if it cannot be paired."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pivotmine.numeric.arrow_batches import language_index, language_indices, token_columns
from pivotmine.stages.pair.features import Meanings, pack, segment_features

PACKED = pa.schema(
    [
        ("doc_id", pa.string()),
        ("lang", pa.int8()),
        ("outcome", pa.string()),
        ("packed", pa.binary()),
    ]
)
"""Documents: index of the language, -1 for others; why it is left out, and `features.pack`, one of
the two null."""

MIN_OWN_SHARE = 0.6
"""Least share of a document's own language in its tokens of all languages. A page that holds its
own translation beside it has half."""


class DocumentRules(NamedTuple):
    """What documents are made by."""

    meanings: Meanings
    languages: tuple[str, ...]
    max_segments: int


def packed_documents(batch: pa.RecordBatch, rules: DocumentRules) -> pa.RecordBatch:
    """Rows of `tokens` to rows of `PACKED`."""
    columns = token_columns(batch)
    language = language_index(batch.column("lang"), rules.languages)
    of_segment = language_indices(batch.column("segment_langs"), rules.languages)
    found = segment_features(columns, of_segment, rules.meanings)
    offsets = columns.segment_offsets
    document = np.repeat(np.arange(batch.num_rows), np.diff(offsets))
    own = of_segment == language[document]
    tokens_own = np.bincount(document[own], found.n_tokens[own], batch.num_rows)
    some = of_segment >= 0
    tokens_some = np.bincount(document[some], found.n_tokens[some], batch.num_rows)
    kept = own | ~some
    first = np.searchsorted(found.segment, np.arange(len(document) + 1))
    counts = np.diff(first)
    outcomes: list[str | None] = []
    packed: list[bytes | None] = []
    for row in range(batch.num_rows):
        outcome = None
        if language[row] < 0:
            outcome = "language"
        elif offsets[row + 1] - offsets[row] > rules.max_segments:
            outcome = "long"
        elif tokens_own[row] < MIN_OWN_SHARE * tokens_some[row]:
            outcome = "mixed"
        outcomes.append(outcome)
        if outcome is not None:
            packed.append(None)
            continue
        segments = slice(offsets[row], offsets[row + 1])
        here = kept[segments]
        in_document = slice(first[offsets[row]], first[offsets[row + 1]])
        features = found.feature[in_document][kept[found.segment[in_document]]]
        sizes = (column[segments][here] for column in (found.n_chars, counts))
        packed.append(pack(np.flatnonzero(here), *sizes, features))
    return pa.RecordBatch.from_arrays(
        [
            batch.column("doc_id"),
            pa.array(language),
            pa.array(outcomes, pa.string()),
            pa.array(packed, pa.binary()),
        ],
        schema=PACKED,
    )
