"""Pages as packed documents, with a tokenizer and links of a lake, and their true partners."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from bench.pairs.process import Pages
from bench.pairs.truth import read_pages
from pivotmine.api import open_lake
from pivotmine.ask.reader import LakeReader
from pivotmine.numeric.nodes import node_table
from pivotmine.stages.pair.classes import WordLinks, meaning_classes
from pivotmine.stages.pair.documents import DocumentRules, packed_documents
from pivotmine.stages.pair.features import Meanings
from pivotmine.stages.pair.stage import MIN_WEIGHT
from pivotmine.stages.terms.piece_texts import texts_of
from pivotmine.stages.tokenize.rows import token_rows
from pivotmine.text.language import load_identifier
from pivotmine.text.tokenizer import Tokenizer

LANGUAGES = ("en", "fr", "ja", "zh")
_BATCH_ROWS = 200
_MAX_SEGMENTS = 1_000_000


class Corpus(NamedTuple):
    """Pages that are in the language of their path."""

    pages: Pages
    languages: tuple[str, ...]
    n_chars: np.ndarray  # type: ignore[type-arg]
    true_pairs: list[set[tuple[int, int]]]
    """Of each pair of languages."""

    has_truth: list[set[int]]
    partners: list[set[frozenset[int]]]
    """One pair of pages for each address that both languages have."""

    n_left_out: int
    tokens: list[pa.RecordBatch]
    kept: np.ndarray  # type: ignore[type-arg]
    meanings: dict[bool, Meanings]


def read_corpus(file: str, lake: str, every: int, offset: int, sources: str) -> Corpus:
    """Tokenize pages with the tokenizer of a lake, and pair their addresses."""
    found = read_pages(file, every, offset, sources)
    reader = open_lake(lake)
    (row,) = reader.table("tokenizer", ["kind", "model"]).to_arrow().to_pylist()
    encoder, identifier = Tokenizer(row["kind"], row["model"]).load(), load_identifier(None)
    tokens = [
        token_rows(batch, encoder, identifier, LANGUAGES)
        for batch in found.rows.combine_chunks().to_batches(max_chunksize=_BATCH_ROWS)
    ]
    meanings = {with_links: _meanings(reader, with_links) for with_links in (True, False)}
    corpus = Corpus(
        Pages([], np.empty(0), []), LANGUAGES, np.empty(0), [], [], [], 0, tokens,
        np.empty(0, bool), meanings,
    )  # fmt: skip
    packed = _packed(corpus, True)
    kept = np.array([document is not None for document in packed])
    rows = found.rows.filter(pa.array(kept))
    keys = [key for key, keep in zip(found.keys, kept, strict=True) if keep]
    language = np.array([LANGUAGES.index(lang) for lang in rows["lang"].to_pylist()])
    corpus = corpus._replace(
        pages=Pages(rows["doc_id"].to_pylist(), language, []),
        n_chars=np.array([len(text) for text in rows["text"].to_pylist()]),
        n_left_out=int((~kept).sum()),
        kept=kept,
    )
    return _with_truth(corpus, keys)


def with_links(corpus: Corpus, links: bool) -> Corpus:
    """The corpus with the meanings that the lake's links give, or with none."""
    packed = [one for one, keep in zip(_packed(corpus, links), corpus.kept, strict=True) if keep]
    return corpus._replace(pages=corpus.pages._replace(packed=packed))


def _packed(corpus: Corpus, links: bool) -> list[Any]:
    rules = DocumentRules(corpus.meanings[links], LANGUAGES, _MAX_SEGMENTS)
    batches = (packed_documents(batch, rules) for batch in corpus.tokens)
    return [document for batch in batches for document in batch.column("packed").to_pylist()]


def _with_truth(corpus: Corpus, keys: list[set[str]]) -> Corpus:
    by_key: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for page, (names, language) in enumerate(
        zip(keys, corpus.pages.language.tolist(), strict=True)
    ):
        for name in names:
            by_key[name][language].append(page)
    for one, other in combinations(range(len(LANGUAGES)), 2):
        both = [of for of in by_key.values() if one in of and other in of]
        true = {(a, b) for of in both for a in of[one] for b in of[other]}
        corpus.true_pairs.append(true)
        corpus.has_truth.append({page for pair in true for page in pair})
        corpus.partners.append({frozenset((of[one][0], of[other][0])) for of in both})
    return corpus


def _meanings(reader: LakeReader, with_links: bool) -> Meanings:
    vocabulary = reader.table("vocabulary", ["token_id", "token", "langs"]).to_arrow()
    rows = vocabulary.sort_by("token_id").to_pylist()
    words = [(row["token_id"], lang) for row in rows for lang in row["langs"] if lang in LANGUAGES]
    token = np.array([word for word, _ in words], np.int32)
    language = np.array([LANGUAGES.index(lang) for _, lang in words], np.int8)
    nodes = node_table(token, language, len(rows), len(LANGUAGES))
    where = f"rank = 1 AND weight >= {MIN_WEIGHT}" if with_links else "false"
    columns = ["token_id", "lang", "partner_id", "partner_lang", "n_translated"]
    found = reader.table("lexicon", columns, where).df()
    found = found[found["lang"].isin(LANGUAGES) & found["partner_lang"].isin(LANGUAGES)]
    sides = [
        nodes.node_of[[LANGUAGES.index(lang) for lang in found[lang_of]], found[of].to_numpy()]
        for of, lang_of in (("token_id", "lang"), ("partner_id", "partner_lang"))
    ]
    known = (sides[0] < len(nodes.token)) & (sides[1] < len(nodes.token))
    strength = found["n_translated"].to_numpy(float)[known]
    links = WordLinks(sides[0][known], sides[1][known], strength)
    classes = meaning_classes(links, nodes.language[:-1], len(LANGUAGES))
    alone = np.arange(len(classes), dtype=np.int32)
    return Meanings(
        nodes,
        np.append(np.where(classes < 0, alone, classes), np.int32(-1)),
        texts_of([row["token"] for row in rows]),
    )
