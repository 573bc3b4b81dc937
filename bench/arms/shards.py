"""Arms written as shards with manifests, as the shard stage writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.arms.documents import Document
from pivotmine.recipe import Recipe
from pivotmine.stages.shard.manifest import write_manifests
from pivotmine.stages.shard.token_files import NpyWriter
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
        writer = NpyWriter(str(folder / arm / "part-00000"), tokens)
        by_language: dict[str, int] = {}
        for position, document in enumerate(documents):
            ids = np.concatenate([line.ids for line in document.lines])
            for language, n in document.n_tokens.items():
                by_language[language] = by_language.get(language, 0) + n
            lang = document.lines[0].lang
            writer.add(
                ShardDocument(document.doc_id, document.kind, position, lang, len(ids), ids, None)
            )
        written = writer.close()
        sizes[arm] = {
            "n_docs": len(documents),
            "n_tokens": sum(by_language.values()),
            "tokens_by_language": {
                lang: by_language[lang] for lang in recipe.languages if lang in by_language
            },
        }
        rows.append(
            {
                "arm": arm,
                "path": written.path,
                "checksum": written.checksum,
                "format": "npy",
                "n_docs": sizes[arm]["n_docs"],
                "n_tokens": sizes[arm]["n_tokens"],
                "first_position": 0,
            }
        )
    run = {"run_id": "bench.arms", "fingerprint": "", "version": "", "inputs": {}}
    recipe_values = recipe.model_dump(mode="json")
    write_manifests(str(folder), run, recipe_values, tokenizer, sizes, rows)
    return sizes
