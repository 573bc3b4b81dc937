"""Arms on disk, written by the shard stage's own writers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Regex, Tokenizer, models, pre_tokenizers

from pivotmine.stages.shard.formats import WRITERS
from pivotmine.stages.shard.manifest import write_manifests
from pivotmine.stages.shard.writer import ShardDocument, TokenFormat
from pivotmine.text.tokenizer import Tokenizer as CoreTokenizer

END = 0


def word_tokenizer(words: Sequence[str]) -> Tokenizer:
    """A token a word, line end or mark; id 0 ends documents."""
    names = ["</s>", "<unk>", "\n", ".", *words]
    core = Tokenizer(models.WordLevel({name: n for n, name in enumerate(names)}, "<unk>"))
    core.pre_tokenizer = pre_tokenizers.Split(Regex(r"\w+|\n|[^\w\s]"), "removed", invert=True)
    core.add_special_tokens(["</s>", "<unk>"])
    return core


def write_arm(
    folder: Path,
    documents: Sequence[Sequence[int]],
    *,
    arm: str = "arm",
    vocab_size: int = 100,
    n_files: int = 1,
    languages: dict[str, int] | None = None,
    tokenizer: Tokenizer | None = None,
    eos: int | None = END,
) -> str:
    """Write documents (ids without their end) as an arm; returns its folder."""
    rows: list[dict[str, Any]] = []
    for number, part in enumerate(np.array_split(np.arange(len(documents)), n_files)):
        path = str(folder / arm / f"part-{number:05d}")
        writer = WRITERS["npy"](path, TokenFormat(vocab_size, eos))
        for place in part.tolist():
            ids = np.array(documents[place], np.int32)
            writer.add(ShardDocument(f"d{place}", "s", place, "en", len(ids), ids, None))
        written = writer.close()
        n_tokens = sum(len(documents[place]) for place in part.tolist())
        rows.append(
            {
                "arm": arm,
                "path": written.path,
                "checksum": written.checksum,
                "format": "npy",
                "n_docs": len(part),
                "n_tokens": n_tokens,
                "first_position": int(part[0]) if len(part) else 0,
            }
        )
    total = sum(map(len, documents))
    totals = {"n_docs": len(documents), "n_tokens": total}
    content = (tokenizer or word_tokenizer([f"w{n}" for n in range(96)])).to_str().encode()
    write_manifests(
        str(folder),
        {"run_id": "r", "fingerprint": "f", "version": "v", "inputs": {}},
        {},
        {
            "vocab_size": vocab_size,
            "eos_token_id": eos,
            "kind": "huggingface",
            "model": content,
            "tokenizer_id": CoreTokenizer("huggingface", content).sha256,
        },
        {arm: {**totals, "tokens_by_language": languages or {"en": total}}},
        rows,
    )
    return str(folder / arm)
