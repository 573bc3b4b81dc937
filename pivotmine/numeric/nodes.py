"""Nodes: a node is a token in text of one language. Nodes co-occur, are linked, and are bridges.

A token alone does not say which word it is. `chat` is an animal in French and a conversation in
English; 猫 is a cat in Chinese and in Japanese; `son` is French by its shares, and a child in an
English sentence. With one language for each token, the first two would be left out as shared, and
the English `son` would count as French. So an occurrence takes the language of its segment if the
token is a word of that language (its share of the token is large enough). Other occurrences, such
as a product name in a Chinese sentence, are blank. Counting kernels skip blanks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.numeric.arrays import check_range, offsets_array, readonly
from pivotmine.numeric.jit import njit


class NodeTable(NamedTuple):
    """Nodes, numbered by (language, token), and the blank after the last."""

    node_of: NDArray[np.int32]
    """[n_languages + 1, vocab_size] node of a token in text of a language; the last row is for text
    of no language and all blank."""

    token: NDArray[np.int32]
    """[n_nodes]"""

    language: NDArray[np.int8]
    """[n_nodes + 1] index of each node's language; -1 for the blank."""


def node_table(
    token: NDArray[np.int32], language: NDArray[np.int8], vocab_size: int, n_languages: int
) -> NodeTable:
    """Number the given (token, language) pairs.

    Parameters
    ----------
    token, language
        [n_nodes] distinct pairs, in any order.
    """
    order = np.lexsort((token, language))
    n_nodes = len(order)
    node_of = np.full((n_languages + 1, vocab_size), n_nodes, np.int32)
    node_of[language[order], token[order]] = np.arange(n_nodes, dtype=np.int32)
    return NodeTable(
        node_of, token[order].astype(np.int32), np.append(language[order], -1).astype(np.int8)
    )


def first_nodes(table: NodeTable, n_languages: int) -> NDArray[np.int64]:
    """[n_languages + 1] where the nodes of each language begin."""
    return np.searchsorted(table.language[:-1], np.arange(n_languages + 1)).astype(np.int64)


def nodes_in_text(
    token_ids: NDArray[np.int32],
    document_offsets: NDArray[np.int64],
    segment_ends: NDArray[np.int32],
    segment_offsets: NDArray[np.int64],
    segment_language: NDArray[np.int8],
    table: NodeTable,
    context_bounds: NDArray[np.int64],
    min_language_share: float,
) -> NDArray[np.int32]:
    """[T] node, or blank, of every token of a batch of documents.

    Parameters
    ----------
    token_ids, document_offsets
        [T] ids of all documents, one after another, and [D + 1] where each begins in them.
    segment_ends
        [S] ends of segments, relative to the start of the document. Tokens after the last end of a
        document are text of no language.
    segment_offsets
        [D + 1] where each document's segments begin.
    segment_language
        [S] language index of each segment, -1 for none.
    context_bounds
        [C + 1] where each context begins in `token_ids`.
    min_language_share
        Tokens of a language are blank in contexts where it holds a smaller share.

    Raises
    ------
    InputError
        Token ids or languages outside the table, or broken offsets.
    """
    n_rows, vocab_size = table.node_of.shape
    tokens = readonly(token_ids, np.int32, "token_ids")
    check_range(tokens, 0, vocab_size, "token_ids")
    language = readonly(segment_language, np.int8, "segment_language")
    check_range(language, -1, n_rows - 1, "segment_language")
    documents = offsets_array(document_offsets, len(tokens), "document_offsets")
    bounds = offsets_array(context_bounds, len(tokens), "context_bounds")
    for name, offsets in (("document_offsets", documents), ("context_bounds", bounds)):
        if offsets[0] != 0 or offsets[-1] != len(tokens):
            raise InputError(f"{name} must cover token_ids")
    lengths, around = _spans(documents, segment_ends, segment_offsets, language)
    if lengths.size and lengths.min() < 0:
        raise InputError("segment_ends must rise within each document, up to its token count")
    return _nodes(tokens, np.cumsum(lengths), around, table.node_of, bounds, min_language_share)


def segment_lengths(
    segment_ends: NDArray[np.int32], segment_offsets: NDArray[np.int64]
) -> NDArray[np.int64]:
    """[S] tokens in each segment."""
    lengths = np.diff(segment_ends, prepend=0).astype(np.int64)
    # The first segment of a document begins at 0, not where the document before it ended.
    first = segment_offsets[:-1][np.diff(segment_offsets) > 0]
    lengths[first] = segment_ends[first]
    return lengths


def _spans(
    document_offsets: NDArray[np.int64],
    segment_ends: NDArray[np.int32],
    segment_offsets: NDArray[np.int64],
    segment_language: NDArray[np.int8],
) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Lengths and languages of all segments, with the rest of each document as one more."""
    lengths = segment_lengths(segment_ends, segment_offsets)
    in_segments = np.concatenate(([0], np.cumsum(lengths)))[segment_offsets]
    after = np.diff(document_offsets) - np.diff(in_segments)
    return (
        np.insert(lengths, segment_offsets[1:], after),
        np.insert(segment_language, segment_offsets[1:], -1),
    )


@njit
def _nodes(
    token_ids: NDArray[np.int32],
    span_ends: NDArray[np.int64],
    span_language: NDArray[np.int8],
    node_of: NDArray[np.int32],
    bounds: NDArray[np.int64],
    min_language_share: float,
) -> NDArray[np.int32]:
    n_languages = len(node_of) - 1
    nodes = np.empty(len(token_ids), np.int32)
    held = np.zeros(n_languages + 1, np.int64)
    first = 0
    for c in range(len(bounds) - 1):
        start, end = bounds[c], bounds[c + 1]
        while first < len(span_ends) and span_ends[first] <= start:
            first += 1
        # Languages are tallied by segment, without reading tokens.
        s, position = first, start
        while position < end:
            stop = min(span_ends[s], end)
            held[span_language[s]] += stop - position
            position = stop
            s += 1
        least = min_language_share * (end - start)
        s, position = first, start
        while position < end:
            stop = min(span_ends[s], end)
            language = span_language[s]
            if held[language] < least:
                language = -1
            for i in range(position, stop):
                nodes[i] = node_of[language, token_ids[i]]
            position = stop
            s += 1
        for s in range(first, len(span_ends)):
            held[span_language[s]] = 0
            if span_ends[s] >= end:
                break
    return nodes
