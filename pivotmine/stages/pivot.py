"""Pivot: tokens that bridge languages, by two methods side by side.

`he2025` follows He et al. 2025 as far as their evidence goes: draw an edge from each token to the
partners whose document frequency it raises most over the background (difference of rates, not a
ratio), and call the tokens that most edges reach the pivots. Their graph thresholds are
unpublished; ours are settings. Known defects are kept on purpose, since it is the baseline:
generic, frequent tokens become hubs.

`links` counts only significant links that prevail over their rivals, sets the degree of a token
against what tokens of its language and frequency have on average, and asks that the links spread
over languages (participation coefficient, Guimera & Amaral 2005, scaled to 0..1): score =
participation * log2((degree + 1) / (mean degree + 1)).
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pivotmine.config import Config, He2025PivotConfig, LinksPivotConfig
from pivotmine.stage import Inputs, Rows, Stage, StageOutputs, Tally


def run(inputs: Inputs, config: Config) -> StageOutputs:
    """Both methods, in one table."""
    vocabulary = inputs.frame("vocabulary")
    methods = (
        _he2025(inputs.frame("counts"), config.pivot.he2025),
        _links(inputs.frame("links"), vocabulary, config.pivot.links),
    )
    pivots = reduce(DataFrame.unionByName, methods)
    names = vocabulary.select("token_id", "token")
    return {"pivots": pivots.join(F.broadcast(names), "token_id")}


def _he2025(counts: DataFrame, settings: He2025PivotConfig) -> DataFrame:
    edges = _both_ways(counts, "n_ab", "n_a", "n_b", "n_contexts")
    increase = F.col("n_ab") / F.col("n_a") - F.col("n_b") / F.col("n_contexts")
    strongest = Window.partitionBy("a", "lang_a").orderBy(F.desc("increase"), "lang_b", "b")
    drawn = (
        edges.withColumn("increase", increase)
        .where(F.col("increase") >= settings.min_increase)
        .withColumn("edge", F.row_number().over(strongest))
        .where(F.col("edge") <= settings.max_edges)
    )
    hubs = drawn.groupBy(F.col("b").alias("token_id"), F.col("lang_b").alias("lang")).agg(
        F.count("*").alias("degree"), _sorted_set("lang_a").alias("languages")
    )
    scored = hubs.withColumn("score", F.col("degree").cast("double"))
    return _top(scored, "he2025", settings.max_pivots)


def _links(links: DataFrame, vocabulary: DataFrame, settings: LinksPivotConfig) -> DataFrame:
    kept = links.where("prevails AND NOT is_copy")
    per_language = (
        _both_ways(kept)
        .groupBy(F.col("a").alias("token_id"), F.col("lang_a").alias("lang"), "lang_b")
        .agg(F.count("*").alias("links"))
    )
    degrees = per_language.groupBy("token_id", "lang").agg(
        F.sum("links").alias("degree"),
        F.sum(F.col("links") * F.col("links")).alias("squares"),
        _sorted_set("lang_b").alias("languages"),
    )
    # Mean degree of all words of the language that occur about as often (within a factor of 2).
    words = vocabulary.where("document_frequency > 0").select(
        "token_id",
        F.explode("langs").alias("lang"),
        F.floor(F.log2("document_frequency")).alias("octave"),
    )
    with_degree = words.join(degrees, ["token_id", "lang"], "left")
    usual = with_degree.groupBy("lang", "octave").agg(
        (F.sum("degree") / F.count("*")).alias("mean_degree")
    )
    n_languages = F.size("languages")
    participation = (1 - F.col("squares") / (F.col("degree") * F.col("degree"))) * (
        n_languages / (n_languages - 1)
    )
    surplus = F.log2((F.col("degree") + 1) / (F.col("mean_degree") + 1))
    scored = (
        with_degree.where(n_languages >= settings.min_languages)
        .join(F.broadcast(usual), ["lang", "octave"])
        .withColumn("score", F.when(n_languages > 1, participation).otherwise(0.0) * surplus)
        .select("token_id", "lang", "degree", "languages", "score")
    )
    return _top(scored, "links", settings.max_pivots)


def _both_ways(pairs: DataFrame, *more: str) -> DataFrame:
    """Every pair twice, once from each side."""
    swap = {"a": "b", "b": "a", "lang_a": "lang_b", "lang_b": "lang_a", "n_a": "n_b", "n_b": "n_a"}
    names = ["a", "b", "lang_a", "lang_b", *more]
    turned = [F.col(swap.get(name, name)).alias(name) for name in names]
    return pairs.select(*names).unionByName(pairs.select(*turned))


def _sorted_set(name: str) -> Column:
    return F.sort_array(F.collect_set(name))


def _top(tokens: DataFrame, method: str, max_pivots: int) -> DataFrame:
    """The best by score, ties by degree and id, with their ranks."""
    best = tokens.orderBy(F.desc("score"), F.desc("degree"), "token_id", "lang").limit(max_pivots)
    order = Window.orderBy(F.desc("score"), F.desc("degree"), "token_id", "lang")
    return best.withColumns({"method": F.lit(method), "rank": F.row_number().over(order)})


def tally(rows: Rows, config: Config) -> Tally:
    """Links in, pivots out."""
    return Tally(rows.read["links"], rows.written["pivots"], conserved=False)


STAGE = Stage(
    name="pivot",
    doc="tokens that bridge languages",
    reads=("counts", "links", "vocabulary"),
    writes=("pivots",),
    sections=("pivot",),
    run=run,
    tally=tally,
)
