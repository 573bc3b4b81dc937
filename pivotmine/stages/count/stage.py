"""Count: exact cross-language co-occurrence of tokens, by context.

Tasks hold a chunk of the mixed contexts and multiply some of its rows
(`stages/count/pair_counts.py`). Where all contexts are one chunk, what tasks count is complete
and they write the rows of `counts` themselves. Otherwise their counts are summed
(`stages.count_sums`), in one pass or two.

A pair's population is the mixed contexts of its two languages, so its 2x2 table compares
like with like: that French words meet French pages is no association.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.engine.stage import ArrowRows, Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.lake.tables import COUNTS
from pivotmine.numeric.arrays import row_index
from pivotmine.numeric.nodes import NodeTable
from pivotmine.recipe import Recipe
from pivotmine.stages.contexts.stage import context_languages, load_nodes
from pivotmine.stages.count.margins import MarginTable, margin_table
from pivotmine.stages.count.sums import summed_pairs
from pivotmine.stages.count.tasks import Chunk, plan_chunks, plan_tasks
from pivotmine.udfs import count_pairs, pair_rows, sum_pairs


class Margins(NamedTuple):
    """What the 2x2 tables need beside the pairs, and what counting them will cost."""

    table: MarginTable
    n_contexts: NDArray[np.int64]
    """[n_languages, n_languages] mixed contexts of two languages."""

    row_events: NDArray[np.int64]
    """[n_nodes] pair events of each node as the first of a pair."""


def run(inputs: Inputs, recipe: Recipe) -> StageOutputs:
    """Count pairs of nodes, and the margins of their 2x2 tables."""
    settings = recipe.count
    languages = context_languages(recipe)
    nodes = load_nodes(inputs, languages, settings.min_count)
    chunks = plan_chunks(inputs.table_files("contexts"), settings.chunk_tokens)
    first_node = first_nodes(nodes, len(languages))
    margins = _margins(inputs, chunks, first_node)
    parallelism = inputs.spark.sparkContext.defaultParallelism
    tasks = plan_tasks(chunks, margins.row_events, parallelism)
    plan = count_pairs.CountPlan(tasks, first_node, settings.folds)
    names = pair_rows.PairNames(
        languages, nodes.token, nodes.language[:-1], margins.table, margins.n_contexts
    )
    pair_events = int(margins.row_events.sum())
    inputs.measure("pair_events", pair_events)
    inputs.measure("chunks", len(chunks))
    if len(chunks) > 1:
        pairs = summed_pairs(inputs, recipe, plan, chunks, pair_events)
        counts = ArrowRows(pairs, pair_rows.bind_sums(settings.folds, names), COUNTS.schema)
    else:
        inputs.note(
            f"all mixed contexts are held at once (count.chunk_tokens={settings.chunk_tokens:,}): "
            "counts are complete where they are made, and no pair is shuffled"
        )
        complete = pair_rows.bind_complete(plan, names, settings.min_count)
        counts = ArrowRows(inputs.numbers(len(tasks)), complete, COUNTS.schema)
    return {
        "margins": _margin_rows(languages, nodes, margins),
        "counts": counts,
    }


def first_nodes(nodes: NodeTable, n_languages: int) -> NDArray[np.int64]:
    """[n_languages + 1] where the nodes of each language begin."""
    return np.searchsorted(nodes.language[:-1], np.arange(n_languages + 1)).astype(np.int64)


def _margins(inputs: Inputs, chunks: Sequence[Chunk], first_node: NDArray[np.int64]) -> Margins:
    """Margins of all chunks, summed."""
    n_buckets = inputs.spark.sparkContext.defaultParallelism if len(chunks) > 1 else 1
    count = count_pairs.bind_margins(chunks, first_node, n_buckets)
    runs = ArrowRows(inputs.numbers(len(chunks)), count, count_pairs.RUN_SCHEMA).in_spark()
    if len(chunks) > 1:
        runs = runs.repartition(n_buckets, "bucket").sortWithinPartitions("bucket")
    sums = ArrowRows(
        runs,
        sum_pairs.bind_sum(count_pairs.MARGIN_COLUMNS, 1),
        sum_pairs.sum_schema(count_pairs.MARGIN_COLUMNS),
    )
    codes = inputs.local(sums.in_spark(), (int(first_node[-1]) + len(first_node)) * len(first_node))
    a, b, n, events = (codes.column(i).to_numpy() for i in range(4))
    n_nodes, n_languages = int(first_node[-1]), len(first_node) - 1
    held = a >= 0
    n_contexts = np.zeros((n_languages, n_languages), np.int64)
    x, y = -1 - a[~held], -1 - b[~held]
    n_contexts[x, y] = n_contexts[y, x] = n[~held]
    node, other = a[held], (-1 - b[held]).astype(np.int8)
    # A node is the first of its pairs with later languages.
    is_row = node < first_node[other]
    row_events = np.zeros(n_nodes, np.int64)
    np.add.at(row_events, node[is_row], events[held][is_row])
    return Margins(margin_table(node, other, n[held], n_nodes), n_contexts, row_events)


def _margin_rows(languages: Sequence[str], nodes: NodeTable, margins: Margins) -> pa.Table:
    """Table `margins`."""
    names = pa.array(languages, pa.string())
    node = row_index(margins.table.offsets)
    language, other = nodes.language[node], margins.table.other_language
    return pa.table(
        {
            "token_id": pa.array(nodes.token[node]),
            "lang": names.take(pa.array(language)),
            "other_lang": names.take(pa.array(other)),
            "n": pa.array(margins.table.n),
            "n_contexts": pa.array(margins.n_contexts[language, other]),
        }
    )


def tally(rows: Rows, recipe: Recipe) -> Tally:
    """Contexts in, pairs out: an aggregate conserves nothing."""
    return Tally(rows.read["contexts"], rows.written["counts"], conserved=False)


STAGE = Stage(
    name="count",
    doc="exact co-occurrence of tokens across languages",
    reads=("contexts", "vocabulary"),
    writes=("margins", "counts"),
    sections=("languages", "count"),
    run=run,
    tally=tally,
)
