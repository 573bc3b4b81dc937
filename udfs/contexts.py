"""Rows of table `tokens` to their repeated lines, and to packed mixed contexts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from pivotmine.lake.tables import CONTEXTS
from pivotmine.numeric.folded_contexts import FoldedContexts, pack
from pivotmine.stages.contexts.cutting import CutPlan, cut_documents
from pivotmine.stages.contexts.packing import packed_rows
from pivotmine.stages.contexts.repeated_lines import (
    LineDocuments,
    holds_two_languages,
    lines_of,
    lowest_documents_of_parts,
)

Batches = Iterator[pa.RecordBatch]

COLUMNS = ("doc_id", "source", "token_ids", "segment_ends", "segment_langs")
"""Columns of table `tokens` that are read."""

LINES = pa.schema([("line", pa.int64()), ("document", pa.int64())])
"""The hash of a line, and the key of a document that holds it; as signed bits."""


def bind_lines(languages: Sequence[str], n_lowest: int) -> Callable[[Batches], Batches]:
    """Batches of `COLUMNS` to rows of `LINES`: for each line its first `n_lowest` documents.

    Only documents with two languages are read, since no other text is in a mixed context. A task
    may yield a line several times, each time with its first documents among those gathered so far
    (`lowest_documents_of_parts`).
    """

    def find(batches: Batches) -> Batches:
        mixed = (batch.filter(pa.array(holds_two_languages(batch, languages))) for batch in batches)
        parts = (lines_of(batch, languages) for batch in mixed)
        yield from map(_line_rows, lowest_documents_of_parts(parts, n_lowest))

    return find


def bind_cut(plan: CutPlan) -> Callable[[Batches], Batches]:
    """Batches of `COLUMNS` to rows of `DOCUMENT_CONTEXTS`."""

    def cut(batches: Batches) -> Batches:
        found = (cut_documents(plan, batch) for batch in batches)
        yield from (rows for rows in found if rows.num_rows)

    return cut


def bind_pack(part_tokens: int) -> Callable[[Batches], Batches]:
    """Rows of `DOCUMENT_CONTEXTS` with `bucket`, sorted, to rows of table `contexts`."""

    def pack_rows(batches: Batches) -> Batches:
        yield from map(_context_row, packed_rows(batches, part_tokens))

    return pack_rows


def _line_rows(found: LineDocuments) -> pa.RecordBatch:
    columns = [pa.array(values.view(np.int64)) for values in found]
    return pa.RecordBatch.from_arrays(columns, schema=LINES)


def _context_row(contexts: FoldedContexts) -> pa.RecordBatch:
    columns = [pa.array([value]) for value in pack(contexts)]
    return pa.RecordBatch.from_arrays(columns, schema=CONTEXTS.schema)
