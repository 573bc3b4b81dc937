"""The tokenizer of the small models: byte pairs, 4,096 pieces, trained on the pool.

The engine's own vocabulary has 64,000 pieces, and a model of 3 million parameters would spend most
of them on it. Line ends, punctuation and digits are pieces of their own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from bench.gain.draws import number
from bench.gain.texts import LANGUAGES
from pivotmine.text.tokenizer import Tokenizer as Encoder
from pivotmine.text.tokenizer_runtime import TokenizerRuntime

PIECES = 4096
END = "</s>"
SAMPLE_BYTES = 4_000_000
"""Text of each language that the tokenizer is trained on."""
_ALPHABET = 2200
"""Characters that are pieces; rarer ones are spelled in bytes."""


def train_tokenizer(out: Path, seed: int) -> Path:
    """Write OUT/tokenizer.json, where it is missing; returns its path."""
    path = out / "tokenizer.json"
    if path.exists():
        return path
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    in_bytes = [f"<0x{byte:02X}>" for byte in range(256)]
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\n"), "isolated"),
            pre_tokenizers.Punctuation(),
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="never"),
        ]
    )
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=PIECES,
        special_tokens=[END, "<unk>"],
        initial_alphabet=["\n", "▁"],
        limit_alphabet=_ALPHABET,
        max_token_length=16,
        show_progress=False,
    )
    tokenizer.train_from_iterator(_sample(out, seed), trainer)
    path.write_text(_with_bytes(tokenizer, in_bytes), encoding="utf-8")
    return path


def load(path: Path, end: str = END) -> tuple[TokenizerRuntime, dict[str, Any]]:
    """The runtime of a tokenizer, and its row of table `tokenizer`; `end` ends documents."""
    encoder = Encoder("huggingface", path.read_bytes())
    runtime = encoder.load()
    row = {
        "kind": encoder.kind,
        "model": encoder.model,
        "tokenizer_id": encoder.sha256,
        "vocab_size": runtime.vocab_size,
        "eos_token_id": runtime.special_tokens()[end],
    }
    return runtime, row


def _with_bytes(tokenizer: Tokenizer, in_bytes: list[str]) -> str:
    """The tokenizer with its last pieces replaced by those of single bytes."""
    import json

    plain = json.loads(tokenizer.to_str())
    model = plain["model"]
    by_number = sorted(model["vocab"], key=model["vocab"].__getitem__)
    kept = by_number[: PIECES - len(in_bytes)]
    model["vocab"] = {piece: place for place, piece in enumerate([*kept, *in_bytes])}
    known = set(kept)
    model["merges"] = [
        merge
        for merge in model["merges"]
        if {*(pair := merge if isinstance(merge, list) else merge.split(" ")), "".join(pair)}
        <= known
    ]
    return json.dumps(plain, ensure_ascii=False)


def _sample(out: Path, seed: int) -> Iterator[str]:
    """Pages of one language, `SAMPLE_BYTES` of each."""
    labels = pq.read_table(out / "labels.parquet", columns=["kind", "pair"]).to_pylist()
    texts = (
        text
        for file in sorted((out / "pages").glob("*.parquet"))
        for text in pq.read_table(file, columns=["text"])["text"].to_pylist()
    )
    by_language: dict[str, list[tuple[int, str]]] = {lang: [] for lang in LANGUAGES}
    for label, text in zip(labels, texts, strict=True):
        if label["pair"] in by_language:
            by_language[label["pair"]].append((number(seed, "tokenizer", text), text))
    for pages in by_language.values():
        used = 0
        for _, text in sorted(pages):
            if used >= SAMPLE_BYTES:
                break
            used += len(text.encode())
            yield text
