"""Sampled texts to a tokenizer model, in one task.

Training is a job for one machine; running it in a task rather than on the driver keeps the sample
out of the driver, and lets a cluster give it a worker's memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa

from pivotmine.schema import TOKENIZER
from pivotmine.text.tokenizer import Tokenizer
from pivotmine.text.train_tokenizer import train_sentencepiece


def bind(vocab_size: int) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Batches of `text` (one partition, in a fixed order) to one row of table `tokenizer`."""

    def train(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        texts = (text for batch in batches for text in batch.column("text").to_pylist())
        model = train_sentencepiece(texts, vocab_size)
        yield tokenizer_row(Tokenizer("sentencepiece", model, line_prefix=True), origin="trained")

    return train


def tokenizer_row(tokenizer: Tokenizer, origin: str) -> pa.RecordBatch:
    """The row of table `tokenizer` for a model."""
    row = {
        "tokenizer_id": tokenizer.tokenizer_id,
        "kind": tokenizer.kind,
        "line_prefix": tokenizer.line_prefix,
        "vocab_size": tokenizer.vocab_size,
        "eos_token_id": tokenizer.eos_token_id,
        "origin": origin,
        "model": tokenizer.model,
    }
    return pa.RecordBatch.from_pylist([row], schema=TOKENIZER.schema)
