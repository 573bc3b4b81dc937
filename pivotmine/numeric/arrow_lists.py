"""List columns of Arrow batches as numpy arrays and back, and language names as indices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pivotmine.numeric.nodes import NodeTable, nodes_in_text
from pivotmine.numeric.windows import context_bounds


class TokenColumns(NamedTuple):
    """Rows of table `tokens` as flat arrays, D documents."""

    token_ids: NDArray[np.int32]
    document_offsets: NDArray[np.int64]
    segment_ends: NDArray[np.int32]
    segment_offsets: NDArray[np.int64]


def token_columns(batch: pa.RecordBatch) -> TokenColumns:
    """Views of `token_ids` and `segment_ends`; values are not copied."""
    token_ids, document_offsets = flat_list(batch.column("token_ids"))
    segment_ends, segment_offsets = flat_list(batch.column("segment_ends"))
    return TokenColumns(token_ids, document_offsets, segment_ends, segment_offsets)


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
    in_text = nodes_in_text(
        *columns,
        language,
        nodes,
        bounds,
        min_language_share,
    )
    return NodeColumns(in_text, bounds, document)


def flat_list(column: pa.ListArray) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Values of a list column of int32, and offsets that begin at 0."""
    offsets = column.offsets.to_numpy().astype(np.int64)
    return column.flatten().to_numpy(zero_copy_only=True), offsets - offsets[0]


def language_indices(column: pa.ListArray, languages: Sequence[str]) -> NDArray[np.int8]:
    """Flat list of language names as indices into `languages`, -1 for any other."""
    found = pc.index_in(column.flatten(), value_set=pa.array(languages, pa.string()))
    indices: NDArray[np.int8] = found.fill_null(-1).to_numpy().astype(np.int8)
    return indices


def list_column(values: NDArray[Any], ends: NDArray[np.int64]) -> pa.ListArray:
    """Values [N] as lists, each of which ends where `ends` [D] says."""
    offsets = np.concatenate(([0], ends)).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values))


def matrix_column(values: NDArray[Any]) -> pa.ListArray:
    """Rows of a matrix [D, W] as lists."""
    n_rows, width = values.shape
    return list_column(values.reshape(-1), np.arange(1, n_rows + 1) * width)
