"""Vocabulary: every token id, its frequencies, and the languages in which it is a word.

`langs` lists the languages in which a token is a word; it is counted in their text. `lang` is the
language that holds nearly all of it, or `shared`.

A token's share of a language is computed from rates: its document frequency over the number of
documents with text of that language. So a language with ten times the documents does not claim the
words of the others. Documents are counted by segments: each half of a bilingual page counts for its
own language. A token can only be a word of languages that are written in its script. Tokens without
a letter, and byte pieces, are `shared`, and their `langs` is empty.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import functions as F

from pivotmine.engine.stage import Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.recipe import Recipe
from pivotmine.text.token_notation import languages_written, letter_edges
from pivotmine.text.tokenizer import Tokenizer
from pivotmine.udfs import vocabulary

SHARED = "shared"


def run(inputs: Inputs, recipe: Recipe) -> StageOutputs:
    """Sum frequencies over documents and decide each token's languages."""
    (row,) = inputs.table("tokenizer", ("kind", "model"), 1).to_pylist()
    pieces = Tokenizer(row["kind"], row["model"]).load().pieces()
    frequencies = _frequencies(inputs, letter_edges(pieces), recipe.languages)
    return {"vocabulary": vocabulary_rows(pieces, frequencies, recipe)}


def _frequencies(inputs: Inputs, edges: NDArray[np.uint8], languages: Sequence[str]) -> pa.Table:
    """Rows of `vocabulary.SCHEMA` that sum up to those of the whole corpus."""
    count = vocabulary.bind(edges, languages)
    parts = inputs.arrow_rows("tokens", vocabulary.COLUMNS, count, vocabulary.SCHEMA)
    if parts.is_here:
        return parts.gathered()
    sums = (
        parts.in_spark()
        .groupBy("token_id", "language")
        .agg(
            F.sum("document_frequency").alias("document_frequency"),
            F.sum("token_count").alias("token_count"),
            F.sum("whole_count").alias("whole_count"),
        )
    )
    return inputs.local(sums, (len(edges) + 1) * (len(languages) + 1))


def vocabulary_rows(pieces: Sequence[str], frequencies: pa.Table, recipe: Recipe) -> pa.Table:
    """Table `vocabulary`, in the order of ids. Memory: 30 B a token and language.

    Parameters
    ----------
    frequencies
        Rows of `vocabulary.SCHEMA`, to be summed.
    """
    languages, settings = recipe.languages, recipe.tokenize
    token, language = (frequencies[name].to_numpy() for name in ("token_id", "language"))
    shape = (len(pieces) + 1, len(languages) + 1)  # ALL_TOKENS, -1, is the last row
    documents = np.zeros(shape, np.int64)
    counts, whole = np.zeros((2, shape[0]), np.int64)
    np.add.at(documents, (token, language), frequencies["document_frequency"].to_numpy())
    np.add.at(counts, token, frequencies["token_count"].to_numpy())
    np.add.at(whole, token, frequencies["whole_count"].to_numpy())
    rates = documents[:-1, :-1] / np.maximum(documents[-1, :-1], 1)
    total = np.zeros(len(pieces))
    for i in range(len(languages)):
        total += rates[:, i]  # in their order: a sum depends on it in the last bit
    total[total == 0] = 1.0
    written = _written(pieces, languages)
    strongest = rates.argmax(axis=1)
    share = rates[np.arange(len(pieces)), strongest] / total
    belongs = written[np.arange(len(pieces)), strongest] & (share >= settings.min_language_share)
    belongs &= share > 0
    names = pa.array(languages, pa.string())
    of_token = pc.if_else(pa.array(belongs), names.take(pa.array(strongest)), SHARED)
    is_word = (rates / total[:, None] >= settings.min_word_share) & written & (share > 0)[:, None]
    order = np.argsort(np.array(languages))
    words = np.nonzero(is_word[:, order])[1]
    ends = np.concatenate(([0], np.cumsum(is_word.sum(axis=1)))).astype(np.int32)
    return pa.table(
        {
            "token_id": pa.array(np.arange(len(pieces), dtype=np.int32)),
            "token": pa.array(pieces, pa.string()),
            "lang": of_token,
            "lang_share": pa.array(share),
            "langs": pa.ListArray.from_arrays(pa.array(ends), names.take(pa.array(order[words]))),
            "document_frequency": pa.array(documents[:-1, -1]),
            "token_count": pa.array(counts[:-1]),
            "whole_share": pa.array(whole[:-1] / np.maximum(counts[:-1], 1), mask=counts[:-1] == 0),
        }
    )


def _written(pieces: Sequence[str], languages: Sequence[str]) -> NDArray[np.bool_]:
    """[V, L] whether a language is written in the script of a token."""
    lists = pa.array(languages_written(pieces, languages), pa.list_(pa.string()))
    found = np.zeros((len(pieces), len(languages)), np.bool_)
    language = pc.index_in(lists.flatten(), value_set=pa.array(languages, pa.string()))
    found[lists.value_parent_indices().to_numpy(), language.to_numpy()] = True
    return found


def tally(rows: Rows, recipe: Recipe) -> Tally:
    """Documents in, one row for each token id out."""
    return Tally(rows.read["tokens"], rows.written["vocabulary"], conserved=False)


STAGE = Stage(
    name="vocabulary",
    doc="frequencies of every token, and its language",
    reads=("tokens", "tokenizer"),
    writes=("vocabulary",),
    sections=("languages", "tokenize"),
    run=run,
    tally=tally,
    runs_kernels=True,
)
