"""Arms written as shards with manifests, as the shard stage writes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from bench.arms.documents import Document
from pivotmine.recipe import Recipe
from pivotmine.stages.shard.formats import write_shard
from pivotmine.stages.shard.manifest import write_manifests
from pivotmine.stages.shard.writer import ShardDocument, TokenFormat

Sizes = dict[str, Any]
"""Of an arm: n_docs, n_tokens and tokens_by_language, for the languages that it holds."""


def write_shards(
    folder: Path,
    arms: Mapping[str, Sequence[Document]],
    tokenizer: Mapping[str, Any],
    recipe: Recipe,
) -> dict[str, Sizes]:
    """Write `folder`/ARM, one shard each; `tokenizer` is a row of table `tokenizer`."""
    tokens = TokenFormat(tokenizer["vocab_size"], tokenizer["eos_token_id"])
    rows, sizes = [], {}
    for arm, documents in arms.items():
        path = str(folder / arm / "part-00000")
        shard = write_shard("npy", path, tokens, map(_shard_document, count(), documents))
        by_language = sum((Counter(one.n_tokens) for one in documents), Counter[str]())
        sizes[arm] = {
            "n_docs": shard.n_docs,
            "n_tokens": shard.n_tokens,
            "tokens_by_language": {
                lang: by_language[lang] for lang in recipe.languages if lang in by_language
            },
        }
        rows.append({"arm": arm, "format": "npy", **shard._asdict()})
    run = {"run_id": "bench.arms", "fingerprint": "", "version": "", "inputs": {}}
    recipe_values = recipe.model_dump(mode="json")
    write_manifests(str(folder), run, recipe_values, tokenizer, sizes, rows)
    return sizes


def _shard_document(position: int, document: Document) -> ShardDocument:
    ids = np.concatenate([line.ids for line in document.lines])
    lang = document.lines[0].lang
    return ShardDocument(document.doc_id, document.kind, position, lang, len(ids), ids, None)
