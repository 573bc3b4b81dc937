"""The manifest of an arm: a JSON file that says what the arm holds and what it was made from.

A trainer needs dtype, vocabulary and end-of-document id. An auditor needs recipe, snapshots and
checksums. Manifest and tokenizer lie beside the shards, so a copied folder can be used without the
lake.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping, Sequence
from typing import Any

from pivotmine.stages.shard.writer import TokenFormat
from pivotmine.storage.filesystem import open_filesystem

_MODEL_NAME = {"sentencepiece": "tokenizer.model", "huggingface": "tokenizer.json"}


def write_manifests(
    folder: str,
    run: Mapping[str, Any],
    recipe: Mapping[str, Any],
    tokenizer: Mapping[str, Any],
    arms: Mapping[str, Mapping[str, Any]],
    shards: Sequence[Mapping[str, Any]],
) -> list[str]:
    """Write `folder`/ARM/manifest.json and the tokenizer file for every arm; returns their paths.

    Parameters
    ----------
    run
        Row of table `runs` (run_id, fingerprint, version, inputs).
    recipe
        The whole effective configuration, as JSON values without secrets.
    tokenizer
        Row of table `tokenizer`.
    arms
        For each arm: n_docs, n_tokens and tokens_by_language of the selection. Arms that are not
        shuffled also have `placement`: the settings, and the first and last position of each
        stream's documents in the order of the arm.
    shards
        Rows of table `shards`.
    """
    filesystem, root = open_filesystem(folder)
    tokens = TokenFormat(tokenizer["vocab_size"], tokenizer["eos_token_id"])
    model_name = _MODEL_NAME[tokenizer["kind"]]
    paths = []
    for arm, totals in sorted(arms.items()):
        arm_folder = posixpath.join(root, arm)
        filesystem.makedirs(arm_folder, exist_ok=True)
        with filesystem.open(posixpath.join(arm_folder, model_name), "wb") as stream:
            stream.write(tokenizer["model"])
        manifest = {
            "arm": arm,
            **totals,
            "tokens": {
                "dtype": f"little-endian {tokens.dtype.name}",
                "vocab_size": tokens.vocab_size,
                "eos_token_id": tokens.eos_token_id,
                "note": "n_tokens does not count the eos_token_id that ends each document",
            },
            "tokenizer": {
                "file": model_name,
                "sha256": tokenizer["tokenizer_id"],
                "kind": tokenizer["kind"],
            },
            "files": [_file_entry(row) for row in shards if row["arm"] == arm],
            "run": {name: run[name] for name in ("run_id", "fingerprint", "version", "inputs")},
            "recipe": recipe,
        }
        path = posixpath.join(arm_folder, "manifest.json")
        with filesystem.open(path, "wt", encoding="utf-8") as stream:
            json.dump(manifest, stream, indent=2, ensure_ascii=False)
        paths.append(path)
    return paths


def _file_entry(row: Mapping[str, Any]) -> dict[str, Any]:
    entry = {name: row[name] for name in ("format", "n_docs", "n_tokens", "first_position")}
    return {"file": posixpath.basename(row["path"]), **entry, "blake3": row["checksum"]}
