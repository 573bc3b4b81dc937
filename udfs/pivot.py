"""Rows of table `tokens` to excerpts of a sample of documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

COLUMNS = ("doc_id", "token_ids")
"""Columns of table `tokens` that are read."""

EXCERPTS = pa.schema([("doc_id", pa.string()), ("token_ids", pa.list_(pa.int32()))])
"""Distinct tokens of a document's beginning, sorted."""


def bind(
    below: str, n_tokens: int
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Batches of table `tokens` to `EXCERPTS` of the documents whose id is less than `below`.

    Ids are hashes, so these are a sample. The first `n_tokens` tokens of a document count.
    """

    def sample(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            chosen = batch.filter(pc.less(batch.column("doc_id"), below))
            if not chosen.num_rows:
                continue
            lists = chosen.column("token_ids")
            excerpts = [np.unique(lists[row].values[:n_tokens]) for row in range(len(lists))]
            columns = [chosen.column("doc_id"), pa.array(excerpts, pa.list_(pa.int32()))]
            yield pa.RecordBatch.from_arrays(columns, schema=EXCERPTS)

    return sample
