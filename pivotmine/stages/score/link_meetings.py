"""Which links are realised in given slices of text, and by which tokens.

Links are looked up as in `link_coverage.py`. Here slices may overlap (two neighbouring runs of
text, a word and its surroundings), and places are kept: which tokens are covered, and where the two
words of each link stand. Score translation is computed from these.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.numeric.arrays import check_range, readonly
from pivotmine.numeric.jit import njit
from pivotmine.stages.score.link_coverage import LinkTable, checked_text


class Meetings(NamedTuple):
    """Links in slices of text."""

    covered: NDArray[np.bool_]
    """[T] whether a token meets a linked partner in a slice that holds both."""

    slice_: NDArray[np.int32]
    """[M] slice of each meeting; a link meets once a slice. Ascending."""

    link: NDArray[np.int32]
    """[M] place of the link in `LinkTable.partners`. Ascending within a slice."""

    holder_at: NDArray[np.int64]
    """[M] first place, an index into the tokens, of the token that holds the link."""

    partner_at: NDArray[np.int64]
    """[M] first place of its partner."""


def link_meetings(
    token_ids: NDArray[np.int32],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    token_language: NDArray[np.int8],
    table: LinkTable,
) -> Meetings:
    """Match slices of text against the links.

    Work: one write per token of each slice and one look-up per link of its distinct tokens. Memory:
    12 B per vocabulary entry, 24 B per meeting.

    Parameters
    ----------
    token_ids
        [T] ids, or nodes.
    starts, ends
        [C] slices `token_ids[start:end]`; they may overlap, and be empty.
    token_language
        [V] language index of each id, -1 for none. Links within a language, or with a token
        without language, are ignored.

    Raises
    ------
    InputError
        Ids outside the vocabulary, a table of another vocabulary, slices outside the text.
    """
    tokens, language, offsets, partners = checked_text(token_ids, token_language, table)
    first = readonly(starts, np.int64, "starts")
    last = readonly(ends, np.int64, "ends")
    if len(first) != len(last) or bool(np.any(first > last)):
        raise InputError("every slice needs a start and an end that is not before it")
    check_range(first, 0, len(tokens) + 1, "starts")
    check_range(last, 0, len(tokens) + 1, "ends")
    return Meetings(*_meet(tokens, first, last, language, offsets, partners))


_Found = tuple[
    NDArray[np.bool_], NDArray[np.int32], NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]
]


@njit
def _meet(
    tokens: NDArray[np.int32],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    language: NDArray[np.int8],
    offsets: NDArray[np.int64],
    partners: NDArray[np.int32],
) -> _Found:
    covered = np.zeros(len(tokens), np.bool_)
    # Both of these hold a place in the slice plus 1 + the places of all slices before it, so that
    # neither has to be cleared.
    first = np.zeros(len(language), np.int64)
    met = np.full(len(language), -1, np.int32)
    slices = np.empty(1024, np.int32)
    links = np.empty(1024, np.int32)
    holders = np.empty(1024, np.int64)
    others = np.empty(1024, np.int64)
    n = 0
    base = np.int64(1)
    for c in range(len(starts)):
        start, end = starts[c], ends[c]
        found = n
        for i in range(start, end):
            if first[tokens[i]] < base:
                first[tokens[i]] = base + (i - start)
        for i in range(start, end):
            t = tokens[i]
            if language[t] < 0 or first[t] != base + (i - start):
                continue
            for k in range(offsets[t], offsets[t + 1]):
                p = partners[k]
                if first[p] < base or language[p] < 0 or language[p] == language[t]:
                    continue
                if n == len(slices):
                    slices = np.concatenate((slices, np.empty(n, np.int32)))
                    links = np.concatenate((links, np.empty(n, np.int32)))
                    holders = np.concatenate((holders, np.empty(n, np.int64)))
                    others = np.concatenate((others, np.empty(n, np.int64)))
                slices[n] = c
                links[n] = k
                holders[n] = i
                others[n] = start + (first[p] - base)
                met[t] = c
                met[p] = c
                n += 1
        order = found + np.argsort(links[found:n])
        links[found:n] = links[order]
        holders[found:n] = holders[order]
        others[found:n] = others[order]
        for i in range(start, end):
            if met[tokens[i]] == c:
                covered[i] = True
        base += end - start
    return covered, slices[:n].copy(), links[:n].copy(), holders[:n].copy(), others[:n].copy()
