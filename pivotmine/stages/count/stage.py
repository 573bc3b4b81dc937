"""Count: exact cross-language co-occurrence of tokens, by context.

A task holds a chunk of the mixed contexts and counts the pairs of some of its rows
(`pair_counts.py`). Where all contexts are one chunk, these counts are complete, and the task writes
the rows of `counts` itself. Otherwise counts are summed, in one pass or two (`sums.py`).

A pair's population is the mixed contexts of its two languages, so its 2x2 table compares like with
like: it is no association that French words occur in French pages.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from pivotmine.engine.stage import ArrowRows, Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.lake.tables import COUNTS
from pivotmine.numeric.arrays import row_index
from pivotmine.numeric.nodes import NodeTable
from pivotmine.recipe import Recipe
from pivotmine.stages.count.counting import plan_counting
from pivotmine.stages.count.margins import Margins
from pivotmine.stages.count.sums import summed_pairs
from pivotmine.udfs import count as udfs


def run(inputs: Inputs, recipe: Recipe) -> StageOutputs:
    """Count pairs of nodes, and the margins of their 2x2 tables."""
    settings = recipe.count
    counting = plan_counting(inputs, recipe)
    plan, names = counting.plan, counting.names
    inputs.measure("pair_events", counting.pair_events)
    inputs.measure("chunks", len(counting.chunks))
    if len(counting.chunks) > 1:
        pairs = summed_pairs(inputs, settings, plan, counting.chunks, counting.pair_events)
        counts = ArrowRows(pairs, udfs.bind_named(settings.folds, names), COUNTS.schema)
    else:
        inputs.note(
            f"all mixed contexts fit one chunk (count.chunk_tokens={settings.chunk_tokens:,}), "
            "so no pair is shuffled"
        )
        complete = udfs.bind_complete(plan, names, settings.min_count)
        counts = ArrowRows(inputs.numbers(len(plan.tasks)), complete, COUNTS.schema)
    return {
        "margins": _margin_rows(names.languages, counting.nodes, counting.margins),
        "counts": counts,
    }


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
    runs_kernels=True,
)
