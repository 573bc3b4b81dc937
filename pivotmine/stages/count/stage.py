"""Count: exact cross-language co-occurrence of tokens, by context.

A task holds a chunk of the mixed contexts and counts the pairs of some of its rows
(`pair_counts.py`). Where all contexts are one chunk, these counts are complete, and the task writes
the rows of `counts` itself. Otherwise counts are summed, in one pass or two (`sums.py`).

A pair's population is the mixed contexts of its two languages, so its 2x2 table compares like with
like: it is no association that French words occur in French pages.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.engine.stage import ArrowRows, Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.lake.tables import COUNTS
from pivotmine.numeric.arrays import row_index
from pivotmine.numeric.nodes import NodeTable, first_nodes
from pivotmine.recipe import Recipe
from pivotmine.stages.contexts.stage import context_languages, load_nodes
from pivotmine.stages.count.count_rows import PairNames
from pivotmine.stages.count.margins import MARGIN_COLUMNS, Margins, read_margins
from pivotmine.stages.count.pair_runs import RUNS, PairRun
from pivotmine.stages.count.sums import summed_pairs
from pivotmine.stages.count.tasks import Chunk, CountPlan, plan_chunks, plan_tasks
from pivotmine.udfs import count as udfs


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
    plan = CountPlan(tasks, first_node, settings.folds)
    names = PairNames(
        languages, nodes.token, nodes.language[:-1], margins.table, margins.n_contexts
    )
    pair_events = int(margins.row_events.sum())
    inputs.measure("pair_events", pair_events)
    inputs.measure("chunks", len(chunks))
    if len(chunks) > 1:
        pairs = summed_pairs(inputs, recipe, plan, chunks, pair_events)
        counts = ArrowRows(pairs, udfs.bind_named(settings.folds, names), COUNTS.schema)
    else:
        inputs.note(
            f"all mixed contexts fit one chunk (count.chunk_tokens={settings.chunk_tokens:,}), "
            "so no pair is shuffled"
        )
        complete = udfs.bind_complete(plan, names, settings.min_count)
        counts = ArrowRows(inputs.numbers(len(tasks)), complete, COUNTS.schema)
    return {
        "margins": _margin_rows(languages, nodes, margins),
        "counts": counts,
    }


def _margins(inputs: Inputs, chunks: Sequence[Chunk], first_node: NDArray[np.int64]) -> Margins:
    """Margins of all chunks, summed."""
    n_buckets = inputs.spark.sparkContext.defaultParallelism if len(chunks) > 1 else 1
    count = udfs.bind_margins(chunks, first_node, n_buckets)
    runs = ArrowRows(inputs.numbers(len(chunks)), count, RUNS).in_spark()
    if len(chunks) > 1:
        runs = runs.repartition(n_buckets, "bucket").sortWithinPartitions("bucket")
    add_up = udfs.bind_sum(MARGIN_COLUMNS, 1)
    sums = ArrowRows(runs, add_up, udfs.sum_schema(MARGIN_COLUMNS)).in_spark()
    found = inputs.local(sums, (int(first_node[-1]) + len(first_node)) * len(first_node))
    a, b, n, events = (found.column(i).to_numpy() for i in range(4))
    return read_margins(PairRun(a, b, np.stack((n, events), axis=1)), first_node)


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
