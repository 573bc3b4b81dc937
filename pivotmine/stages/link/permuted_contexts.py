"""Contexts in which words of two languages meet by chance alone: the null of the link test.

For every two languages, the text of the second is moved to another context of the same stratum.
Each context keeps its text of the first language, and every word the number of contexts of each
stratum that hold it, so all margins stay the same. Words that still meet do so for reasons other
than translation, as far as strata tell. What passes the test there is false.

A permutation is numbered, and depends on the contexts of a block, its number, and nothing else: not
on their order, nor on where they come from. `blocks.py` says what a block is.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.arrays import readonly
from pivotmine.numeric.folded_contexts import FoldedContexts
from pivotmine.numeric.mix import mix64
from pivotmine.stages.link.strata import Strata, mixed_contexts, strata_of


def permuted_contexts(
    contexts: FoldedContexts, first_node: NDArray[np.int64], strata: Strata, number: int
) -> FoldedContexts:
    """The contexts of every two languages, each with the second text of another context.

    A context of three languages becomes three of two. The contexts of a stratum are ordered by
    hashes of their texts and the number of the permutation, and each gets the second text of the
    one before it. Folds and sources stay with the first language. Memory: 24 B a token, 16 B a
    context and language.

    Parameters
    ----------
    first_node
        [n_languages + 1] where the nodes of each language begin.
    number
        Of the permutation, 0 or more.

    Raises
    ------
    InputError
        As `strata.mixed_contexts` and `strata.strata_of`.
    """
    nodes = readonly(contexts.token_ids, np.int32, "token_ids")
    sums = _running_sums(nodes)
    salt = mix64(np.array([number], np.uint64))
    sizes, moved_nodes = [np.empty(0, np.int64)], [np.empty(0, np.int32)]
    folds, sources = [np.empty(0, np.uint8)], [np.empty(0, np.uint32)]
    for mixed in mixed_contexts(contexts, first_node):
        stratum = strata_of(mixed, strata)
        one, other = (
            sums[start + length] - sums[start]
            for start, length in zip(mixed.starts, mixed.lengths, strict=True)
        )
        texts = mix64(one ^ mix64(other ^ salt))
        # Copies are told apart by their folds and sources, and else do not matter.
        ties = (contexts.folds[mixed.context], contexts.sources[mixed.context])
        # Copies in a row would get their own text back.
        drawn = mix64(texts ^ _copy_numbers(texts, ties))
        source = _previous_of_stratum(np.lexsort((*ties, drawn, stratum)), stratum)
        start = np.stack((mixed.starts[0], mixed.starts[1][source]), axis=1).ravel()
        length = np.stack((mixed.lengths[0], mixed.lengths[1][source]), axis=1).ravel()
        sizes.append(length.reshape(-1, 2).sum(axis=1))
        moved_nodes.append(nodes[_places(start, length)])
        folds.append(contexts.folds[mixed.context])
        sources.append(contexts.sources[mixed.context])
    return FoldedContexts(
        np.concatenate(([0], np.cumsum(np.concatenate(sizes)))),
        np.concatenate(moved_nodes),
        np.concatenate(folds),
        np.concatenate(sources),
    )


def deal(contexts: FoldedContexts, n_blocks: int) -> Iterator[tuple[int, FoldedContexts]]:
    """Blocks 0..n_blocks - 1, and which of the contexts are of each; a hash of a context decides.

    The hash is of its nodes and its source. Copies are of one block.
    """
    sums = _running_sums(contexts.token_ids)
    of_nodes = sums[contexts.offsets[1:]] - sums[contexts.offsets[:-1]]
    hashes = mix64(of_nodes ^ mix64(contexts.sources.astype(np.uint64)))
    block = ((hashes >> np.uint64(32)) * np.uint64(n_blocks)) >> np.uint64(32)
    lengths = np.diff(contexts.offsets)
    for number in np.unique(block).tolist():
        of_block = np.flatnonzero(block == number)
        sizes = lengths[of_block]
        yield (
            number,
            FoldedContexts(
                np.concatenate(([0], np.cumsum(sizes))),
                contexts.token_ids[_places(contexts.offsets[of_block], sizes)],
                contexts.folds[of_block],
                contexts.sources[of_block],
            ),
        )


def _running_sums(nodes: NDArray[np.int32]) -> NDArray[np.uint64]:
    """[N + 1] sums of the hashes of all nodes before each place, modulo 2**64."""
    hashes = mix64(nodes.astype(np.uint64))
    return np.concatenate((np.zeros(1, np.uint64), np.cumsum(hashes, dtype=np.uint64)))


def _copy_numbers(
    texts: NDArray[np.uint64], ties: tuple[NDArray[np.uint8], NDArray[np.uint32]]
) -> NDArray[np.uint64]:
    """[M] number of each context among those of the same text, from 0."""
    order = np.lexsort((*ties, texts))
    in_order = texts[order]
    fresh = np.concatenate((np.ones(min(len(order), 1), np.bool_), in_order[1:] != in_order[:-1]))
    first = np.flatnonzero(fresh)
    numbers = np.empty(len(order), np.uint64)
    numbers[order] = np.arange(len(order)) - np.repeat(first, np.diff(first, append=len(order)))
    return numbers


def _previous_of_stratum(order: NDArray[np.intp], stratum: NDArray[np.int64]) -> NDArray[np.intp]:
    """[M] the context before each one in the order of its stratum; before the first, the last."""
    in_order = stratum[order]
    fresh = np.concatenate((np.ones(min(len(order), 1), np.bool_), in_order[1:] != in_order[:-1]))
    first = np.flatnonzero(fresh)
    last = np.append(first[1:], len(order)) - 1
    before = np.arange(len(order)) - 1
    before[first] = last
    source = np.empty(len(order), np.intp)
    source[order] = order[before]
    return source


def _places(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Positions of all values of some spans, one span after another."""
    ends = np.cumsum(lengths)
    places: NDArray[np.int64] = np.repeat(starts - (ends - lengths), lengths)
    places += np.arange(len(places))
    return places
