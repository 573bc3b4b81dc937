"""The truth about a planted corpus as rows: documents, translations in each, and the lexicon."""

from __future__ import annotations

from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from blake3 import blake3
from numpy.typing import NDArray

from pivotmine.planted.ciphers import Ciphers
from pivotmine.planted.documents import PlantedDocument

_WORDS = [(name, pa.string()) for name in ("lang_a", "word_a", "lang_b", "word_b")]
LEXICON = pa.schema([*_WORDS, ("n_docs", pa.int64())])
DOCUMENTS = pa.schema(
    [
        ("url", pa.string()),
        ("doc_id", pa.string()),
        ("kind", pa.string()),
        ("languages", pa.list_(pa.string())),
        ("duplicate_of", pa.string()),
        ("is_exact", pa.bool_()),
        ("n_links", pa.int64()),
    ]
)
LINKS = pa.schema([("url", pa.string()), *_WORDS])


class WordPairs(NamedTuple):
    """The word pairs of two languages, and in how many documents each is planted."""

    numbers: NDArray[np.int64]
    """[K] pair of each sense."""

    senses: NDArray[np.int64]
    """[P] a sense of each pair."""

    n_docs: NDArray[np.int64]
    """[P]"""


PairsOfLanguages = dict[tuple[str, str], WordPairs]
Planted = tuple[tuple[str, str], NDArray[np.int64]] | None
"""The languages of a document, and the numbers of the word pairs planted in it."""


def number_pairs(ciphers: Ciphers) -> PairsOfLanguages:
    """The word pairs of every two languages."""
    return {pair: _number(ciphers, *pair) for pair in combinations(sorted(ciphers.languages), 2)}


def _number(ciphers: Ciphers, lang_a: str, lang_b: str) -> WordPairs:
    a, b = (
        ciphers.form_ids[ciphers.languages.index(language)].astype(np.int64)
        for language in (lang_a, lang_b)
    )
    _, senses, numbers = np.unique(a << 32 | b, return_index=True, return_inverse=True)
    return WordPairs(numbers, senses, np.zeros(len(senses), np.int64))


def count_planted(document: PlantedDocument, pairs: PairsOfLanguages) -> Planted:
    """Pairs that a document holds, counted in `n_docs` unless it is an exact copy."""
    if not len(document.senses):
        return None
    first, second = sorted(document.languages)
    of_pair = pairs[first, second]
    found = np.unique(of_pair.numbers[document.senses])
    if not document.is_exact:
        of_pair.n_docs[found] += 1
    return (first, second), found


def document_rows(block: list[PlantedDocument], found: list[Planted]) -> pa.Table:
    """Rows of `document_truth.parquet`."""
    columns: list[list[Any]] = [
        [document.url for document in block],
        [blake3(document.text.encode()).hexdigest(length=16) for document in block],
        [document.kind for document in block],
        [list(document.languages) for document in block],
        [document.duplicate_of or None for document in block],
        [document.is_exact for document in block],
        [0 if links is None else len(links[1]) for links in found],
    ]
    return pa.table(columns, schema=DOCUMENTS)


def link_rows(
    block: list[PlantedDocument],
    found: list[Planted],
    ciphers: Ciphers,
    pairs: PairsOfLanguages,
) -> pa.Table:
    """Rows of `document_links.parquet`."""
    tables = [LINKS.empty_table()]
    for document, links in zip(block, found, strict=True):
        if links is not None:
            words = _words(ciphers, links[0], pairs[links[0]].senses[links[1]])
            urls = pa.array([document.url] * len(links[1]))
            tables.append(pa.table([urls, *words], schema=LINKS))
    return pa.concat_tables(tables)


def _words(ciphers: Ciphers, pair: tuple[str, str], senses: NDArray[np.int64]) -> list[pa.Array]:
    """Columns lang_a, word_a, lang_b, word_b."""
    columns = []
    for language in pair:
        forms = ciphers.forms[ciphers.languages.index(language)]
        columns.append(pa.array([language] * len(senses), pa.string()))
        columns.append(pa.array([forms[sense] for sense in senses.tolist()], pa.string()))
    return columns


def lexicon_rows(ciphers: Ciphers, pairs: PairsOfLanguages) -> pa.Table:
    """Rows of `lexicon.parquet`: every translation that the ciphers have, planted or not."""
    return pa.concat_tables(
        pa.table([*_words(ciphers, pair, of_pair.senses), pa.array(of_pair.n_docs)], schema=LEXICON)
        for pair, of_pair in pairs.items()
    )
