"""Rows of table `tokens` as nodes in contexts, for the steps that count or look up nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.numeric.arrow_batches import language_indices, token_columns
from pivotmine.numeric.nodes import NodeTable, nodes_in_text
from pivotmine.numeric.windows import context_bounds


class NodeColumns(NamedTuple):
    """Rows of table `tokens` as nodes in contexts, D documents."""

    nodes: NDArray[np.int32]
    """[T] node, or blank, of every token."""

    bounds: NDArray[np.int64]
    """[C + 1] where each context begins in `nodes`."""

    document: NDArray[np.int32]
    """[C] row that holds the context."""


def node_columns(
    batch: pa.RecordBatch,
    languages: Sequence[str],
    nodes: NodeTable,
    window_tokens: int | None,
    min_language_share: float,
    hidden: NDArray[np.bool_] | None = None,
) -> NodeColumns:
    """Rows of table `tokens` as nodes, cut into contexts of `window_tokens`.

    Segments that are `hidden`, [S], count as text of no language.
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
    return NodeColumns(in_text, bounds, document)
