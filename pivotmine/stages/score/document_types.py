"""The type of a document, by what is translated in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pivotmine.stages.score.translation_structure import PRIOR_BITS, Structure

TYPES = ("parallel", "glossed", "dictionary", "code_switched", "boilerplate", "monolingual")
"""Types by number; `document_types` says what they are."""

_PARALLEL, _GLOSSED, _DICTIONARY, _CODE_SWITCHED, _BOILERPLATE, _MONOLINGUAL = range(len(TYPES))
_MIN_BOTH_WAYS, _MIN_ONE_WAY = 0.3, 0.4
_MAX_ENTRY_TOKENS, _MIN_ENTRIES = 8.0, 6
_MIN_SECOND_SHARE = 0.1
_MIN_REPEATED_SHARE = 0.5


def document_types(
    found: Structure,
    language_tokens: NDArray[np.int64],
    repeated_tokens: NDArray[np.int64],
    n_tokens: NDArray[np.integer],
) -> NDArray[np.int8]:
    """[D] index into `TYPES`, the first of these that fits.

    boilerplate: half of its tokens are in segments that many documents hold; dictionary: six or
    more runs of at most 8 tokens on average, with or without links; parallel: 0.3 of the bits of
    the best block are covered on both sides, after shrinking; glossed: 0.4 on one side;
    code_switched: a second language holds a tenth of the tokens; monolingual: all others. (Of
    sentences of Tatoeba beside their translations 0.4 to 0.6 is covered, of planted ones 0.9.)

    Parameters
    ----------
    language_tokens
        [D, L] tokens in segments of each language.
    repeated_tokens
        [D] tokens in segments that many documents hold.
    n_tokens
        [D] length of each document.
    """
    shrunk = found.covered_bits / (found.bits + PRIOR_BITS)
    second = np.sort(language_tokens, axis=1)[:, -2] / np.maximum(language_tokens.sum(axis=1), 1)
    n_runs = found.n_turns + 1
    types = np.full(len(n_tokens), _MONOLINGUAL, np.int8)
    types[second >= _MIN_SECOND_SHARE] = _CODE_SWITCHED
    types[shrunk.max(axis=1) >= _MIN_ONE_WAY] = _GLOSSED
    types[shrunk.min(axis=1) >= _MIN_BOTH_WAYS] = _PARALLEL
    types[(n_runs >= _MIN_ENTRIES) & (n_tokens <= _MAX_ENTRY_TOKENS * n_runs)] = _DICTIONARY
    types[repeated_tokens >= _MIN_REPEATED_SHARE * np.maximum(n_tokens, 1)] = _BOILERPLATE
    return types
