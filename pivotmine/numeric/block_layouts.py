"""Pages that give one language after the other: block beside block instead of windows.

On such a page a window holds one language, and only the one at the seam holds two. So the texts of
its languages are laid beside each other: each is cut into as many pieces as the page has windows,
and context k is piece k of every language.

Pieces are aligned by length, as Gale and Church (1993, A program for aligning sentences in
bilingual corpora, Computational Linguistics 19) align sentences, between fixed points:

* where both texts have the same number of segments, the ends of the segments;
* otherwise tokens that occur once in both texts, such as names and numbers, at about the same
  relative place. Of these, the longest series that rises in both texts is taken (patience sorting).

The layout of a page is that of blocks if its two main languages have texts of similar length, and
windows hold too little of the shorter one together with the other. A page has contexts of one kind
only. Pages on which a language is a menu or a licence keep their windows.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.arrow_batches import TokenColumns
from pivotmine.numeric.nodes import segment_lengths

_LEAST_RATIO = 0.5
"""Least length of a text, as a share of the longest of the page."""

_MOST_IN_WINDOWS = 0.5
"""Windows are kept if they hold this share of the second text together with the first."""

_MOST_DRIFT = 0.1
"""How far apart the relative places of a fixed point may be."""


class BlockPage(NamedTuple):
    """A page of block layout, its tokens in the order of its contexts."""

    document: int
    place: NDArray[np.int64]
    """[n] place of each token, from the start of the page."""

    language: NDArray[np.int8]
    """[n] language of each token; -1 for tokens that are in no context."""

    bounds: NDArray[np.int64]
    """[C + 1] where the contexts begin in `place`; none is empty. Tokens of no language come last,
    in one of their own."""


def block_pages(
    columns: TokenColumns,
    segment_language: NDArray[np.int8],
    n_languages: int,
    bounds: NDArray[np.int64],
    document: NDArray[np.int32],
    window_tokens: int,
    min_language_share: float,
) -> Iterator[BlockPage]:
    """The pages of a batch that are laid out in blocks, in order.

    Parameters
    ----------
    segment_language
        [S] language of each segment, -1 for none.
    bounds, document
        Windows of the batch, as `context_bounds` gives them.
    window_tokens
        Tokens of a context, about.
    min_language_share
        Share of a window's tokens that a language must hold to take part in it.
    """
    lengths = segment_lengths(columns.segment_ends, columns.segment_offsets)
    for page in _candidates(columns, lengths, segment_language, n_languages, window_tokens):
        segments = slice(columns.segment_offsets[page], columns.segment_offsets[page + 1])
        start, end = columns.document_offsets[page : page + 2]
        of_token = np.full(end - start, -1, np.int8)
        known = np.repeat(segment_language[segments], lengths[segments])
        of_token[: len(known)] = known
        first, last = np.searchsorted(document, [page, page + 1])
        windows = np.diff(bounds[first : last + 1])
        if _is_seen(of_token, windows, n_languages, min_language_share):
            continue
        texts = _texts(columns.token_ids[start:end], of_token, lengths[segments], n_languages)
        yield _laid_out(page, texts, of_token, window_tokens)


class _Text(NamedTuple):
    """The text of one language of a page."""

    place: NDArray[np.int64]
    """[n] places of its tokens."""

    token_ids: NDArray[np.int32]
    """[n]"""

    ends: NDArray[np.int64]
    """Where its segments end, in tokens of the text."""


def _candidates(
    columns: TokenColumns,
    lengths: NDArray[np.int64],
    segment_language: NDArray[np.int8],
    n_languages: int,
    window_tokens: int,
) -> list[int]:
    """Pages of more than a window whose two main languages are of similar length."""
    n_pages = len(columns.document_offsets) - 1
    page = np.repeat(np.arange(n_pages), np.diff(columns.segment_offsets))
    known = segment_language >= 0
    held = np.bincount(
        page[known] * n_languages + segment_language[known],
        weights=lengths[known],
        minlength=n_pages * n_languages,
    ).reshape(n_pages, n_languages)
    most = np.sort(held, axis=1)
    similar = (most[:, -2] > 0) & (most[:, -2] >= _LEAST_RATIO * most[:, -1])
    long = np.diff(columns.document_offsets) > window_tokens
    return np.flatnonzero(similar & long).tolist()  # type: ignore[no-any-return]


def _is_seen(
    of_token: NDArray[np.int8],
    windows: NDArray[np.int64],
    n_languages: int,
    min_language_share: float,
) -> bool:
    """Whether windows hold enough of the second text together with the first."""
    window = np.repeat(np.arange(len(windows)), windows)
    cells = window * (n_languages + 1) + of_token + 1
    held = np.bincount(cells, minlength=len(windows) * (n_languages + 1))
    held = held.reshape(len(windows), n_languages + 1)[:, 1:]
    second, first = np.argsort(held.sum(axis=0), kind="stable")[-2:]
    takes_part = (held > 0) & (held >= min_language_share * windows[:, None])
    both = takes_part[:, first] & takes_part[:, second]
    seen = held[both, second].sum()
    return bool(seen >= _MOST_IN_WINDOWS * held[:, second].sum())


def _texts(
    token_ids: NDArray[np.int32],
    of_token: NDArray[np.int8],
    lengths: NDArray[np.int64],
    n_languages: int,
) -> list[_Text]:
    """The texts of a page that are long enough, the longest first."""
    ends = np.cumsum(lengths)
    texts = []
    for language in range(n_languages):
        is_of = of_token == language
        place = np.flatnonzero(is_of)
        if len(place):
            before = np.cumsum(is_of)
            of_language = ends[(lengths > 0) & is_of[np.maximum(ends - 1, 0)]]
            texts.append(_Text(place, token_ids[place], before[of_language - 1]))
    texts.sort(key=lambda text: -len(text.place))
    return [text for text in texts if len(text.place) >= _LEAST_RATIO * len(texts[0].place)]


def _laid_out(
    page: int, texts: list[_Text], of_token: NDArray[np.int8], window_tokens: int
) -> BlockPage:
    """Contexts of about `window_tokens`, and the rest of the page as one more."""
    n = -(-sum(len(text.place) for text in texts) // window_tokens)
    longest = texts[0]
    cuts = np.round(np.linspace(0, len(longest.place), n + 1))
    of_texts = [_aligned(longest, text, cuts).astype(np.int64) for text in texts]
    pieces = [
        text.place[of_text[k] : of_text[k + 1]]
        for k in range(n)
        for text, of_text in zip(texts, of_texts, strict=True)
    ]
    is_rest = np.ones(len(of_token), np.bool_)
    for text in texts:
        is_rest[text.place] = False
    rest = np.flatnonzero(is_rest)
    place = np.concatenate([*pieces, rest])
    language = of_token[place]
    language[len(place) - len(rest) :] = -1
    sizes = np.sum([np.diff(of_text) for of_text in of_texts], axis=0)
    sizes = np.append(sizes, len(rest))
    bounds = np.cumsum(np.concatenate(([0], sizes[sizes > 0])))
    return BlockPage(page, place, language, bounds)


def _aligned(one: _Text, other: _Text, cuts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places in a text that stand beside places in another one."""
    if len(one.ends) == len(other.ends):
        points = one.ends, other.ends
    else:
        points = _copies(one.token_ids, other.token_ids)
    whole = len(one.place), len(other.place)
    x, y = (np.concatenate(([0], at, [end])) for at, end in zip(points, whole, strict=True))
    aligned: NDArray[np.float64] = np.round(np.interp(cuts, x, y))
    # A fixed point may be the first token of one text, and not of the other.
    aligned[[0, -1]] = 0, whole[1]
    return aligned


def _copies(
    one: NDArray[np.int32], other: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places of tokens that occur once in both texts, rising in both."""
    (tokens, x), (others, y) = _once(one), _once(other)
    _, of_one, of_other = np.intersect1d(tokens, others, assume_unique=True, return_indices=True)
    x, y = x[of_one], y[of_other]
    near = np.abs(x / len(one) - y / len(other)) <= _MOST_DRIFT
    order = np.argsort(x[near])
    x, y = x[near][order], y[near][order]
    kept = _longest_rise(y.tolist())
    return x[kept], y[kept]


def _once(token_ids: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Tokens that occur once, and where."""
    values, first, counts = np.unique(token_ids, return_index=True, return_counts=True)
    return values[counts == 1], first[counts == 1]


def _longest_rise(values: list[int]) -> list[int]:
    """Indices of a longest rising series of distinct numbers."""
    heads: list[int] = []  # lowest last value of a series of each length
    last: list[int] = []  # its index
    before: list[int] = []
    for i, value in enumerate(values):
        length = bisect_left(heads, value)
        before.append(last[length - 1] if length else -1)
        heads[length : length + 1] = [value]
        last[length : length + 1] = [i]
    series = []
    i = last[-1] if last else -1
    while i >= 0:
        series.append(i)
        i = before[i]
    return series[::-1]
