"""What a score is computed from: a batch of documents, and facts of the whole corpus."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.numeric.arrow_batches import TokenColumns, language_indices, token_columns
from pivotmine.numeric.node_columns import CutColumns, node_columns
from pivotmine.numeric.nodes import NodeTable, segment_lengths
from pivotmine.stages.score.link_coverage import LinkTable
from pivotmine.stages.score.translation_structure import LinkedWords

COLUMNS = ("doc_id", "token_ids", "segment_ends", "segment_langs", "n_tokens")
"""Columns of table `tokens` that are read."""


class ScoringLinks(NamedTuple):
    """The links that prevail and are no copies, as far as `score.max_links` goes."""

    table: LinkTable
    words: LinkedWords

    ids: NDArray[np.int32]
    """[links] number of each link of the table, from the strongest."""

    max_a_document: int
    """Most links listed for a document; its weakest, which are the rarest, are kept."""


class Boilerplate(NamedTuple):
    """Segments that many documents hold."""

    segments: NDArray[np.int64]
    """Hashes of segments that `min_repeats` documents hold, ascending."""

    n_docs: NDArray[np.int64]
    """Documents that hold each of them."""

    min_repeats: int


@dataclass(frozen=True)
class Corpus:
    """Facts of the corpus by which documents are scored; shipped to every worker.

    Parameters
    ----------
    languages
        Languages of the recipe, in alphabetical order.
    nodes
        Tokens with a language, by number.
    in_pivot_set
        [V] whether a token is in the pivot set of method he2025.
    links, boilerplate
        Links between nodes, and segments that repeat.
    window_tokens
        Longest window, in which both words of a link must be; None for the whole document.
    min_language_share
        Share of a context's tokens that a language must hold to take part in it.
    block_layouts
        Whether pages with one language after the other have contexts of their own.
    pieces
        [V] the strings of tokens; empty unless a score of the recipe is registered with
        `pieces=True`.
    """

    languages: tuple[str, ...]
    nodes: NodeTable
    in_pivot_set: NDArray[np.bool_]
    links: ScoringLinks
    boilerplate: Boilerplate
    window_tokens: int | None
    min_language_share: float
    block_layouts: bool
    pieces: tuple[str, ...] = ()

    @cached_property
    def home_nodes(self) -> NDArray[np.int32]:
        """[V] node of each token that is a word of one language only; the blank for others."""
        nodes = self.nodes
        n_languages = np.bincount(nodes.token, minlength=nodes.node_of.shape[1])
        home = np.where(n_languages == 1, nodes.node_of[:-1].min(axis=0), len(nodes.token))
        return home.astype(np.int32)


class Documents:
    """A batch of D documents as flat arrays of T tokens and S segments.

    Arrays are views of Arrow memory; do not write into them.
    """

    def __init__(self, batch: pa.RecordBatch, corpus: Corpus) -> None:
        self.batch = batch
        self.corpus = corpus
        self.n = batch.num_rows

    @cached_property
    def columns(self) -> TokenColumns:
        """Tokens and segments as flat arrays."""
        return token_columns(self.batch)

    @property
    def token_ids(self) -> NDArray[np.int32]:
        """[T] token ids, document after document."""
        return self.columns.token_ids

    @property
    def offsets(self) -> NDArray[np.int64]:
        """[D + 1] where each document begins in `token_ids`."""
        return self.columns.document_offsets

    @property
    def segment_ends(self) -> NDArray[np.int32]:
        """[S] where each segment ends, in tokens from the start of its document."""
        return self.columns.segment_ends

    @property
    def segment_offsets(self) -> NDArray[np.int64]:
        """[D + 1] where the segments of each document begin."""
        return self.columns.segment_offsets

    @cached_property
    def segment_language(self) -> NDArray[np.int8]:
        """[S] language of each segment, an index into `corpus.languages`; -1 for all others."""
        return language_indices(self.batch.column("segment_langs"), self.corpus.languages)

    @cached_property
    def document(self) -> NDArray[np.int64]:
        """[T] document of each token."""
        return np.repeat(np.arange(self.n), np.diff(self.offsets))

    @property
    def n_tokens(self) -> NDArray[np.int32]:
        """[D] tokens of each document."""
        lengths: NDArray[np.int32] = self.batch.column("n_tokens").to_numpy()
        return lengths

    @property
    def length(self) -> NDArray[np.int32]:
        """[D] tokens of each document, at least 1, to divide by."""
        return np.maximum(self.n_tokens, 1)

    @property
    def pieces(self) -> tuple[str, ...]:
        """[V] the string of each token, for scores registered with `pieces=True`."""
        return self.corpus.pieces

    @cached_property
    def language_tokens(self) -> NDArray[np.int64]:
        """[D, L] tokens in segments of each language."""
        result = np.zeros((self.n, len(self.corpus.languages)), np.int64)
        lengths = segment_lengths(self.segment_ends, self.segment_offsets)
        document = np.repeat(np.arange(self.n), np.diff(self.segment_offsets))
        known = self.segment_language >= 0
        np.add.at(result, (document[known], self.segment_language[known]), lengths[known])
        return result

    @cached_property
    def in_contexts(self) -> CutColumns:
        """Nodes of the text, [T], and the contexts in which they meet."""
        corpus = self.corpus
        return node_columns(
            self.batch,
            corpus.languages,
            corpus.nodes,
            corpus.window_tokens,
            corpus.min_language_share,
            corpus.block_layouts,
        )
