"""Arms of the planted web: equal tokens of each language, in different documents.

Each arm goes through the documents in its own order and takes those that fit into the rest of both
languages' budgets. So arms hold equal tokens of a language to within one document.

random       any documents
he2025       highest share of tokens in the pivot set (He et al. 2025)
bilingual    any with a language entropy above .1 bits (Shao et al. 2026, their first stage)
links        highest share of tokens with a linked partner beside them
parallel     documents that were planted as parallel: positive control, known from the truth
broken       those of `links`, with the lines of the second language shuffled among documents: same
             lines, same languages in every document, no translations
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from duckdb import DuckDBPyConnection
from tokenizers import Tokenizer

from bench.arms.documents import Budget, Document, Line, broken, fill
from bench.arms.shards import Sizes, write_shards
from bench.arms.web import LANGUAGES
from pivotmine.lake.lake import Lake
from pivotmine.lake.query import connect
from pivotmine.recipe.reading import load_recipe

ARMS = ("random", "he2025", "bilingual", "links", "parallel", "broken")
MIN_ENTROPY = 0.1
SCORED = ("he2025", "entropy", "links")


def write_arms(
    folder: Path, recipe: Path, tokens: int, base_tokens: int, heldout_tokens: int, seed: int
) -> dict[str, Sizes]:
    """Write `folder`/shards/ARM for all arms, `base` and `heldout_LANGUAGE`; returns their sizes.

    Held-out documents and those of the base phase, all monolingual, are set aside first. Arms are
    made of the rest.
    """
    config = load_recipe(str(recipe))
    lake = connect(Lake(config.lake, read_only=True))
    (tokenizer,) = lake.sql("SELECT * FROM tokenizer").to_arrow_table().to_pylist()
    documents = _documents(lake, folder, tokenizer["model"].decode())
    order = np.random.default_rng([seed, 20]).permutation(len(documents))
    documents = [documents[n] for n in order]
    arms: dict[str, list[Document]] = {}

    def reserve(name: str, budget: Budget) -> None:
        nonlocal documents
        arms[name] = fill((one for one in documents if one.kind == "monolingual"), budget)
        taken = {one.doc_id for one in arms[name]}
        documents = [one for one in documents if one.doc_id not in taken]

    for language in LANGUAGES:
        reserve(f"heldout_{language}", {language: heldout_tokens})
    reserve("base", dict.fromkeys(LANGUAGES, base_tokens // 2))
    for arm in ARMS:
        arms[arm] = select(arm, documents, dict.fromkeys(LANGUAGES, tokens // 2), seed)
    sizes = write_shards(folder / "shards", arms, tokenizer, config)
    return {arm: {**size, "kinds": _kinds(arms[arm])} for arm, size in sizes.items()}


def select(arm: str, documents: Sequence[Document], budget: Budget, seed: int) -> list[Document]:
    """The documents of an arm, in random order."""
    generator = np.random.default_rng([seed, 21])
    shuffled = [documents[n] for n in generator.permutation(len(documents))]
    if arm == "parallel":
        return fill((document for document in shuffled if document.kind == arm), budget)
    if arm == "random":
        return fill(shuffled, budget)
    if arm == "bilingual":
        return fill((one for one in shuffled if one.scores["entropy"] > MIN_ENTROPY), budget)
    if arm == "broken":
        return broken(select("links", documents, budget, seed), seed)
    taken = fill(sorted(shuffled, key=lambda document: -document.scores[arm]), budget)
    return [taken[n] for n in generator.permutation(len(taken))]


def _documents(lake: DuckDBPyConnection, folder: Path, tokenizer: str) -> list[Document]:
    """All documents of the lake, in the order of their ids."""
    vocabulary = Tokenizer.from_str(tokenizer).get_vocab()
    script = np.zeros(max(vocabulary.values()) + 1, np.int8)
    for piece, number in vocabulary.items():
        if piece[0].isalpha():
            script[number] = 1 if piece.isascii() else 2
    scores: dict[str, dict[str, float]] = {}
    rows = lake.execute("SELECT doc_id, method, score FROM scores").fetchall()
    for doc_id, method, score in rows:
        scores.setdefault(doc_id, {})[method] = score
    truth = folder / "web" / "truth" / "document_truth.parquet"
    found = lake.sql(
        "SELECT doc_id, kind, token_ids, segment_ends FROM tokens JOIN (SELECT doc_id, min(kind) "
        f"AS kind FROM read_parquet('{truth}') GROUP BY doc_id) USING (doc_id) ORDER BY doc_id"
    ).to_arrow_table()
    documents = []
    for row in found.to_pylist():
        parts = np.split(np.array(row["token_ids"], np.int32), row["segment_ends"][:-1])
        lines = tuple(Line(part, _language(script[part])) for part in parts if len(part))
        known = {method: scores[row["doc_id"]][method] for method in SCORED}
        documents.append(Document(row["doc_id"], lines, row["kind"], known))
    return documents


def _language(scripts: np.ndarray[Any, np.dtype[np.int8]]) -> str:
    """Language of most words of a line, by their letters."""
    return LANGUAGES[int((scripts == 2).sum() > (scripts == 1).sum())]


def _kinds(documents: Sequence[Document]) -> dict[str, int]:
    """Tokens by kind of document."""
    kinds: Counter[str] = Counter()
    for document in documents:
        kinds[document.kind] += sum(document.n_tokens.values())
    return dict(sorted(kinds.items()))
