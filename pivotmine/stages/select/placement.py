"""Where each document of an arm stands, and how often.

Each row has a place, a number in [0, 1), and positions number the rows in the order of their
places. A shuffled arm draws places by a hash. If some documents are placed late, they draw places
in the last part of the arm, and the others keep theirs all over the arm, so both are mixed in that
part. The share of others there (replay) follows from share and window. Arms that differ in
placement hold the same documents.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pivotmine.engine.stage import Inputs
from pivotmine.recipe import ArmConfig, Recipe, SelectConfig
from pivotmine.stages.draw import uniform
from pivotmine.stages.select.budgets import Budget

_N_BUCKETS = 1024
"""Parts of the order, each numbered by itself; results do not depend on it."""


def with_epochs(
    inputs: Inputs,
    taken: DataFrame,
    budgets: Sequence[Budget],
    limits: Sequence[int],
    name: str,
    settings: SelectConfig,
) -> DataFrame:
    """Repeat the documents of languages whose budget they do not fill; column `epoch` counts.

    Epochs are whole, but for the last one: of that as many documents are drawn as fit.
    """
    taken = inputs.checkpoint(taken, f"once-{name}")
    sums = taken.groupBy("lang").agg(F.sum("n_tokens").alias("n_tokens"))
    rows = inputs.local(sums, len(budgets)).to_pylist()
    held = {row["lang"]: row["n_tokens"] for row in rows if row["n_tokens"]}
    whole, rest = F.lit(1), F.lit(0)
    for budget, limit in zip(budgets, limits, strict=True):
        if n_tokens := held.get(budget.name):
            n_whole = max(min(limit // n_tokens, settings.max_epochs), 1)
            room = limit - n_whole * n_tokens if n_whole < settings.max_epochs else 0
            here = F.col("lang") == budget.name
            whole = F.when(here, n_whole).otherwise(whole)
            rest = F.when(here, max(room, 0)).otherwise(rest)
    by_draw = Window.partitionBy("lang").orderBy(
        uniform("epoch", settings.seed, "doc_id"), "doc_id"
    )
    used = F.sum("n_tokens").over(by_draw.rowsBetween(Window.unboundedPreceding, 0))
    last = whole + (used <= rest).cast("int") - 1
    columns = taken.columns
    return taken.withColumn("last", last).select(
        *columns, F.explode(F.sequence(F.lit(0), F.col("last"))).alias("epoch")
    )


def with_places(inputs: Inputs, rows: DataFrame, arm: ArmConfig, recipe: Recipe) -> DataFrame:
    """Columns `place` in [0, 1), and `stream`: uniform, late or early."""
    seed = recipe.select.seed
    # Epoch 0 of a document keeps the place that it has without repetition.
    once = uniform("order", seed, "doc_id")
    place = F.when(F.col("epoch") == 0, once).otherwise(uniform("order", seed, "doc_id", "epoch"))
    columns = ("arm", "doc_id", "epoch", "n_tokens", "lang", "reason")
    if arm.placement == "shuffled":
        return rows.select(*columns, place.alias("place"), F.lit("uniform").alias("stream"))
    placement = recipe.select.placement
    scores = inputs.frame("scores", ("doc_id", "method", "score")).where(
        F.col("method") == placement.score
    )
    best_first = Window.partitionBy("lang").orderBy(F.desc("score"), place, "doc_id")
    used = F.sum("n_tokens").over(best_first.rowsBetween(Window.unboundedPreceding, 0))
    all_tokens = F.sum("n_tokens").over(Window.partitionBy("lang"))
    window = placement.window
    first = 1 - window if arm.placement == "late" else 0.0
    return (
        rows.join(scores.select("doc_id", "score"), "doc_id")
        .withColumn("placed", used <= placement.share * all_tokens)
        .select(
            *columns,
            F.when(F.col("placed"), first + window * place).otherwise(place).alias("place"),
            F.when(F.col("placed"), arm.placement).otherwise("uniform").alias("stream"),
        )
    )


def in_order(selected: DataFrame) -> DataFrame:
    """Number each arm's documents by place, without sorting an arm in one task.

    Places are cut into buckets; a document's position is the number of documents in the buckets
    before its own plus its row number inside.
    """
    hashed = selected.withColumn("bucket", F.floor(F.col("place") * _N_BUCKETS))
    before = Window.partitionBy("arm").orderBy("bucket").rowsBetween(Window.unboundedPreceding, -1)
    offsets = (
        hashed.groupBy("arm", "bucket")
        .count()
        .select("arm", "bucket", F.coalesce(F.sum("count").over(before), F.lit(0)).alias("offset"))
    )
    inside = Window.partitionBy("arm", "bucket").orderBy("place", "doc_id", "epoch")
    return (
        hashed.withColumn("row", F.row_number().over(inside) - 1)
        .join(F.broadcast(offsets), ["arm", "bucket"])
        .select(
            "arm",
            "doc_id",
            (F.col("offset") + F.col("row")).alias("position"),
            "n_tokens",
            "lang",
            "reason",
            "epoch",
            "stream",
        )
    )
