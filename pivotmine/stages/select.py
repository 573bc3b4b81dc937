"""Select: documents for each arm under a token budget.

Every arm takes documents of each language in the order of its method until that language's share of
the budget is used, so arms differ in which documents they hold and not in how much of a language.
Ties and the order inside an arm go by a hash of the document id.
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pivotmine.config import ArmConfig, Config
from pivotmine.stage import Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.stages.draw import uniform

SCORE_OF_METHOD = {
    "random": None,
    "density": "he2025",
    "entropy": "entropy",
    "coverage": "links",
    "translation": "translation",
}
"""Which score each selection method goes by."""

_N_BUCKETS = 1024
"""Parts of the hash order that are numbered by themselves; results do not depend on it."""


def run(inputs: Inputs, config: Config) -> StageOutputs:
    """All arms, in one table."""
    documents = inputs.frame("tokens").select("doc_id", "lang", "n_tokens")
    scores = inputs.frame("scores").select("doc_id", "method", "score")
    arms = (_take(arm, documents, scores, config) for arm in config.select.arms)
    return {"selection": _with_positions(reduce(DataFrame.unionByName, arms), config)}


def _take(arm: ArmConfig, documents: DataFrame, scores: DataFrame, config: Config) -> DataFrame:
    by_hash = uniform("choice", config.select.seed, "doc_id")
    method = SCORE_OF_METHOD[arm.method]
    if method is None:
        candidates = documents.withColumn("score", F.lit(0.0))
        reason: Column = F.lit("random")
    else:
        of_method = scores.where(F.col("method") == method).select("doc_id", "score")
        candidates = documents.join(of_method, "doc_id")
        reason = F.format_string(f"{method} score %.4f", "score")
    in_order = (
        Window.partitionBy("lang")
        .orderBy(F.desc("score"), by_hash, "doc_id")
        .rowsBetween(Window.unboundedPreceding, Window.currentRow)
    )
    return (
        candidates.withColumn("budget_tokens", _budget(config))
        # A document beyond the whole budget would end the running sum for all that come after it.
        .where("n_tokens BETWEEN 1 AND budget_tokens")
        .withColumn("used_tokens", F.sum("n_tokens").over(in_order))
        .where("used_tokens <= budget_tokens")
        .select(F.lit(arm.name).alias("arm"), "doc_id", "n_tokens", "lang", reason.alias("reason"))
    )


def _budget(config: Config) -> Column:
    """Tokens that documents of a row's language may use."""
    settings = config.select
    equal = {language: 1 / len(config.languages) for language in config.languages}
    budget: Column = F.lit(0)
    for language, share in (settings.language_shares or equal).items():
        tokens = round(settings.budget_tokens * share)
        budget = F.when(F.col("lang") == language, tokens).otherwise(budget)
    return budget


def _with_positions(selected: DataFrame, config: Config) -> DataFrame:
    """Number each arm's documents in hash order, without sorting an arm in one task.

    The hash is cut into buckets; a document's position is the number of documents in the buckets
    before its own plus its row number inside.
    """
    place = uniform("order", config.select.seed, "doc_id")
    hashed = selected.withColumn("place", place).withColumn(
        "bucket", F.floor(F.col("place") * _N_BUCKETS)
    )
    before = Window.partitionBy("arm").orderBy("bucket").rowsBetween(Window.unboundedPreceding, -1)
    offsets = (
        hashed.groupBy("arm", "bucket")
        .count()
        .select("arm", "bucket", F.coalesce(F.sum("count").over(before), F.lit(0)).alias("offset"))
    )
    inside = Window.partitionBy("arm", "bucket").orderBy("place", "doc_id")
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
        )
    )


def tally(rows: Rows, config: Config) -> Tally:
    """Documents in, places in arms out."""
    return Tally(rows.read["tokens"], rows.written["selection"], conserved=False)


STAGE = Stage(
    name="select",
    doc="documents for each arm under the token budget",
    reads=("tokens", "scores"),
    writes=("selection",),
    sections=("languages", "select"),
    run=run,
    tally=tally,
)
