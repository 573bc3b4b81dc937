"""Document and window counts of the words of a lexicon, and of the pairs that it lists.

A context counts a word once. Two kinds of presence are counted side by side: the string occurs
anywhere in the context, and it occurs in text of its own language, where that language takes part
in the context (as in `pivotmine.numeric.nodes`). `chat` in an English sentence is not the French
cat.

Only listed pairs of the words in a context are looked up (`layout.py`), not all pairs that the
words could form. Presence takes one byte a word. A document is counted right after its windows,
whose words are still in the cache.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.numeric.arrays import check_range, offsets_array, readonly
from pivotmine.numeric.jit import njit
from pivotmine.stages.terms.layout import DOCUMENTS, WINDOWS, TermPairs, TermTotals
from pivotmine.stages.terms.matching import Matches

_PRESENT, _IN_LANG = 1, 3


class Spans(NamedTuple):
    """Runs of tokens of one language that tile a batch of documents."""

    ends: NDArray[np.int64]
    """[X] where each run ends, in tokens of the batch."""

    language: NDArray[np.int16]
    """[X] -1 for text of no mined language."""


def add_term_counts(
    totals: TermTotals,
    documents: NDArray[np.int64],
    windows: NDArray[np.int64],
    matches: Matches,
    token_starts: NDArray[np.int64],
    spans: Spans,
    terms: TermPairs,
    min_language_share: float,
) -> None:
    """Add a batch of documents and their windows.

    A match belongs to the token that holds its first character, and so to that token's contexts and
    language. Memory: 5 B a word of the lexicon and 8 B a match.

    Parameters
    ----------
    documents, windows
        [D + 1] and [W + 1] where each begins in the tokens of the batch, and where the last ends.
        Windows tile the documents, each of them within one.
    matches, token_starts
        As `find_terms` and `rebuild_text` give them.
    min_language_share
        A language takes part in a context if it holds a token there, and this share of all.

    Raises
    ------
    InputError
        Documents, windows or spans that do not describe the tokens.
    """
    n_tokens = len(token_starts) - 1
    documents = offsets_array(documents, n_tokens, "documents")
    windows = offsets_array(windows, n_tokens, "windows")
    ends = offsets_array(spans.ends, n_tokens, "spans") if len(spans.ends) else spans.ends
    spans = Spans(ends, readonly(spans.language, np.int16, "languages of spans"))
    for name, bounds in (("documents", documents), ("windows", windows)):
        if bounds[0] != 0 or bounds[-1] != n_tokens:
            raise InputError(f"{name} must tile the tokens")
    if n_tokens and (not len(ends) or ends[-1] != n_tokens):
        raise InputError("spans must tile the tokens")
    check_range(spans.language, -1, terms.n_languages, "languages of spans")
    check_range(matches.string, 0, len(terms.word_offsets) - 1, "strings of matches")
    token = np.searchsorted(token_starts, matches.position, side="right") - 1
    _count(documents, windows, token, matches.string, spans, terms, min_language_share, totals)
    totals.contexts[DOCUMENTS] += len(documents) - 1
    totals.contexts[WINDOWS] += len(windows) - 1


@njit
def _count(
    documents: NDArray[np.int64],
    windows: NDArray[np.int64],
    token: NDArray[np.int64],
    string: NDArray[np.int32],
    spans: Spans,
    terms: TermPairs,
    min_share: float,
    totals: TermTotals,
) -> None:
    state = np.zeros(len(terms.language), np.uint8)  # 0, _PRESENT or _IN_LANG
    present = np.empty(len(terms.language), np.int32)
    held = np.zeros(terms.n_languages, np.int64)
    takes_part = np.zeros(terms.n_languages, np.bool_)
    w = first_span = first_match = 0
    for d in range(len(documents) - 1):
        # The windows of the document, and then the document itself.
        span, match = first_span, first_match
        while True:
            whole = w == len(windows) - 1 or windows[w] >= documents[d + 1]
            if whole:
                kind, start, end = DOCUMENTS, documents[d], documents[d + 1]
                span, match = first_span, first_match
            else:
                kind, start, end = WINDOWS, windows[w], windows[w + 1]
                w += 1
            while span < len(spans.ends) and spans.ends[span] <= start:
                span += 1

            _count_languages(span, start, end, kind, spans, min_share, held, takes_part, totals)
            n_present = 0
            s = span
            while match < len(token) and token[match] < end:
                while spans.ends[s] <= token[match]:
                    s += 1
                around = spans.language[s]
                first = terms.word_offsets[string[match]]
                for word in range(first, terms.word_offsets[string[match] + 1]):
                    if state[word] == 0:
                        state[word] = _PRESENT
                        present[n_present] = word
                        n_present += 1
                    if around >= 0 and around == terms.language[word] and takes_part[around]:
                        state[word] = _IN_LANG
                match += 1
            _count_present(present[:n_present], kind, state, takes_part, terms, totals)
            for i in range(n_present):
                state[present[i]] = 0
            if whole:
                first_span, first_match = span, match
                break


@njit
def _count_languages(
    span: int,
    start: int,
    end: int,
    kind: int,
    spans: Spans,
    min_share: float,
    held: NDArray[np.int64],
    takes_part: NDArray[np.bool_],
    totals: TermTotals,
) -> None:
    """Find the languages that take part in a context, and count each two. `held` is left at 0."""
    position = start
    while position < end:
        stop = min(spans.ends[span], end)
        if spans.language[span] >= 0:
            held[spans.language[span]] += stop - position
        position = stop
        span += 1
    for language in range(len(held)):
        enough = held[language] >= min_share * (end - start)
        takes_part[language] = enough and held[language] > 0
        held[language] = 0
        if takes_part[language]:
            for other in range(language + 1):
                totals.mixed[other, language, kind] += takes_part[other]


@njit
def _count_present(
    present: NDArray[np.int32],
    kind: int,
    state: NDArray[np.uint8],
    takes_part: NDArray[np.bool_],
    terms: TermPairs,
    totals: TermTotals,
) -> None:
    for word in present:
        in_lang = state[word] >> 1
        totals.words[word, 0, kind] += 1
        totals.words[word, 1, kind] += in_lang
        for p in range(terms.kept[word, 0], terms.kept[word + 1, 0]):
            other = state[terms.partners[p]]
            if other:
                totals.pairs[p, 0, kind] += 1
                totals.pairs[p, 1, kind] += in_lang & (other >> 1)
        if in_lang:
            for m in range(terms.kept[word, 1], terms.kept[word + 1, 1]):
                totals.margins[m, kind] += takes_part[terms.margin_language[m]]
