"""Documents cut into mixed contexts: windows or whole documents in which two languages take part.

Some 98 % of the web is text of one language. Documents without segments of two languages are
dropped here, before their tokens are read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from blake3 import blake3
from numpy.typing import NDArray

from pivotmine.numeric.folded_contexts import FoldedContexts
from pivotmine.numeric.node_columns import node_columns
from pivotmine.numeric.nodes import NodeTable
from pivotmine.stages.contexts.mixed_contexts import build_contexts
from pivotmine.stages.contexts.packing import document_rows
from pivotmine.stages.contexts.repeated_lines import (
    RepeatedLines,
    hidden_lines,
    holds_two_languages,
)

_PART_TOKENS = 2**18


class CutPlan(NamedTuple):
    """How contexts are cut out of documents."""

    languages: tuple[str, ...]
    """In the order of their indices."""

    nodes: NodeTable
    """The nodes that are counted."""

    window_tokens: int | None
    """Longest window; None makes the whole document one context."""

    min_language_share: float
    """Share of a context's tokens that a language must hold to take part in it."""

    block_layouts: bool
    """Whether pages with one language after the other have contexts of their own."""

    n_folds: int

    repeated: RepeatedLines
    """Lines that do not count everywhere."""


def part_tokens(chunk_tokens: int) -> int:
    """Most tokens of a row of table `contexts`, where chunks may hold `chunk_tokens`."""
    return min(_PART_TOKENS, chunk_tokens)


def cut_documents(plan: CutPlan, batch: pa.RecordBatch) -> pa.RecordBatch:
    """The mixed contexts of some rows of table `tokens`, as `DOCUMENT_CONTEXTS`."""
    mixed = batch.filter(pa.array(holds_two_languages(batch, plan.languages)))
    hidden = hidden_lines(mixed, plan.languages, plan.repeated)
    columns, is_blocks = node_columns(
        mixed,
        plan.languages,
        plan.nodes,
        plan.window_tokens,
        plan.min_language_share,
        plan.block_layouts,
        hidden,
    )
    contexts = build_contexts(*columns, plan.nodes.language, len(plan.languages))
    doc_ids = mixed.column("doc_id").to_pylist()
    folds = document_folds(doc_ids, plan.n_folds)[contexts.document]
    sources = source_hashes(mixed.column("source"), is_blocks)[contexts.document]
    cut = FoldedContexts(contexts.offsets, contexts.token_ids, folds, sources)
    return document_rows(doc_ids, cut, contexts.document)


def document_folds(doc_ids: Iterable[str], n_folds: int) -> NDArray[np.uint8]:
    """[D] hash fold of each document, in 0..n_folds - 1, by its id alone; about a microsecond each.

    The id is hashed with a prefix, so that folds are independent of other draws by the id, and of
    its own bits, by which the document may have been chosen.
    """
    drawn = [int.from_bytes(blake3(f"fold {doc_id}".encode()).digest(8)) for doc_id in doc_ids]
    return np.array([(number * n_folds) >> 64 for number in drawn], np.uint8)


def source_hashes(sources: pa.Array, is_blocks: NDArray[np.bool_]) -> NDArray[np.uint32]:
    """[D] hash of each document's source; a document without one is of the source ''.

    Stage `link` compares contexts of one source. Two sources that share a hash count as one. The
    pages of block layout of a source are a source of their own, since their contexts differ.
    """
    named = pc.fill_null(sources, "").dictionary_encode()
    names = named.dictionary.to_pylist()
    hashes = np.array(
        [
            [int.from_bytes(blake3(f"{kind}{name}".encode()).digest(4)) for name in names]
            for kind in ("", "blocks of ")
        ],
        np.uint32,
    )
    found: NDArray[np.uint32] = hashes[is_blocks.astype(np.int64), named.indices.to_numpy()]
    return found
