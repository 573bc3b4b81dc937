"""Rows of table `tokens` as nodes in contexts, for the steps that count or look up nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.numeric.arrow_batches import TokenColumns, language_indices, token_columns
from pivotmine.numeric.block_layouts import BlockPage, block_pages
from pivotmine.numeric.nodes import NodeTable, nodes_in_text
from pivotmine.numeric.windows import context_bounds


class NodeColumns(NamedTuple):
    """Rows of table `tokens` as nodes in contexts, D documents."""

    nodes: NDArray[np.int32]
    """[T] node, or blank, of every token, in the order of the contexts."""

    bounds: NDArray[np.int64]
    """[C + 1] where each context begins in `nodes`."""

    document: NDArray[np.int32]
    """[C] row that holds the context."""


class CutColumns(NamedTuple):
    """Nodes in contexts, and the layouts of the rows."""

    columns: NodeColumns
    is_blocks: NDArray[np.bool_]
    """[D] whether a row's languages are laid beside each other (`block_layouts`)."""


def node_columns(
    batch: pa.RecordBatch,
    languages: Sequence[str],
    nodes: NodeTable,
    window_tokens: int | None,
    min_language_share: float,
    block_layouts: bool,
    hidden: NDArray[np.bool_] | None = None,
) -> CutColumns:
    """Rows of table `tokens` as nodes, cut into contexts of `window_tokens`.

    With `block_layouts`, the languages of a page that gives one after the other are laid beside
    each other. Segments that are `hidden`, [S], count as text of no language.
    """
    columns = token_columns(batch)
    language = language_indices(batch.column("segment_langs"), languages)
    if hidden is not None:
        language = np.where(hidden, np.int8(-1), language)
    bounds, document = context_bounds(
        columns.document_offsets,
        columns.segment_ends,
        columns.segment_offsets,
        len(columns.token_ids),
        window_tokens,
    )
    in_text = nodes_in_text(*columns, language, nodes, bounds, min_language_share)
    found = NodeColumns(in_text, bounds, document)
    if not block_layouts or window_tokens is None:
        return CutColumns(found, np.zeros(batch.num_rows, np.bool_))
    pages = list(
        block_pages(
            columns, language, len(languages), bounds, document, window_tokens, min_language_share
        )
    )
    return _with_blocks(found, columns, pages, nodes)


def _with_blocks(
    found: NodeColumns, columns: TokenColumns, pages: Sequence[BlockPage], nodes: NodeTable
) -> CutColumns:
    """The pages with their own contexts in place of windows."""
    is_blocks = np.zeros(len(columns.document_offsets) - 1, np.bool_)
    is_blocks[[page.document for page in pages]] = True
    if not pages:
        return CutColumns(found, is_blocks)
    in_order, bounds, document = found
    starts, rows = [bounds[:-1][~is_blocks[document]]], [document[~is_blocks[document]]]
    for page in pages:
        start, end = columns.document_offsets[page.document : page.document + 2]
        in_order[start:end] = nodes.node_of[page.language, columns.token_ids[start:end][page.place]]
        starts.append(start + page.bounds[:-1])
        rows.append(np.full(len(page.bounds) - 1, page.document, np.int32))
    all_starts = np.concatenate(starts)
    order = np.argsort(all_starts, kind="stable")
    return CutColumns(
        NodeColumns(
            in_order, np.append(all_starts[order], bounds[-1]), np.concatenate(rows)[order]
        ),
        is_blocks,
    )
