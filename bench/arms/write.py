"""From the mined lake to the arms' shards, as the shard stage would write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from duckdb import DuckDBPyConnection

from bench.arms.corpus import LANGUAGES
from bench.arms.select import ARMS, SCORED, Budget, Document, Line, fill, select
from pivotmine.lake.lake import Lake
from pivotmine.lake.query import connect
from pivotmine.lake.tables import TOKENIZER
from pivotmine.recipe.reading import load_recipe
from pivotmine.stages.shard.formats import WRITERS
from pivotmine.stages.shard.manifest import write_manifests
from pivotmine.stages.shard.writer import ShardDocument, TokenFormat


def write_arms(
    folder: Path, recipe: Path, tokens: int, base_tokens: int, heldout_tokens: int, seed: int
) -> dict[str, dict[str, Any]]:
    """Write `folder`/shards/ARM for all arms, `base` and `heldout_LANGUAGE`; returns their sizes.

    Monolingual documents are shared out first: held-out ones, then those of the base phase; arms
    are made of the rest.
    """
    config = load_recipe(str(recipe))
    lake = connect(Lake(config.lake, read_only=True))
    columns = ", ".join(TOKENIZER.schema.names)
    (tokenizer,) = lake.sql(f"SELECT {columns} FROM tokenizer").to_arrow_table().to_pylist()
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
    rows, sizes = [], {}
    for arm, chosen in arms.items():
        row, sizes[arm] = write_shard(folder / "shards", arm, chosen, tokenizer, LANGUAGES)
        rows.append(row)
    run = {"run_id": "planted-arms", "fingerprint": "", "version": "", "inputs": {}}
    recipe_values = config.model_dump(mode="json")
    write_manifests(str(folder / "shards"), run, recipe_values, tokenizer, sizes, rows)
    return {arm: {**size, "kinds": _kinds(arms[arm])} for arm, size in sizes.items()}


def _documents(lake: DuckDBPyConnection, folder: Path, tokenizer: str) -> list[Document]:
    """All documents of the lake, in the order of their ids."""
    from tokenizers import Tokenizer

    vocabulary = Tokenizer.from_str(tokenizer).get_vocab()
    script = np.zeros(max(vocabulary.values()) + 1, np.int8)
    for piece, number in vocabulary.items():
        if piece[0].isalpha():
            script[number] = 1 if piece.isascii() else 2
    scores: dict[str, dict[str, float]] = {}
    for doc_id, method, score in lake.execute(
        "SELECT doc_id, method, score FROM scores"
    ).fetchall():
        scores.setdefault(doc_id, {})[method] = score
    truth = folder / "web" / "truth" / "document_truth.parquet"
    found = lake.sql(
        "SELECT doc_id, kind, token_ids, segment_ends FROM tokens JOIN (SELECT doc_id, min(kind) "
        f"AS kind FROM read_parquet('{truth}') GROUP BY doc_id) USING (doc_id) ORDER BY doc_id"
    ).to_arrow_table()
    documents = []
    for row in found.to_pylist():
        ids = np.array(row["token_ids"], np.int32)
        parts = np.split(ids, row["segment_ends"][:-1])
        lines = tuple(Line(part, _language(script[part])) for part in parts if len(part))
        known = {method: scores[row["doc_id"]][method] for method in SCORED}
        documents.append(Document(row["doc_id"], lines, row["kind"], known))
    return documents


def _language(scripts: np.ndarray[Any, np.dtype[np.int8]]) -> str:
    """Of a line: that of most of its words. Known from its letters, not guessed."""
    return LANGUAGES[int((scripts == 2).sum() > (scripts == 1).sum())]


def write_shard(
    folder: Path,
    arm: str,
    documents: Sequence[Document],
    tokenizer: Mapping[str, Any],
    languages: Sequence[str],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """One shard; a row of table `shards`, and the arm's totals."""
    tokens = TokenFormat(tokenizer["vocab_size"], tokenizer["eos_token_id"])
    writer = WRITERS["npy"](str(folder / arm / "part-00000"), tokens)
    by_language: dict[str, int] = dict.fromkeys(languages, 0)
    for position, document in enumerate(documents):
        ids = np.concatenate([line.ids for line in document.lines])
        for language, n in document.n_tokens.items():
            by_language[language] += n
        lang = document.lines[0].lang
        writer.add(
            ShardDocument(document.doc_id, document.kind, position, lang, len(ids), ids, None)
        )
    written = writer.close()
    sizes = {
        "n_docs": len(documents),
        "n_tokens": sum(by_language.values()),
        "tokens_by_language": {name: n for name, n in by_language.items() if n},
    }
    row = {
        "arm": arm,
        "path": written.path,
        "checksum": written.checksum,
        "format": "npy",
        "n_docs": sizes["n_docs"],
        "n_tokens": sizes["n_tokens"],
        "first_position": 0,
    }
    return row, sizes


def _kinds(documents: Sequence[Document]) -> dict[str, int]:
    kinds: dict[str, int] = {}
    for document in documents:
        kinds[document.kind] = kinds.get(document.kind, 0) + sum(document.n_tokens.values())
    return dict(sorted(kinds.items()))
