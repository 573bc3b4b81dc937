"""Tokens that stand in text of their own language; the others are taken out of the count.

`▁son` is French by its shares, but in an English sentence it is the English word: counted there, it
would be linked to 息子 as if French pages were translated into Japanese. Languages that share a
script share many such tokens, so a token counts only in segments of its own language. Measured on
the demo corpus, which holds no page in both Japanese and Chinese: without this rule 2,356
Japanese-Chinese pairs passed a count of 5, all of them artefacts; with it none does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["own_language_tokens", "segment_lengths"]


def segment_lengths(
    segment_ends: NDArray[np.int32], segment_offsets: NDArray[np.int64]
) -> NDArray[np.int64]:
    """[S] tokens in each segment.

    Parameters
    ----------
    segment_ends
        [S] ends, each relative to the start of its document.
    segment_offsets
        [D + 1] where each document's segments begin.
    """
    lengths = np.diff(segment_ends, prepend=0).astype(np.int64)
    # The first segment of a document begins at 0, not where the document before it ended.
    first = segment_offsets[:-1][np.diff(segment_offsets) > 0]
    lengths[first] = segment_ends[first]
    return lengths


def own_language_tokens(
    token_ids: NDArray[np.int32],
    segment_ends: NDArray[np.int32],
    segment_offsets: NDArray[np.int64],
    segment_language: NDArray[np.int8],
    token_language: NDArray[np.int8],
) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    """Token ids with those that stand in text of another language replaced by a blank.

    Parameters
    ----------
    token_ids
        [T] ids of all documents.
    segment_language
        [S] language index of each segment, -1 for none.
    token_language
        [vocab_size] language index of each token, -1 for none.

    Returns
    -------
    token_ids
        [T] a copy in which such tokens are `vocab_size`.
    token_language
        [vocab_size + 1] with the language of the blank, -1.
    """
    lengths = segment_lengths(segment_ends, segment_offsets)
    around = np.repeat(segment_language, lengths)
    blank = np.int32(token_language.size)
    kept = np.where(token_language[token_ids] == around, token_ids, blank)
    return kept, np.append(token_language, np.int8(-1))
