"""Translation structure: the block of a document that best resembles text beside its translation.

A page is cut into runs of one language. Where two runs of different languages touch, a word counts
as covered if a link joins it to a word of the other run near that place. Text beside its
translation is covered densely on both sides, a line of translated terms on its own side only, and
languages that merely share a page are covered here and there by chance. A word in a sentence of
another language (a term and its gloss) can be covered by its neighbours, too.

A page is scored by its best block, not by its mean. The block is the run of whole segments with
the largest sum over words of bits * (covered - `BREAK_EVEN`), found by Kadane's algorithm; local
alignments are scored like this (Karlin & Altschul 1990, PNAS 87). So a bilingual paragraph in a
long page counts as much as one that stands alone.

A word weighs its information: -log2 of the share of mixed contexts that hold it, at most
`MAX_BITS`. A word that no link joins to the language beside it weighs nothing: it can be neither
covered nor uncovered. In 14 MB of text these are half of the words; counted as uncovered, they
would drown the others. Shares are shrunk by `PRIOR_BITS` uncovered bits, about three content words,
so that two words covered by chance do not outrank a page.

Sums of floats are taken document by document, so a document's figures do not depend on its batch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.numeric.jit import njit
from pivotmine.numeric.nodes import NodeTable
from pivotmine.stages.score.link_coverage import LinkTable
from pivotmine.stages.score.link_meetings import Meetings, link_meetings
from pivotmine.stages.score.segment_runs import Runs

MAX_BITS = 10.0
"""Most information of a word: that of words in a thousandth of the contexts or less."""

BREAK_EVEN = 0.3
"""Share of covered bits at which a block neither wins nor loses by a segment."""

PRIOR_BITS = 20.0
"""Uncovered bits added to each share."""

MAX_REACH_TOKENS = 512
"""How far from the place where two runs touch words are looked up; about a training context."""

REACH_FACTOR, REACH_TOKENS = 4, 32
"""Beside a short run at most 4 times its length plus 32 tokens are looked up: enough for the
sentences above a line of terms, and not so much that a short line finds partners by chance."""

GLOSS_TOKENS = 8
"""How far around a word of another language its partner may stand."""


class LinkedWords(NamedTuple):
    """Information and reach of each of V nodes (the blank included)."""

    bits: NDArray[np.float64]
    """[V] information of the node; 0 where no link holds it."""

    reaches: NDArray[np.bool_]
    """[V, n_languages + 1] whether a link joins the node to a language; the last column, for none,
    is false."""


class Structure(NamedTuple):
    """Figures of D documents, and the links that they realise."""

    score: NDArray[np.float64]
    """[D] 0 to 1: mean of the shrunk share of covered bits of the best block, and of the geometric
    mean of that share on both sides. About 0.9 for a long translated block, at most half of what it
    covers for a one-way gloss, 0 where no word is covered."""

    block: NDArray[np.int64]
    """[D, 2] first token of the best block, and the one after its last, from the document's
    start. Equal where there is none."""

    languages: NDArray[np.int8]
    """[D, 2] languages of the block with most covered bits, -1 for none."""

    covered_bits: NDArray[np.float64]
    """[D, 2] covered bits of the block, in each of the two languages."""

    bits: NDArray[np.float64]
    """[D, 2] bits of all words of the block that could be covered."""

    order: NDArray[np.float64]
    """[D] 1 - 3 * mean distance between the relative places of linked words in their runs: 1 for
    the same order, 0 for random places (their mean distance is a third)."""

    n_turns: NDArray[np.int64]
    """[D] how often the language changes from run to run."""

    document: NDArray[np.int64]
    """[M] document of each distinct link, ascending."""

    link: NDArray[np.int32]
    """[M] place of the link in `LinkTable.partners`, ascending in a document."""


def linked_words(
    one: NDArray[np.int32],
    other: NDArray[np.int32],
    n_one: NDArray[np.int64],
    n_other: NDArray[np.int64],
    n_contexts: NDArray[np.int64],
    nodes: NodeTable,
) -> LinkedWords:
    """Information and reach of every node from the links and their 2x2 margins.

    A node with links to several languages takes its least informative margin.

    Parameters
    ----------
    one, other
        [links] nodes.
    n_one, n_other, n_contexts
        [links] mixed contexts that hold one, the other, and all of the two languages.
    """
    n_nodes, n_languages = len(nodes.language), len(nodes.node_of) - 1
    share = np.zeros(n_nodes)
    np.maximum.at(share, one, n_one / n_contexts)
    np.maximum.at(share, other, n_other / n_contexts)
    bits = np.minimum(-np.log2(share, out=np.full(n_nodes, -0.0), where=share > 0), MAX_BITS)
    reaches = np.zeros((n_nodes, n_languages + 1), np.bool_)
    reaches[one, nodes.language[other]] = True
    reaches[other, nodes.language[one]] = True
    reaches[:, -1] = False
    return LinkedWords(np.maximum(bits, 0.0), reaches)


def translation_structure(
    nodes: NDArray[np.int32],
    document_offsets: NDArray[np.int64],
    runs: Runs,
    token_language: NDArray[np.int8],
    table: LinkTable,
    words: LinkedWords,
    worth: NDArray[np.float64] | None = None,
) -> Structure:
    """Best block, coverage of both sides and realised links of each document.

    Time and memory are proportional to the tokens: each is in two slices at most, and in one more
    for each word of another language within `GLOSS_TOKENS`.

    Parameters
    ----------
    nodes, document_offsets
        [T] node of every token, and [D + 1] where documents begin. A node's language may differ
        from that of its run: a word of another language.
    runs
        The documents' segments and their runs of one language (`segment_runs`).
    token_language, table, words
        [V] language of each node, links between nodes, and what `linked_words` made of them.
    worth
        [T] factor of the bits of each token, below 1 in text that many pages hold.

    Raises
    ------
    InputError
        Tables of another number of nodes, or nodes outside them.
    """
    if len(words.bits) != len(token_language) or len(words.reaches) != len(token_language):
        raise InputError(
            f"linked words are over {len(words.bits)} nodes, token_language over"
            f" {len(token_language)}; both must come from the same vocabulary"
        )
    n_documents = len(document_offsets) - 1
    left, touching = _touching(runs)
    run_of_token = np.repeat(np.arange(len(runs.start)), runs.end - runs.start)
    around = _around_words(nodes, token_language, runs, run_of_token)
    starts, ends = (np.concatenate(pair) for pair in zip(touching, around, strict=True))
    met = link_meetings(nodes, starts, ends, token_language, table)

    bits = _weights(nodes, token_language, runs, left, run_of_token, words)
    if worth is not None:
        bits *= worth
    covered = bits * met.covered
    segment = np.repeat(np.arange(len(runs.segment_end)), runs.segment_end - runs.segment_start)
    n_segments = len(runs.segment_end)
    of_segment = [np.bincount(segment, w, n_segments) for w in (covered, bits)]
    block = _best_blocks(runs.segment_offsets, of_segment[0] - BREAK_EVEN * of_segment[1])
    found = block[:, 1] > block[:, 0]
    tokens = np.repeat(document_offsets[:-1, None], 2, axis=1)
    tokens[found, 0] = runs.segment_start[block[found, 0]]
    tokens[found, 1] = runs.segment_end[block[found, 1] - 1]

    document_of_slice = np.searchsorted(document_offsets, starts, "right") - 1
    document = document_of_slice[met.slice_]
    key = np.unique(document.astype(np.int64) * max(len(table.partners), 1) + met.link)
    realised, link = np.divmod(key, max(len(table.partners), 1))
    sides = _sides(nodes, token_language, document_offsets, tokens, covered, bits, words)
    score, languages, covered_bits, all_bits = sides
    order = _order(met, document, runs.end[left], starts, ends, tokens, bits)
    return Structure(
        score,
        tokens - document_offsets[:-1, None],
        languages,
        covered_bits,
        all_bits,
        order,
        np.bincount(runs.document[left], minlength=n_documents),
        realised,
        link.astype(np.int32),
    )


_Slices = tuple[NDArray[np.int64], NDArray[np.int64]]


def _touching(runs: Runs) -> tuple[NDArray[np.int64], _Slices]:
    """First run of each pair that touches, and the text around the place where they do."""
    known = runs.language >= 0
    left = np.flatnonzero((runs.document[1:] == runs.document[:-1]) & known[1:] & known[:-1])
    length = runs.end - runs.start
    shorter = np.minimum(length[left], length[left + 1])
    reach = np.minimum(MAX_REACH_TOKENS, REACH_FACTOR * shorter + REACH_TOKENS)
    starts = np.maximum(runs.start[left], runs.end[left] - reach)
    ends = np.minimum(runs.end[left + 1], runs.end[left] + reach)
    return left, (starts, ends)


def _around_words(
    nodes: NDArray[np.int32],
    token_language: NDArray[np.int8],
    runs: Runs,
    run_of_token: NDArray[np.int64],
) -> _Slices:
    """The text around each word (or words in a row) of another language than its run."""
    own = token_language[nodes]
    foreign = (own >= 0) & (own != runs.language[run_of_token]) & (runs.language[run_of_token] >= 0)
    here = np.flatnonzero(foreign)
    begins = np.ones(len(here), np.bool_)
    begins[1:] = (here[1:] != here[:-1] + 1) | (run_of_token[here[1:]] != run_of_token[here[:-1]])
    first = here[begins]
    last = here[np.append(begins[1:], True)] if len(here) else here
    run = run_of_token[first]
    return (
        np.maximum(runs.start[run], first - GLOSS_TOKENS),
        np.minimum(runs.end[run], last + 1 + GLOSS_TOKENS),
    )


def _weights(
    nodes: NDArray[np.int32],
    token_language: NDArray[np.int8],
    runs: Runs,
    left: NDArray[np.int64],
    run_of_token: NDArray[np.int64],
    words: LinkedWords,
) -> NDArray[np.float64]:
    """[T] bits of each token that a link joins to the language beside it, 0 for all others."""
    nobody = words.reaches.shape[1] - 1
    before = np.full(len(runs.start), nobody)
    after = before.copy()
    before[left + 1], after[left] = runs.language[left], runs.language[left + 1]
    can_be_covered = words.reaches[nodes, before[run_of_token]]
    can_be_covered |= words.reaches[nodes, after[run_of_token]]
    around = runs.language[run_of_token]
    can_be_covered |= (token_language[nodes] != around) & words.reaches[nodes, around]
    weights: NDArray[np.float64] = words.bits[nodes] * can_be_covered
    return weights


@njit
def _best_blocks(
    segment_offsets: NDArray[np.int64], gain: NDArray[np.float64]
) -> NDArray[np.int64]:
    """[D, 2] the segments in a row with the largest sum above 0; the first ones of equal sums."""
    block = np.zeros((len(segment_offsets) - 1, 2), np.int64)
    for d in range(len(segment_offsets) - 1):
        total, most = 0.0, 0.0
        first = segment_offsets[d]
        for s in range(segment_offsets[d], segment_offsets[d + 1]):
            if total <= 0.0:
                total, first = 0.0, s
            total += gain[s]
            if total > most:
                most = total
                block[d, 0], block[d, 1] = first, s + 1
    return block


def _sides(
    nodes: NDArray[np.int32],
    token_language: NDArray[np.int8],
    document_offsets: NDArray[np.int64],
    block: NDArray[np.int64],
    covered: NDArray[np.float64],
    bits: NDArray[np.float64],
    words: LinkedWords,
) -> tuple[NDArray[np.float64], NDArray[np.int8], NDArray[np.float64], NDArray[np.float64]]:
    """Score, and languages, covered bits and bits of both sides of each block."""
    n_documents, n_languages = len(block), words.reaches.shape[1] - 1
    place = np.arange(len(nodes))
    document = np.repeat(np.arange(n_documents), np.diff(document_offsets))
    own = token_language[nodes]
    inside = (place >= block[document, 0]) & (place < block[document, 1]) & (own >= 0)
    cell = document[inside] * n_languages + own[inside]
    shape = (n_documents, n_languages)
    by_language = [
        np.bincount(cell, w[inside], n_documents * n_languages).reshape(shape)
        for w in (covered, bits)
    ]
    best = np.lexsort((-by_language[1], -by_language[0]))[:, :2]
    of_best = [np.take_along_axis(figures, best, axis=1) for figures in by_language]
    shrunk = of_best[0] / (of_best[1] + PRIOR_BITS)
    pooled = of_best[0].sum(axis=1) / (of_best[1].sum(axis=1) + 2 * PRIOR_BITS)
    score = (pooled + np.sqrt(shrunk.prod(axis=1))) / 2
    languages = np.where(of_best[1] > 0, best, -1).astype(np.int8)
    return score, languages, of_best[0], of_best[1]


def _order(
    met: Meetings,
    document: NDArray[np.int64],
    touch: NDArray[np.int64],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    block: NDArray[np.int64],
    bits: NDArray[np.float64],
) -> NDArray[np.float64]:
    """[D] how far linked words stand in the same order in both runs; glosses say nothing."""
    low, high = (f(met.holder_at, met.partner_at) for f in (np.minimum, np.maximum))
    of_runs = met.slice_ < len(touch)
    at = touch[np.minimum(met.slice_, max(len(touch) - 1, 0))] if len(touch) else low
    kept = of_runs & (low >= block[document, 0]) & (high < block[document, 1])
    kept &= (low < at) & (high >= at)
    low, high, at, slice_ = low[kept], high[kept], at[kept], met.slice_[kept]
    begin = np.maximum(starts[slice_], block[document[kept], 0])
    end = np.minimum(ends[slice_], block[document[kept], 1])
    in_left, in_right = (low - begin) / (at - begin), (high - at) / (end - at)
    weight = np.minimum(bits[low], bits[high])
    n_documents = len(block)
    total = np.bincount(document[kept], weight, n_documents)
    distance = np.bincount(document[kept], weight * np.abs(in_left - in_right), n_documents)
    return np.where(total > 0, 1 - 3 * distance / np.where(total > 0, total, 1.0), 0.0)
