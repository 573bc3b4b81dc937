"""Document and window counts of the words of a lexicon, and of the pairs that it lists.

A context counts a word once. Two sorts of presence are counted side by side: the string stands
there at all, as a search engine would say, and it stands in text of its own language, where that
language takes part in the context (as in `pivotmine.kernels.nodes`): `chat` in an English sentence
is not the French cat.

Of the words present in a context only listed pairs are looked at. Each pair is kept with the one of
its words that is in fewer pairs: words in hundreds of pairs are the common ones, present in most
contexts, and this way they cost nothing there. No word keeps more than sqrt(2 * pairs) partners
(Chiba and Nishizeki, SIAM J. Comput. 14(1), 1985), whatever its frequency; of 690,015 pairs of
667,580 words none keeps more than 17. A window of the demo corpus holds 183 of those words and
looks at 540 of the pairs, of 17,000 that its words could form.

What is read for a word lies together, presence takes one byte a word, and a document is counted
right after its windows: the time goes into cache misses.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.kernels.arrays import check_range, offsets_array, readonly
from pivotmine.kernels.jit import Engine, njit, use_numba
from pivotmine.kernels.term_matching import Matches

__all__ = [
    "DOCUMENTS",
    "WINDOWS",
    "Spans",
    "TermPairs",
    "TermTotals",
    "add_term_counts",
    "new_totals",
    "term_pairs",
]

DOCUMENTS, WINDOWS = 0, 1
"""Kinds of context, as they index the counts."""

_PRESENT, _IN_LANG = 1, 3


class TermPairs(NamedTuple):
    """T words, each a string in a language, and M pairs of them."""

    word_offsets: NDArray[np.int64]
    """[S + 1] words of each string: one for each language that has it."""

    language: NDArray[np.int16]
    """[T] index of a word's language, -1 for a language that the corpus is not mined for."""

    kept: NDArray[np.int32]
    """[T + 1, 2] where a word's pairs begin in `partners`, and its margins in `margin_language`."""

    partners: NDArray[np.int32]
    """[M] the other word of each pair, by the word that keeps it."""

    order: NDArray[np.int64]
    """[M] which pair of the caller that is."""

    margin_language: NDArray[np.int16]
    """[G] for each word, the languages in which it has a partner, ascending."""

    n_languages: int


class Spans(NamedTuple):
    """Runs of tokens of one language that tile a batch of documents."""

    ends: NDArray[np.int64]
    """[X] where each ends, in tokens of the batch."""

    language: NDArray[np.int16]
    """[X] -1 for text of no mined language."""


class TermTotals(NamedTuple):
    """Counts, all views of `flat`, so that they can be summed without knowing what they mean.

    The last axis is the kind of context K, `DOCUMENTS` or `WINDOWS`; the axis before it, where
    there are three, is 0 for strings anywhere and 1 for words in text of their languages.
    """

    flat: NDArray[np.integer]

    words: NDArray[np.integer]
    """[T, 2, K] contexts that hold the word."""

    pairs: NDArray[np.integer]
    """[M, 2, K] contexts that hold both; in the order of `TermPairs.partners`."""

    margins: NDArray[np.integer]
    """[G, K] contexts in which the other language takes part too that hold the word in its own."""

    mixed: NDArray[np.integer]
    """[L, L, K] contexts in which both languages take part; for i <= j only."""

    contexts: NDArray[np.integer]
    """[K] all contexts."""


def term_pairs(
    word_offsets: NDArray[np.integer],
    language: NDArray[np.int16],
    a: NDArray[np.int32],
    b: NDArray[np.int32],
    n_languages: int,
) -> TermPairs:
    """Lay out words and pairs for counting.

    Parameters
    ----------
    word_offsets
        [S + 1] string s is words word_offsets[s] to word_offsets[s + 1] - 1.
    language
        [T] language of each word, -1 for none.
    a, b
        [M] words of each pair, each pair once.

    Raises
    ------
    InputError
        Words or languages out of range, or a pair of a word with itself.
    """
    n_words = len(language)
    offsets = offsets_array(word_offsets, n_words, "word_offsets")
    language = readonly(language, np.int16, "language")
    check_range(language, -1, n_languages, "language")
    check_range(a, 0, n_words, "a")
    check_range(b, 0, n_words, "b")
    if (a == b).any():
        raise InputError("a pair joins a word with itself")
    degree = np.bincount(a, minlength=n_words) + np.bincount(b, minlength=n_words)
    a_keeps = (degree[a] < degree[b]) | ((degree[a] == degree[b]) & (a < b))
    keeper, partner = np.where(a_keeps, a, b), np.where(a_keeps, b, a)
    order = np.lexsort((partner, keeper))

    one, other = np.concatenate([a, b]), np.concatenate([b, a])
    mined = (language[one] >= 0) & (language[other] >= 0)
    margins = np.unique(one[mined].astype(np.int64) * n_languages + language[other[mined]])
    owner, margin_language = np.divmod(margins, max(n_languages, 1))
    words = np.arange(n_words + 1)
    begins = (np.searchsorted(keeper[order], words), np.searchsorted(owner, words))
    return TermPairs(
        offsets,
        language,
        np.ascontiguousarray(np.stack(begins, axis=1), np.int32),
        partner[order].astype(np.int32),
        order,
        margin_language.astype(np.int16),
        n_languages,
    )


def new_totals(terms: TermPairs, dtype: type[np.signedinteger] = np.int32) -> TermTotals:
    """Zeros. A task's own counts fit int32, as it sees fewer than 2**31 contexts."""
    shapes = (
        (len(terms.language), 2, 2),
        (len(terms.partners), 2, 2),
        (len(terms.margin_language), 2),
        (terms.n_languages, terms.n_languages, 2),
        (2,),
    )
    ends = np.cumsum([np.prod(shape) for shape in shapes])
    flat = np.zeros(ends[-1], dtype)
    parts = np.split(flat, ends[:-1])
    views = (part.reshape(shape) for part, shape in zip(parts, shapes, strict=True))
    return TermTotals(flat, *views)


def add_term_counts(
    totals: TermTotals,
    documents: NDArray[np.int64],
    windows: NDArray[np.int64],
    matches: Matches,
    token_starts: NDArray[np.int64],
    spans: Spans,
    terms: TermPairs,
    min_language_share: float,
    *,
    engine: Engine = "auto",
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
    count = _count if use_numba(engine) else _count_numpy
    count(documents, windows, token, matches.string, spans, terms, min_language_share, totals)
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

            s, position = span, start
            while position < end:
                stop = min(spans.ends[s], end)
                if spans.language[s] >= 0:
                    held[spans.language[s]] += stop - position
                position = stop
                s += 1
            for language in range(terms.n_languages):
                enough = held[language] >= min_share * (end - start)
                takes_part[language] = enough and held[language] > 0
                held[language] = 0
                if takes_part[language]:
                    for other in range(language + 1):
                        totals.mixed[other, language, kind] += takes_part[other]

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


def _count_numpy(
    documents: NDArray[np.int64],
    windows: NDArray[np.int64],
    token: NDArray[np.int64],
    string: NDArray[np.int32],
    spans: Spans,
    terms: TermPairs,
    min_share: float,
    totals: TermTotals,
) -> None:
    n_words, n_languages = len(terms.language), terms.n_languages
    around = np.repeat(spans.language, np.diff(spans.ends, prepend=0))
    at, word = _ranges(terms.word_offsets[:-1], terms.word_offsets[1:], string)
    token = token[at]
    for kind, bounds in ((DOCUMENTS, documents), (WINDOWS, windows)):
        lengths = np.diff(bounds)
        context = np.repeat(np.arange(len(lengths)), lengths)
        known = around >= 0
        cells = context[known] * n_languages + around[known]
        held = np.bincount(cells, minlength=len(lengths) * n_languages)
        held = held.reshape(len(lengths), n_languages)
        # A last column for text of no language, which takes part in nothing.
        takes_part = np.zeros((len(lengths), n_languages + 1), np.bool_)
        takes_part[:, :-1] = (held > 0) & (held >= min_share * lengths[:, None])
        together = takes_part[:, :-1].astype(np.int64)
        totals.mixed[:, :, kind] += np.triu(together.T @ together).astype(totals.flat.dtype)

        own = (around[token] == terms.language[word]) & takes_part[context[token], around[token]]
        keys, of_key = np.unique(context[token] * n_words + word, return_inverse=True)
        in_lang = np.bincount(of_key, own, len(keys)) > 0
        in_context, present = np.divmod(keys, max(n_words, 1))
        _add(totals.words[:, 0, kind], present)
        _add(totals.words[:, 1, kind], present[in_lang])

        of, pair = _ranges(terms.kept[:-1, 0], terms.kept[1:, 0], present)
        partner = in_context[of] * n_words + terms.partners[pair]
        place = np.searchsorted(keys, partner)
        both = np.append(keys, -1)[place] == partner
        _add(totals.pairs[:, 0, kind], pair[both])
        both &= in_lang[of] & np.append(in_lang, False)[place]
        _add(totals.pairs[:, 1, kind], pair[both])

        of, margin = _ranges(terms.kept[:-1, 1], terms.kept[1:, 1], present)
        beside = in_lang[of] & takes_part[in_context[of], terms.margin_language[margin]]
        _add(totals.margins[:, kind], margin[beside])


def _add(counts: NDArray[np.integer], entries: NDArray[np.int64]) -> None:
    counts += np.bincount(entries, minlength=len(counts)).astype(counts.dtype)


def _ranges(
    starts: NDArray[np.integer], ends: NDArray[np.integer], rows: NDArray[np.integer]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Entries of the given rows of a CSR array: index into `rows`, and the entry."""
    sizes = ends[rows] - starts[rows]
    of = np.repeat(np.arange(len(rows)), sizes)
    within = np.arange(len(of)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return of, starts[rows][of] + within
