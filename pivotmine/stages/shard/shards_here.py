"""Shards written by threads of the driver, from tables that it holds; for small corpora.

Spark would send every text to the task of its shard, once for each format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pivotmine.engine.numbered_tasks import numbers
from pivotmine.engine.stage import ArrowRows, Inputs
from pivotmine.lake.tables import SHARDS
from pivotmine.recipe import Recipe
from pivotmine.stages.shard.formats import TEXT_FORMATS
from pivotmine.stages.shard.writer import TokenFormat
from pivotmine.udfs.shard import bind_write

Batches = Iterator[pa.RecordBatch]

_MAX_ROWS = 100_000_000
_BATCH_ROWS = 256
_PLACED = ("arm", "position", "doc_id", "lang", "n_tokens")


class _Task(NamedTuple):
    """A shard in one format."""

    write: Callable[[Batches], Batches]
    kind: str
    placed: pa.Table
    """Its documents in their order, with `arm` and `shard`."""


def shards_here(inputs: Inputs, recipe: Recipe, tokens: TokenFormat) -> pa.Table:
    """Write every arm in every format; rows of table `shards`.

    Memory: the texts and token ids of all documents, and a batch of each task.
    """
    order = [("arm", "ascending"), ("position", "ascending")]
    selection = inputs.table("selection", _PLACED, _MAX_ROWS).sort_by(order)
    documents = inputs.table("documents", ("doc_id", "source", "text"), _MAX_ROWS)
    ids = inputs.table("tokens", ("doc_id", "token_ids"), _MAX_ROWS)
    row_of = {
        name: pc.index_in(selection["doc_id"], value_set=held["doc_id"])
        for name, held in (("text", documents), ("tokens", ids))
    }
    selection = selection.append_column("source", documents["source"].take(row_of["text"]))
    contents = {"text": documents["text"], "tokens": ids["token_ids"]}
    for kind, rows in row_of.items():
        selection = selection.append_column(f"{kind}_row", rows)
    shards = list(_shards(selection, recipe.shard.max_shard_tokens))
    tasks = []
    for name in recipe.shard.formats:
        write = bind_write(inputs.artifacts("shards"), name, tokens)
        kind = "text" if name in TEXT_FORMATS else "tokens"
        tasks += [_Task(write, kind, shard) for shard in shards]

    def make(batches: Batches) -> Batches:
        for number in numbers(batches):
            write, kind, placed = tasks[number]
            yield from write(_with_contents(placed, kind, contents[kind]))

    return ArrowRows(inputs.numbers(len(tasks)), make, SHARDS.schema).gathered()


def _shards(selection: pa.Table, max_tokens: int) -> Iterator[pa.Table]:
    """The rows of each shard, with its number; arms have equal numbers of documents a shard."""
    arms = pc.run_end_encode(selection["arm"].combine_chunks())
    start = 0
    for end in arms.run_ends.to_pylist():
        of_arm = selection.slice(start, end - start)
        n_docs = end - start
        n_tokens = pc.sum(of_arm["n_tokens"]).as_py()
        shard = of_arm["position"].to_numpy() * -(-n_tokens // max_tokens) // n_docs
        of_arm = of_arm.append_column("shard", pa.array(shard.astype(np.int32)))
        cuts = [0, *(np.flatnonzero(np.diff(shard)) + 1).tolist(), n_docs]
        for first, last in zip(cuts, cuts[1:], strict=False):
            yield of_arm.slice(first, last - first)
        start = end


def _with_contents(placed: pa.Table, kind: str, contents: pa.ChunkedArray) -> Batches:
    name = "text" if kind == "text" else "token_ids"
    for start in range(0, placed.num_rows, _BATCH_ROWS):
        rows = placed.slice(start, _BATCH_ROWS)
        rows = rows.append_column(name, contents.take(rows[f"{kind}_row"]))
        yield from rows.combine_chunks().to_batches()
