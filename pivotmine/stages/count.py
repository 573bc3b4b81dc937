"""Count: exact cross-language co-occurrence of tokens, by context.

What is counted are nodes: a token in text of one language (`pivotmine.kernels.nodes` says why).
The corpus is read once, and cut into mixed contexts, which are a small part of it. Tasks hold a
chunk of them and multiply some of its rows (`pivotmine.kernels.pair_counts`). Where all contexts
are one chunk, what tasks count is complete and they write the rows of `counts` themselves.
Otherwise their counts are summed (`stages.count_sums`), in one pass or two.

A pair's population is the mixed contexts of its two languages, so its 2x2 table compares
like with like: that French words meet French pages is no association.

Tokens that occur less than `min_count` times cannot reach it in any pair and are left out before
counting; no pair at or above `min_count` is lost by that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pivotmine.config import Config
from pivotmine.kernels.arrays import row_index
from pivotmine.kernels.margins import MarginTable, margin_table
from pivotmine.kernels.nodes import NodeTable, node_table
from pivotmine.schema import COUNTS
from pivotmine.stage import ArrowRows, Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.stages.count_sums import summed_pairs
from pivotmine.stages.count_tasks import Chunk, plan_chunks, plan_tasks
from udfs import count_pairs, cut_contexts, pair_rows, sum_pairs

MAX_VOCAB_SIZE = 4_000_000
"""More tokens than any tokenizer has; bounds what is brought to the driver."""


class Margins(NamedTuple):
    """What the 2x2 tables need beside the pairs, and what counting them will cost."""

    table: MarginTable
    n_contexts: NDArray[np.int64]
    """[n_languages, n_languages] mixed contexts of two languages."""

    row_events: NDArray[np.int64]
    """[n_nodes] pair events of each node as the first of a pair."""


def run(inputs: Inputs, config: Config) -> StageOutputs:
    """Count pairs of nodes, and the margins of their 2x2 tables."""
    settings = config.count
    cut = _cut_plan(inputs, config)
    parts = inputs.arrow_rows(
        "tokens", cut_contexts.TOKENS_COLUMNS, cut_contexts.bind_cut(cut), cut_contexts.PART_SCHEMA
    )
    chunks = plan_chunks(inputs.files(parts, "contexts"), settings.chunk_tokens)
    first_node = _first_nodes(cut.nodes, len(cut.languages))
    margins = _margins(inputs, chunks, first_node)
    parallelism = inputs.spark.sparkContext.defaultParallelism
    tasks = plan_tasks(chunks, margins.row_events, parallelism)
    plan = count_pairs.CountPlan(tasks, first_node, settings.folds)
    names = pair_rows.PairNames(
        cut.languages, cut.nodes.token, cut.nodes.language[:-1], margins.table, margins.n_contexts
    )
    pair_events = int(margins.row_events.sum())
    inputs.measure("pair_events", pair_events)
    inputs.measure("chunks", len(chunks))
    if len(chunks) > 1:
        pairs = summed_pairs(inputs, config, plan, chunks, pair_events)
        counts = ArrowRows(pairs, pair_rows.bind_sums(settings.folds, names), COUNTS.schema)
    else:
        inputs.note(
            f"all mixed contexts are held at once (count.chunk_tokens={settings.chunk_tokens:,}): "
            "counts are complete where they are made, and no pair is shuffled"
        )
        complete = pair_rows.bind_complete(plan, names, settings.min_count)
        counts = ArrowRows(inputs.numbers(len(tasks)), complete, COUNTS.schema)
    return {
        "margins": _margin_rows(cut, margins),
        "counts": counts,
    }


def _cut_plan(inputs: Inputs, config: Config) -> cut_contexts.CutPlan:
    settings = config.count
    # In alphabetical order, so that a is always of the earlier language of a pair.
    languages = tuple(sorted(config.languages))
    return cut_contexts.CutPlan(
        languages,
        load_nodes(inputs, languages, settings.min_count),
        context_tokens(config),
        settings.min_language_share,
        settings.folds,
        cut_contexts.part_tokens(settings.chunk_tokens),
    )


def context_tokens(config: Config) -> int | None:
    """Longest context in tokens; None where it is the whole document."""
    return config.count.window_tokens if config.count.context == "window" else None


def load_nodes(inputs: Inputs, languages: Sequence[str], min_count: int) -> NodeTable:
    """The words of every language that occur at least `min_count` times, as nodes.

    A node's language is an index into `languages`.
    """
    vocabulary = inputs.table("vocabulary", ("token_id", "token_count", "langs"), MAX_VOCAB_SIZE)
    frequent = vocabulary.filter(pc.field("token_count") >= min_count)
    words = pc.list_flatten(frequent["langs"])
    language = pc.index_in(words, value_set=pa.array(languages, pa.string()))
    token = frequent["token_id"].take(pc.list_parent_indices(frequent["langs"]))
    known = pc.is_valid(language)
    return node_table(
        token.filter(known).to_numpy().astype(np.int32),
        language.filter(known).to_numpy().astype(np.int8),
        vocabulary.num_rows,
        len(languages),
    )


def _first_nodes(nodes: NodeTable, n_languages: int) -> NDArray[np.int64]:
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


def _margin_rows(cut: cut_contexts.CutPlan, margins: Margins) -> pa.Table:
    """Table `margins`."""
    names = pa.array(cut.languages, pa.string())
    node = row_index(margins.table.offsets)
    language, other = cut.nodes.language[node], margins.table.other_language
    return pa.table(
        {
            "token_id": pa.array(cut.nodes.token[node]),
            "lang": names.take(pa.array(language)),
            "other_lang": names.take(pa.array(other)),
            "n": pa.array(margins.table.n),
            "n_contexts": pa.array(margins.n_contexts[language, other]),
        }
    )


def tally(rows: Rows, config: Config) -> Tally:
    """Documents in, pairs out: an aggregate conserves nothing."""
    return Tally(rows.read["tokens"], rows.written["counts"], conserved=False)


STAGE = Stage(
    name="count",
    doc="exact co-occurrence of tokens across languages",
    reads=("tokens", "vocabulary"),
    writes=("margins", "counts"),
    sections=("languages", "count"),
    run=run,
    tally=tally,
)
