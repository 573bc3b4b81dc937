"""The languages of a document, and the number of tokens in each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise


def tokens_by_language(
    segment_ends: Sequence[int], segment_langs: Sequence[str]
) -> list[tuple[str, int]]:
    """Languages of a document and their numbers of tokens, most first.

    Parameters
    ----------
    segment_ends
        [S] where each segment ends, in tokens of the document.
    segment_langs
        [S]
    """
    n_tokens: Counter[str] = Counter()
    for lang, (start, end) in zip(segment_langs, pairwise([0, *segment_ends]), strict=True):
        if end > start:
            n_tokens[lang] += end - start
    return sorted(n_tokens.items(), key=lambda item: (-item[1], item[0]))
