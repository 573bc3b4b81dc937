"""Contexts cut by the definitions of docs/architecture.md, without PivotMine's own code.

The rivals get their contexts from here. So if they agree with the counting stage, the stage cuts
windows, chooses languages and drops repetitions as documented. This is plain Python, and it runs
before anything is timed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

Context = dict[str, list[int]]
"""Distinct tokens by language, sorted."""


def window_ends(segment_ends: Sequence[int], limit: int | None) -> list[int]:
    """Where the windows of one document end.

    A window holds whole segments as long as they fit into `limit` tokens. A longer segment begins a
    window and is cut every `limit` tokens; following segments join its rest. None: one window.
    """
    if limit is None:
        return [segment_ends[-1]] if segment_ends and segment_ends[-1] else []
    windows: list[int] = []
    start = packed = 0
    for end in segment_ends:
        if end - start > limit and packed > start:
            windows.append(packed)
            start = packed
        while end - start > limit:
            start += limit
            windows.append(start)
        packed = end
    return [*windows, packed] if packed > start else windows


def mixed_contexts(
    token_ids: Sequence[int],
    segment_ends: Sequence[int],
    segment_langs: Sequence[str],
    words: Mapping[str, frozenset[int]],
    window_tokens: int | None,
    min_language_share: float,
) -> Iterator[Context]:
    """Contexts of a document that hold nodes of two languages or more.

    Parameters
    ----------
    words
        Tokens of each language that are counted in its text.
    window_tokens
        Longest window; None makes the document one context.
    """
    windows = window_ends(segment_ends, window_tokens)
    if (segment_ends[-1] if segment_ends else 0) != len(token_ids):
        raise ValueError("segments do not tile their document")
    segments = list(zip(pairwise((0, *segment_ends)), segment_langs, strict=True))
    at = 0
    for start, end in pairwise((0, *windows)):
        held: dict[str, list[int]] = {}
        while at < len(segments) and segments[at][0][0] < end:
            (first, last), lang = segments[at]
            if lang in words:
                held.setdefault(lang, []).extend(token_ids[max(first, start) : min(last, end)])
            if last > end:
                break
            at += 1
        least = min_language_share * (end - start)
        found = {
            lang: sorted(words[lang].intersection(tokens))
            for lang, tokens in held.items()
            if len(tokens) >= least
        }
        found = {lang: nodes for lang, nodes in found.items() if nodes}
        if len(found) > 1:
            yield found
