"""Rows of table `tokens` to scores, a row for each document and method."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.lake.tables import SCORES
from pivotmine.numeric.arrow_lists import (
    TokenColumns,
    language_indices,
    node_columns,
    token_columns,
)
from pivotmine.numeric.nodes import NodeTable, nodes_in_text, segment_lengths
from pivotmine.stages.score.link_coverage import (
    LinkTable,
    language_entropy,
    link_coverage,
    share_in_set,
)
from pivotmine.stages.score.repeated_segments import copies, document_templates, segment_hashes
from pivotmine.stages.score.segment_runs import segment_runs
from pivotmine.stages.score.translation_structure import (
    TYPES,
    LinkedWords,
    Structure,
    document_types,
    translation_structure,
)

COLUMNS = ("doc_id", "token_ids", "segment_ends", "segment_langs", "n_tokens")
"""What is read of table `tokens`."""

Evidence = list[list[tuple[str, float]]]


class Links(NamedTuple):
    """The links that count, and what follows from them."""

    table: LinkTable
    words: LinkedWords

    ids: NDArray[np.int32]
    """[links] number of each link of the table, from the strongest."""

    max_a_document: int
    """Most links listed for a document; its weakest, that is rarest, are kept."""

    repeated_segments: NDArray[np.int64]
    """Hashes of segments that `min_repeats` documents hold, ascending."""

    repeats: NDArray[np.int64]
    """Documents that hold each of them."""

    min_repeats: int


def bind(
    pivots: NDArray[np.bool_],
    links: Links,
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
        home = _home_nodes(nodes)
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
            coverage = link_coverage(*in_text, batch.num_rows, nodes.language, links.table)
            yield _rows(
                batch,
                "links",
                coverage.covered_tokens / length,
                _evidence(covered_tokens=coverage.covered_tokens, links=coverage.n_links),
            )
            yield _translation(batch, languages, links, nodes, home, language_tokens)

    return score


def _home_nodes(nodes: NodeTable) -> NDArray[np.int32]:
    """[vocab_size] node of a token that is a word of one language only, else the blank."""
    n_languages = np.bincount(nodes.token, minlength=nodes.node_of.shape[1])
    return np.where(n_languages == 1, nodes.node_of[:-1].min(axis=0), len(nodes.token)).astype(
        np.int32
    )


def _translation(
    batch: pa.RecordBatch,
    languages: Sequence[str],
    links: Links,
    nodes: NodeTable,
    home: NDArray[np.int32],
    language_tokens: NDArray[np.int64],
) -> pa.RecordBatch:
    """Best block, type and links of every document."""
    columns = token_columns(batch)
    segment_language = language_indices(batch.column("segment_langs"), languages)
    runs = segment_runs(*columns[1:], segment_language, len(languages))
    blank = len(nodes.token)
    in_text = nodes_in_text(*columns, segment_language, nodes, columns.document_offsets, 0.0)
    # A word of another language in a sentence: no word of the sentence's, but of one other.
    run_language = np.repeat(runs.language, runs.end - runs.start)
    foreign = (in_text == blank) & (run_language >= 0)
    in_text[foreign] = home[columns.token_ids[foreign]]
    hashes = segment_hashes(columns.token_ids, runs.segment_start, runs.segment_end)
    lengths = runs.segment_end - runs.segment_start
    copies_of_segment = copies(hashes, links.repeated_segments, links.repeats)
    templates = document_templates(hashes, copies_of_segment, lengths, runs.segment_offsets)
    n_copies = np.repeat(copies_of_segment, lengths)
    found = translation_structure(
        in_text,
        columns.document_offsets,
        runs,
        nodes.language,
        links.table,
        links.words,
        np.minimum(links.min_repeats / n_copies, 1.0),
    )
    before = np.concatenate(([0], np.cumsum(n_copies > 1)))[columns.document_offsets]
    types = document_types(
        found, language_tokens, np.diff(before), batch.column("n_tokens").to_numpy()
    )
    return _rows(
        batch,
        "translation",
        found.score,
        _structure_evidence(found, languages),
        pa.array(TYPES, pa.string()).take(pa.array(types)),
        _link_lists(found, links, batch.num_rows),
        pa.array(templates, mask=templates == 0),
    )


def _structure_evidence(found: Structure, languages: Sequence[str]) -> Evidence:
    """Figures of the best block, with the languages of its sides in their names."""
    evidence: Evidence = []
    for d, (start, end) in enumerate(found.block.tolist()):
        figures: list[tuple[str, float]] = []
        if end > start:
            figures = [("block_start", start), ("block_end", end), ("order", found.order[d])]
            for side, language in enumerate(found.languages[d].tolist()):
                if language >= 0:
                    name, bits = languages[language], float(found.bits[d, side])
                    share = float(found.covered_bits[d, side]) / bits
                    figures += [(f"bits_{name}", bits), (f"covered_{name}", share)]
        evidence.append([(name, float(value)) for name, value in figures])
    return evidence


def _link_lists(found: Structure, links: Links, n_documents: int) -> pa.ListArray:
    """Numbers of each document's links, ascending; of too many, the last ones."""
    ids = links.ids[found.link]
    order = np.lexsort((-ids, found.document))
    document, ids = found.document[order], ids[order]
    first = np.searchsorted(document, np.arange(n_documents))
    kept = np.arange(len(ids)) - first[document] < links.max_a_document
    document, ids = document[kept][::-1], ids[kept][::-1]
    order = np.argsort(document, kind="stable")
    offsets = np.searchsorted(document[order], np.arange(n_documents + 1))
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), pa.array(ids[order]))


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
    batch: pa.RecordBatch,
    method: str,
    score: NDArray[np.float64],
    evidence: Evidence,
    types: pa.Array | None = None,
    links: pa.ListArray | None = None,
    templates: pa.Array | None = None,
) -> pa.RecordBatch:
    n_documents = batch.num_rows
    return pa.RecordBatch.from_arrays(
        [
            batch.column("doc_id"),
            pa.array([method] * n_documents, pa.string()),
            pa.array(score, pa.float64()),
            batch.column("n_tokens"),
            pa.array(evidence, SCORES.schema.field("evidence").type),
            pa.nulls(n_documents, pa.string()) if types is None else types,
            pa.nulls(n_documents, SCORES.schema.field("links").type) if links is None else links,
            pa.nulls(n_documents, pa.int64()) if templates is None else templates,
        ],
        schema=SCORES.schema,
    )
