"""What is counted in the mixed contexts, and how: nodes, margins, chunks and tasks.

Stages that count pairs share it: `count`, and `lexicon`, which looks at rarer ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.engine.stage import ArrowRows, Inputs
from pivotmine.numeric.nodes import NodeTable, first_nodes
from pivotmine.recipe import Recipe
from pivotmine.stages.contexts.stage import context_languages, load_nodes
from pivotmine.stages.count.count_rows import PairNames
from pivotmine.stages.count.margins import MARGIN_COLUMNS, Margins, read_margins
from pivotmine.stages.count.pair_runs import RUNS, PairRun
from pivotmine.stages.count.tasks import Chunk, CountPlan, plan_chunks, plan_tasks
from pivotmine.udfs import count as udfs


class Counting(NamedTuple):
    """The contexts of a lake, ready to be counted."""

    nodes: NodeTable
    chunks: tuple[Chunk, ...]
    margins: Margins
    plan: CountPlan
    names: PairNames

    @property
    def pair_events(self) -> int:
        """Meetings of two nodes of different languages, over all contexts."""
        return int(self.margins.row_events.sum())


def plan_counting(inputs: Inputs, recipe: Recipe) -> Counting:
    """Count the margins, and share out the pairs."""
    settings = recipe.count
    languages = context_languages(recipe)
    nodes = load_nodes(inputs, languages, settings.min_count)
    chunks = plan_chunks(inputs.table_files("contexts"), settings.chunk_tokens)
    first_node = first_nodes(nodes, len(languages))
    margins = _margins(inputs, chunks, first_node)
    parallelism = inputs.spark.sparkContext.defaultParallelism
    tasks = plan_tasks(chunks, margins.row_events, parallelism)
    return Counting(
        nodes,
        tuple(chunks),
        margins,
        CountPlan(tasks, first_node, settings.folds),
        PairNames(languages, nodes.token, nodes.language[:-1], margins.table, margins.n_contexts),
    )


def _margins(inputs: Inputs, chunks: Sequence[Chunk], first_node: NDArray[np.int64]) -> Margins:
    """Margins of all chunks, summed."""
    add_up, sums = udfs.bind_sum(MARGIN_COLUMNS, 1), udfs.sum_schema(MARGIN_COLUMNS)
    is_one = len(chunks) == 1 or inputs.is_small
    n_buckets = 1 if is_one else inputs.spark.sparkContext.defaultParallelism
    count = udfs.bind_margins(chunks, first_node, n_buckets)
    rows = ArrowRows(inputs.numbers(len(chunks)), count, RUNS)
    if rows.is_here:
        found = pa.Table.from_batches(add_up(iter(rows.gathered().to_batches())), sums)
    else:
        runs = rows.in_spark()
        if len(chunks) > 1:
            runs = runs.repartition(n_buckets, "bucket").sortWithinPartitions("bucket")
        most = (int(first_node[-1]) + len(first_node)) * len(first_node)
        found = inputs.local(ArrowRows(runs, add_up, sums).in_spark(), most)
    a, b, n, events = (found.column(i).to_numpy() for i in range(4))
    return read_margins(PairRun(a, b, np.stack((n, events), axis=1)), first_node)
