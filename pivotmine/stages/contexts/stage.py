"""Contexts: where words of two languages meet, cut out of the tokens.

A context is a window of consecutive segments, or a document. It is mixed when two languages take
part in it. Only mixed contexts are counted, some 7 % of the tokens of real text, so they are cut
out once. Counting reads them, links compete in them, and a permutation of them shows what chance
alone would link.

A context is kept as its distinct nodes: tokens in text of one language (`pivotmine.numeric.nodes`
says why). A line that many documents hold counts in a few of them only (`repeated_lines.py`), since
pages of one template are not independent evidence.

Tokens that occur less than `min_count` times are left out here. They cannot reach that count in
any pair, so no pair at or above `min_count` is lost.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Window
from pyspark.sql import functions as F

from pivotmine.engine.stage import ArrowRows, Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.lake.tables import CONTEXTS
from pivotmine.numeric.nodes import NodeTable, node_table
from pivotmine.recipe import Recipe
from pivotmine.stages.contexts.cutting import CutPlan, part_tokens
from pivotmine.stages.contexts.packing import DOCUMENT_CONTEXTS, n_buckets
from pivotmine.stages.contexts.repeated_lines import RepeatedLines
from pivotmine.udfs.contexts import COLUMNS, LINES, bind_cut, bind_lines, bind_pack

MAX_VOCAB_SIZE = 4_000_000
"""More tokens than any tokenizer has; bounds what is brought to the driver."""


def run(inputs: Inputs, recipe: Recipe) -> StageOutputs:
    """Find the lines that repeat, then cut contexts without them."""
    settings = recipe.count
    languages = context_languages(recipe)
    plan = CutPlan(
        languages,
        load_nodes(inputs, languages, settings.min_count),
        context_tokens(recipe),
        settings.min_language_share,
        settings.block_layouts,
        settings.folds,
        _repeated(inputs, recipe),
    )
    cut = inputs.arrow_rows("tokens", COLUMNS, bind_cut(plan), DOCUMENT_CONTEXTS).in_spark()
    occurrences = inputs.table("vocabulary", ("token_count",), MAX_VOCAB_SIZE)["token_count"]
    buckets = n_buckets(int(pc.sum(occurrences).as_py() or 0))
    by_bucket = (
        cut.withColumn("bucket", F.pmod(F.xxhash64("doc_id"), F.lit(buckets)))
        .repartition(buckets, "bucket")
        .sortWithinPartitions("bucket", "doc_id")
    )
    pack = bind_pack(part_tokens(settings.chunk_tokens))
    return {"contexts": ArrowRows(by_bucket, pack, CONTEXTS.schema)}


def context_languages(recipe: Recipe) -> tuple[str, ...]:
    """The languages in the order of their indices: `a` of a pair is of the earlier one."""
    return tuple(sorted(recipe.languages))


def context_tokens(recipe: Recipe) -> int | None:
    """Longest context in tokens; None where it is the whole document."""
    return recipe.count.window_tokens if recipe.count.context == "window" else None


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


def _repeated(inputs: Inputs, recipe: Recipe) -> RepeatedLines:
    """Lines that too many documents hold, each with the last document in which it counts."""
    most, max_lines = recipe.count.max_line_documents, recipe.count.max_repeated_lines
    if most == 0:
        return RepeatedLines(np.empty(0, np.uint64), np.empty(0, np.uint64))
    find = bind_lines(context_languages(recipe), most + 1)
    lines = inputs.arrow_rows("tokens", COLUMNS, find, LINES).in_spark()
    in_order = Window.partitionBy("line").orderBy("document")
    beyond = (
        lines.withColumn("place", F.row_number().over(in_order))
        .withColumn("has_more", F.lead("document").over(in_order).isNotNull())
        .where((F.col("place") == most) & F.col("has_more"))
        .select("line", "document")
    )
    found = inputs.local(beyond.orderBy("line").limit(max_lines), max_lines)
    if found.num_rows == max_lines:
        inputs.note(
            f"{max_lines:,} lines or more are in over {most} documents; the limit applies to "
            f"{max_lines:,}. Raise count.max_repeated_lines (16 bytes each in every worker)."
        )
    inputs.measure("repeated_lines", found.num_rows)
    line, document = (found[name].to_numpy().view(np.uint64) for name in LINES.names)
    order = np.argsort(line)
    return RepeatedLines(line[order], document[order])


def tally(rows: Rows, recipe: Recipe) -> Tally:
    """Documents in, rows of packed contexts out; most text is in no mixed context."""
    return Tally(rows.read["tokens"], rows.written["contexts"], conserved=False)


STAGE = Stage(
    name="contexts",
    doc="where words of two languages meet",
    reads=("tokens", "vocabulary"),
    writes=("contexts",),
    sections=(
        "languages",
        "count.context",
        "count.window_tokens",
        "count.min_language_share",
        "count.block_layouts",
        "count.min_count",
        "count.max_line_documents",
        "count.max_repeated_lines",
        "count.folds",
        "count.chunk_tokens",
    ),
    run=run,
    tally=tally,
)
