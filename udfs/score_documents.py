"""Rows of table `tokens` to scores, three rows a document."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.kernels.link_coverage import (
    LinkTable,
    language_entropy,
    link_coverage,
    share_in_set,
)
from pivotmine.kernels.nodes import NodeTable, segment_lengths
from pivotmine.schema import SCORES
from udfs.arrow_lists import (
    TokenColumns,
    language_indices,
    node_columns,
    token_columns,
)

COLUMNS = ("doc_id", "token_ids", "segment_ends", "segment_langs", "n_tokens")
"""What is read of table `tokens`."""

Evidence = list[list[tuple[str, float]]]


def bind(
    pivots: NDArray[np.bool_],
    links: LinkTable,
    nodes: NodeTable,
    languages: Sequence[str],
    window_tokens: int | None,
    min_language_share: float,
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Batches of table `tokens` to rows of table `scores`.

    Parameters
    ----------
    pivots
        [vocab_size] whether a token is in the pivot set of method he2025.
    links, nodes
        Links between nodes, and the nodes of the text.
    window_tokens
        Longest window in which a link must be realised; None for the whole document.
    min_language_share
        Share of a context's tokens that a language must hold to take part in it.
    """

    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            columns = token_columns(batch)
            n_tokens = batch.column("n_tokens").to_numpy()
            length = np.maximum(n_tokens, 1)

            in_set = share_in_set(columns.token_ids, columns.document_offsets, pivots)
            yield _rows(batch, "he2025", in_set / length, _evidence(pivot_tokens=in_set))

            language_tokens = _tokens_by_language(batch, columns, languages)
            by_name = {name: language_tokens[:, i] for i, name in enumerate(languages)}
            yield _rows(batch, "entropy", language_entropy(language_tokens), _evidence(**by_name))

            in_text = node_columns(batch, languages, nodes, window_tokens, min_language_share)
            coverage = link_coverage(*in_text, batch.num_rows, nodes.language, links)
            yield _rows(
                batch,
                "links",
                coverage.covered_tokens / length,
                _evidence(covered_tokens=coverage.covered_tokens, links=coverage.n_links),
            )

    return score


def _tokens_by_language(
    batch: pa.RecordBatch, columns: TokenColumns, languages: Sequence[str]
) -> NDArray[np.int64]:
    """[D, L] tokens in segments of each language."""
    result = np.zeros((batch.num_rows, len(languages)), np.int64)
    lengths = segment_lengths(columns.segment_ends, columns.segment_offsets)
    document = np.repeat(np.arange(batch.num_rows), np.diff(columns.segment_offsets))
    language = language_indices(batch.column("segment_langs"), languages)
    known = language >= 0
    np.add.at(result, (document[known], language[known]), lengths[known])
    return result


def _evidence(**figures: NDArray[np.integer]) -> Evidence:
    """One map a document, zeros left out."""
    names = list(figures)
    return [
        [(name, float(value)) for name, value in zip(names, row, strict=True) if value]
        for row in np.stack(list(figures.values()), axis=1).tolist()
    ]


def _rows(
    batch: pa.RecordBatch, method: str, score: NDArray[np.float64], evidence: Evidence
) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(
        [
            batch.column("doc_id"),
            pa.array([method] * batch.num_rows, pa.string()),
            pa.array(score, pa.float64()),
            batch.column("n_tokens"),
            pa.array(evidence, SCORES.schema.field("evidence").type),
        ],
        schema=SCORES.schema,
    )
