"""A synthetic corpus of any size, as expensive to count as text.

Token ranks follow Zipf's law (exponent 1) over a vocabulary for each language. Documents are
sentences, about 15 % of them in a second language. A document of 325 tokens gives about 7,400
cross-language pair events; over 4,000 documents about half of the pairs are distinct.

Each block of documents has its own generator, seeded with the number of the block. A larger corpus
therefore begins with the smaller one, and no size needs more memory than a block.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from blake3 import blake3
from numpy.typing import NDArray

from pivotmine.lake.tables import TOKENS, VOCABULARY
from pivotmine.stages.tokenize.rows import tokens_by_language

BLOCK_DOCUMENTS = 1_000
SENTENCE_TOKENS = 20


@dataclass(frozen=True)
class Zipf:
    """Settings of the corpus."""

    n_documents: int
    languages: tuple[str, ...] = ("la", "lb")
    """Codes; every document is in the first, with sentences of one of the others."""

    words: int = 50_000
    """Vocabulary of each language; ids of language l are l * words + rank."""

    document_tokens: float = 325.0
    """Mean length; lengths are Poisson distributed."""

    second_share: float = 0.15
    """Probability of a sentence to be of the document's second language."""

    exponent: float = 1.0
    seed: int = 0


def batches(corpus: Zipf) -> Iterator[pa.RecordBatch]:
    """Rows of table `tokens`, a block at a time."""
    weights = np.arange(1, corpus.words + 1) ** -corpus.exponent
    cumulative = np.cumsum(weights / weights.sum())
    n_blocks = -(-corpus.n_documents // BLOCK_DOCUMENTS)
    for block in range(n_blocks):
        generator = np.random.default_rng([corpus.seed, 0, block])
        lengths = np.maximum(generator.poisson(corpus.document_tokens, BLOCK_DOCUMENTS), 1)
        drawn = _draw(corpus, generator, lengths, cumulative, block)
        yield drawn.slice(0, corpus.n_documents - block * BLOCK_DOCUMENTS)


def vocabulary(corpus: Zipf) -> pa.Table:
    """Rows of table `vocabulary`, with frequencies left null."""
    n = len(corpus.languages) * corpus.words
    ids = np.arange(n, dtype=np.int32)
    language = pa.array(corpus.languages).take(pa.array(ids // corpus.words))
    columns = {
        "token_id": pa.array(ids),
        "token": pa.array(ids).cast(pa.string()),
        "lang": language,
        "lang_share": pa.array(np.ones(n)),
        "langs": pa.ListArray.from_arrays(pa.array(np.arange(n + 1, dtype=np.int32)), language),
    }
    missing = {
        name: pa.nulls(n, VOCABULARY.schema.field(name).type)
        for name in VOCABULARY.schema.names
        if name not in columns
    }
    return pa.table(columns | missing).select(VOCABULARY.schema.names).cast(VOCABULARY.schema)


def _draw(
    corpus: Zipf,
    generator: np.random.Generator,
    lengths: NDArray[np.int64],
    cumulative: NDArray[np.float64],
    block: int,
) -> pa.RecordBatch:
    n_segments = -(-lengths // SENTENCE_TOKENS)
    segment_offsets = np.concatenate(([0], np.cumsum(n_segments)))
    position = np.arange(segment_offsets[-1]) - np.repeat(segment_offsets[:-1], n_segments)
    ends = np.minimum((position + 1) * SENTENCE_TOKENS, np.repeat(lengths, n_segments))
    starts = position * SENTENCE_TOKENS

    second = generator.integers(1, len(corpus.languages), len(lengths))
    is_second = generator.random(len(ends)) < corpus.second_share
    language = np.where(is_second, np.repeat(second, n_segments), 0)

    offsets = np.concatenate(([0], np.cumsum(lengths)))
    rank = np.searchsorted(cumulative, generator.random(offsets[-1])).astype(np.int32)
    tokens = np.repeat(language.astype(np.int32) * corpus.words, ends - starts) + rank

    names = [
        blake3(f"{corpus.seed} {block} {i}".encode()).hexdigest()[:32] for i in range(len(lengths))
    ]
    segment_langs = pa.array(corpus.languages).take(pa.array(language))
    segment_ends = _lists(segment_offsets, pa.array(ends.astype(np.int32)))
    langs = _lists(segment_offsets, segment_langs)
    lang_tokens = map(tokens_by_language, segment_ends.to_pylist(), langs.to_pylist())
    columns = {
        "doc_id": pa.array(names),
        "source": pa.array(["zipf"] * len(names)),
        "lang": pa.array([corpus.languages[0]] * len(lengths)),
        "token_ids": _lists(offsets, pa.array(tokens)),
        "segment_ends": segment_ends,
        "segment_langs": langs,
        "n_tokens": pa.array(lengths.astype(np.int32)),
        "lang_tokens": pa.array(lang_tokens, TOKENS.schema.field("lang_tokens").type),
    }
    return pa.RecordBatch.from_arrays(
        [columns[name] for name in TOKENS.schema.names], schema=TOKENS.schema
    )


def _lists(offsets: NDArray[np.int64], values: pa.Array) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), values)
