"""Candidates of an arm in the order of a score or a draw, as far as budgets go."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from pivotmine.config import ArmConfig, Config
from pivotmine.errors import ConfigError
from pivotmine.sources.files import list_files
from pivotmine.stage import Inputs
from pivotmine.stages.budgets import least_left
from pivotmine.stages.draw import uniform
from udfs import first_fit

COLUMNS = ("doc_id", "n_tokens", "lang", "charges", "reason")
"""Of the documents of an arm."""


def scored_documents(inputs: Inputs, documents: DataFrame, method: str, *more: str) -> DataFrame:
    """Documents with their score by a method, and more of its columns."""
    scores = inputs.frame("scores").where(F.col("method") == method)
    return documents.join(scores.select("doc_id", "score", *more), "doc_id")


def listed_documents(inputs: Inputs, documents: DataFrame, arm: ArmConfig) -> DataFrame:
    """Documents of an oracle's truth.

    Raises
    ------
    ConfigError
        The truth has no such columns, or knows none of the documents.
    """
    known = inputs.frame("documents").select("doc_id", "uri")
    if isinstance(arm.truth, str):
        truth = inputs.spark.read.parquet(*(file.uri for file in list_files([arm.truth])))
        key = next((name for name in ("doc_id", "uri") if name in truth.columns), None)
        if key is None:
            raise ConfigError(
                f"arm {arm.name}: {arm.truth} has columns {', '.join(truth.columns)}; one of them "
                "must be doc_id or uri"
            )
        try:
            truth = truth.where(arm.truth_where)
        except AnalysisException as error:
            raise ConfigError(
                f"arm {arm.name}: truth_where={arm.truth_where!r} is no condition on columns "
                f"{', '.join(truth.columns)} of {arm.truth}"
            ) from error
        known = known.join(truth.select(key).distinct(), key, "left_semi")
    else:
        known = known.where(F.col("doc_id").isin(*arm.truth) | F.col("uri").isin(*arm.truth))
    found = documents.join(known.select("doc_id"), "doc_id", "left_semi")
    if inputs.local(found.limit(1).select("doc_id"), 1).num_rows == 0:
        raise ConfigError(
            f"arm {arm.name}: of the documents that its truth lists, the corpus has none that "
            "fits a budget; is it the truth of another corpus?"
        )
    return found


def within_sources(candidates: DataFrame, limits: Sequence[int], config: Config) -> DataFrame:
    """The best of each source, as far as its share of a language's budget goes."""
    share = config.select.max_source_share
    if share == 1:
        return candidates
    used = F.sum("n_tokens").over(_best_first(config, "lang", "source"))
    budget = F.get(F.array(*map(F.lit, limits)), F.col("cell")[0])
    return candidates.withColumn("of_source", used).where(F.col("of_source") <= budget * share)


def take_best(candidates: DataFrame, limits: Sequence[int], config: Config) -> DataFrame:
    """The best documents, as far as budgets go.

    Where a document uses one budget, sums over its cell are all that is needed. Where it uses
    several, one task goes through the best of each cell, no more of them than its budgets hold
    (twice as much where they are charged by segments), and takes those that fit.
    """
    settings = config.select
    by_segments = settings.language_tokens == "segments"
    used = F.sum("n_tokens").over(_best_first(config, "cell"))
    within = F.col("used_tokens") <= least_left(limits) * (2 if by_segments else 1)
    best = candidates.withColumn("used_tokens", used).where(within)
    if not (by_segments or settings.pair_shares or settings.type_shares):
        return best
    rows = best.select(
        "*",
        F.col("charges")["budget"].alias("budget"),
        F.col("charges")["tokens"].alias("charge"),
        uniform("choice", settings.seed, "doc_id").alias("draw"),
    ).repartition(1)
    rows = rows.sortWithinPartitions(F.desc("score"), "draw", "doc_id")
    return rows.mapInArrow(first_fit.bind(limits), rows.schema)


def match_lengths(documents: DataFrame, reference: DataFrame, config: Config) -> DataFrame:
    """Any documents, with the tokens of each language and octave of lengths that an arm has."""
    octave = F.floor(F.log2("n_tokens"))
    wanted = reference.groupBy("lang", octave.alias("octave")).agg(
        F.sum("n_tokens").alias("wanted_tokens")
    )
    draws = documents.withColumns({"octave": octave, "score": F.lit(0.0)})
    used = F.sum("n_tokens").over(_best_first(config, "lang", "octave", draw="matched"))
    return (
        draws.join(F.broadcast(wanted), ["lang", "octave"])
        .withColumn("used_tokens", used)
        .where("used_tokens <= wanted_tokens")
        .withColumn("reason", F.lit("random, length matched"))
        .select(*COLUMNS)
    )


def _best_first(config: Config, *groups: str, draw: str = "choice") -> WindowSpec:
    """Documents of a group from the best to each, ties by a draw."""
    by_hash = uniform(draw, config.select.seed, "doc_id")
    return (
        Window.partitionBy(*groups)
        .orderBy(F.desc("score"), by_hash, "doc_id")
        .rowsBetween(Window.unboundedPreceding, Window.currentRow)
    )
