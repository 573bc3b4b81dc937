"""Sampled texts to a tokenizer model, in one task.

One task trains the model, so the sample stays out of the driver and uses a worker's memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa

from pivotmine.stages.train_tokenizer.training import tokenizer_row, train_sentencepiece
from pivotmine.text.tokenizer import Tokenizer


def bind(
    vocab_size: int, max_sample_bytes: int, end_of_document: str | None
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Batches of `text` (one partition, in a fixed order) to one row of table `tokenizer`.

    The size of a random sample varies; at most `max_sample_bytes` of it are used.
    `end_of_document` is the token that the recipe names, if it does.
    """

    def train(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        texts = (text for batch in batches for text in batch.column("text").to_pylist())
        model = train_sentencepiece(texts, vocab_size, max_sample_bytes=max_sample_bytes)
        yield tokenizer_row(Tokenizer("sentencepiece", model), "trained", end_of_document)

    return train
