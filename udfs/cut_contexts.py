"""Rows of table `tokens` to packed mixed contexts, ready to be counted.

Text of one language, some 98 % of the web, goes no further than this: documents without segments
of two languages are dropped before their tokens are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pivotmine.lake.tables import CONTEXTS
from pivotmine.numeric.folded_contexts import FoldedContexts, join, pack
from pivotmine.numeric.nodes import NodeTable
from pivotmine.stages.contexts.document_folds import document_folds
from pivotmine.stages.contexts.repeated_lines import RepeatedLines
from pivotmine.stages.contexts.windows import build_contexts
from pivotmine.udfs.arrow_lists import node_columns
from pivotmine.udfs.repeated_lines import hidden_lines, holds_two_languages

Batches = Iterator[pa.RecordBatch]

TOKENS_COLUMNS = ("doc_id", "token_ids", "segment_ends", "segment_langs")
"""What is read of table `tokens`."""

_PART_TOKENS = 2**18


def part_tokens(chunk_tokens: int) -> int:
    """Most tokens of a row of table `contexts`, unless a single context has more."""
    return min(_PART_TOKENS, chunk_tokens)


class CutPlan(NamedTuple):
    """What is cut out of a document."""

    languages: tuple[str, ...]
    """In the order of their indices."""

    nodes: NodeTable
    """What is counted."""

    window_tokens: int | None
    """Longest window; None makes the whole document one context."""

    min_language_share: float
    """Share of a context's tokens that a language must hold to take part in it."""

    n_folds: int
    part_tokens: int

    repeated: RepeatedLines
    """Lines that do not count everywhere."""


def bind_cut(plan: CutPlan) -> Callable[[Batches], Batches]:
    """Batches of `TOKENS_COLUMNS` to rows of table `contexts`."""

    def cut(batches: Batches) -> Batches:
        gathered: list[FoldedContexts] = []
        n_tokens = 0
        for batch in batches:
            contexts = _mixed_contexts(plan, batch)
            gathered.append(contexts)
            n_tokens += len(contexts.token_ids)
            if n_tokens >= plan.part_tokens:
                *full, rest = _parts(join(gathered), plan.part_tokens)
                yield from map(_row, full)
                gathered, n_tokens = [rest], len(rest.token_ids)
        if n_tokens:
            yield from map(_row, _parts(join(gathered), plan.part_tokens))

    return cut


def _mixed_contexts(plan: CutPlan, batch: pa.RecordBatch) -> FoldedContexts:
    mixed = batch.filter(pa.array(holds_two_languages(batch, plan.languages)))
    hidden = hidden_lines(mixed, plan.languages, plan.repeated)
    columns = node_columns(
        mixed, plan.languages, plan.nodes, plan.window_tokens, plan.min_language_share, hidden
    )
    contexts = build_contexts(*columns, plan.nodes.language, len(plan.languages))
    folds = document_folds(mixed.column("doc_id").to_pylist(), plan.n_folds)
    return FoldedContexts(contexts.offsets, contexts.token_ids, folds[contexts.document])


def _parts(contexts: FoldedContexts, max_tokens: int) -> list[FoldedContexts]:
    """Cut contexts into parts of at most `max_tokens`, or of one context."""
    offsets, token_ids, folds = contexts
    parts = []
    start = 0
    while start < len(folds):
        fits = int(np.searchsorted(offsets, offsets[start] + max_tokens, side="right")) - 1
        end = max(fits, start + 1)
        of_part = offsets[start : end + 1]
        tokens = token_ids[of_part[0] : of_part[-1]]
        parts.append(FoldedContexts(of_part - of_part[0], tokens, folds[start:end]))
        start = end
    return parts


def _row(contexts: FoldedContexts) -> pa.RecordBatch:
    columns = [pa.array([value]) for value in pack(contexts)]
    return pa.RecordBatch.from_arrays(columns, schema=CONTEXTS.schema)
