"""Sampled texts to a tokenizer model, in one task.

Training is a job for one machine; running it in a task rather than on the driver keeps the sample
out of the driver, and lets a cluster give it a worker's memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa

from pivotmine.lake.tables import TOKENIZER
from pivotmine.stages.train_tokenizer.end_of_document import end_of_document_id
from pivotmine.stages.train_tokenizer.training import train_sentencepiece
from pivotmine.text.tokenizer import Tokenizer


def bind(
    vocab_size: int, max_sample_bytes: int
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Batches of `text` (one partition, in a fixed order) to one row of table `tokenizer`.

    The sample is drawn by chance and may exceed what was asked for; `max_sample_bytes` is the limit
    that bounds memory.
    """

    def train(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        texts = (text for batch in batches for text in batch.column("text").to_pylist())
        model = train_sentencepiece(texts, vocab_size, max_sample_bytes=max_sample_bytes)
        yield tokenizer_row(Tokenizer("sentencepiece", model), origin="trained")

    return train


def tokenizer_row(tokenizer: Tokenizer, origin: str) -> pa.RecordBatch:
    """The row of table `tokenizer` for a model."""
    runtime = tokenizer.load()
    row = {
        "tokenizer_id": tokenizer.sha256,
        "kind": tokenizer.kind,
        "vocab_size": runtime.vocab_size,
        "eos_token_id": end_of_document_id(runtime.pieces()),
        "origin": origin,
        "model": tokenizer.model,
    }
    return pa.RecordBatch.from_pylist([row], schema=TOKENIZER.schema)
