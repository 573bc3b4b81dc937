"""Small random corpora for the kernels, and their contexts in plain Python."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from pivotmine.numeric.folded_contexts import FoldedContexts
from pivotmine.numeric.windows import context_bounds

VOCAB_SIZE = 12


@dataclass(frozen=True)
class Corpus:
    documents: list[list[list[int]]]
    """Documents of segments of token ids."""

    languages: list[int]
    n_languages: int
    window_tokens: int | None
    offset_dtype: type

    @property
    def token_language(self) -> NDArray[np.int8]:
        return np.array(self.languages, np.int8)

    @property
    def buffers(self) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        """token_ids, document_offsets, segment_ends, segment_offsets."""
        tokens = [[t for segment in document for t in segment] for document in self.documents]
        ends = [list(accumulate(len(segment) for segment in doc)) for doc in self.documents]
        return (
            np.array([t for document in tokens for t in document], np.int32),
            np.array([0, *accumulate(map(len, tokens))], self.offset_dtype),
            np.array([end for document in ends for end in document], np.int32),
            np.array([0, *accumulate(map(len, ends))], self.offset_dtype),
        )

    @property
    def contexts(self) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]]:
        """token_ids, and bounds and document of the contexts."""
        token_ids, document_offsets, segment_ends, segment_offsets = self.buffers
        bounds, document = context_bounds(
            document_offsets, segment_ends, segment_offsets, len(token_ids), self.window_tokens
        )
        return token_ids, bounds, document

    def all_contexts(self) -> list[tuple[int, list[int]]]:
        """(document, tokens) of every context, by cutting and packing lists."""
        contexts = []
        for d, segments in enumerate(self.documents):
            if self.window_tokens is None:
                contexts.append((d, [t for segment in segments for t in segment]))
                continue
            window: list[int] = []
            for piece in self.pieces(segments):
                if len(window) + len(piece) > self.window_tokens:
                    contexts.append((d, window))
                    window = []
                window = window + piece
            contexts.append((d, window))
        return [(d, tokens) for d, tokens in contexts if tokens]

    def pieces(self, segments: list[list[int]]) -> list[list[int]]:
        size = self.window_tokens or 1
        return [segment[i : i + size] for segment in segments for i in range(0, len(segment), size)]

    def mixed_contexts(self) -> list[tuple[int, list[int]]]:
        """(document, distinct tokens by language and id) of every context of two languages."""
        mixed = []
        for d, tokens in self.all_contexts():
            distinct = {t for t in tokens if self.languages[t] >= 0}
            if len({self.languages[t] for t in distinct}) >= 2:
                mixed.append((d, sorted(distinct, key=lambda t: (self.languages[t], t))))
        return mixed

    @property
    def numbers(self) -> dict[int, int]:
        """Tokens that have a language, numbered by (language, id)."""
        known = [t for t in range(VOCAB_SIZE) if self.languages[t] >= 0]
        return {t: i for i, t in enumerate(sorted(known, key=lambda t: (self.languages[t], t)))}

    @property
    def first_number(self) -> NDArray[np.int64]:
        """[n_languages + 1] where the numbers of each language begin."""
        in_order = sorted(language for language in self.languages if language >= 0)
        return np.searchsorted(in_order, np.arange(self.n_languages + 1)).astype(np.int64)

    def numbered_contexts(self) -> list[list[int]]:
        """Distinct tokens of every mixed context, as numbers in ascending order."""
        numbers = self.numbers
        return [[numbers[t] for t in tokens] for _, tokens in self.mixed_contexts()]


def folded(rows: list[list[int]], folds: list[int]) -> FoldedContexts:
    """Contexts as the kernels take them."""
    return FoldedContexts(
        np.cumsum([0, *map(len, rows)]),
        np.array([token for row in rows for token in row], np.int32),
        np.array(folds, np.uint8),
        np.zeros(len(rows), np.uint32),
    )


@st.composite
def corpora(draw: st.DrawFn) -> Corpus:
    n_languages = draw(st.integers(1, 4))
    language = st.integers(-1, n_languages - 1)
    token = st.integers(0, VOCAB_SIZE - 1)
    segments = st.lists(st.lists(token, max_size=8), max_size=6)
    return Corpus(
        documents=draw(st.lists(segments, max_size=8)),
        languages=draw(st.lists(language, min_size=VOCAB_SIZE, max_size=VOCAB_SIZE)),
        n_languages=n_languages,
        window_tokens=draw(st.none() | st.integers(1, 12)),
        offset_dtype=draw(st.sampled_from([np.int32, np.int64])),
    )
