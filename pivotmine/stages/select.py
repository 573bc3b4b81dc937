"""Select: documents for each arm under a token budget.

Every arm takes documents of each language in the order of its method until that language's share of
the budget is used, so arms differ in which documents they hold and not in how much of a language.
Ties and the order inside an arm go by a hash of the document id.

`links_coverage` takes documents for what they add to those already taken
(`pivotmine/kernels/coverage_greedy.py`, with its guarantee). That is one task where the links of
all documents fit `select.max_bucket_links`; else they are dealt into buckets by a hash, so the
result depends on the corpus and the recipe, and on no partitioning.
"""

from __future__ import annotations

from functools import reduce

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from pivotmine.config import ArmConfig, Config
from pivotmine.errors import ConfigError
from pivotmine.session import spark_schema
from pivotmine.stage import Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.stages.draw import uniform
from pivotmine.stages.score import scoring_links
from udfs import cover_links

SCORE_OF_METHOD = {
    "random": None,
    "density": "he2025",
    "entropy": "entropy",
    "coverage": "links",
    "translation": "translation",
    "links_coverage": "translation",
}
"""Which score each selection method goes by."""

_N_BUCKETS = 1024
"""Parts of the hash order that are numbered by themselves; results do not depend on it."""


def run(inputs: Inputs, config: Config) -> StageOutputs:
    """All arms, in one table."""
    budgets = _budgets(config)
    documents = _documents(inputs, config)
    _check_budgets(inputs, documents, budgets, config)
    if config.select.max_source_share < 1:
        sources = inputs.frame("documents").select("doc_id", "source")
        documents = documents.join(sources, "doc_id")
    documents = documents.withColumn("budget_tokens", _by_language(budgets)).where(
        # A document beyond the whole budget would end the running sum for all that come after it.
        "n_tokens BETWEEN 1 AND budget_tokens"
    )
    arms: dict[str, DataFrame] = {}
    for arm in sorted(config.select.arms, key=lambda arm: arm.reference is not None):
        if arm.reference is not None:
            taken = _match_lengths(documents, arms[arm.reference], config)
        elif arm.method == "links_coverage":
            taken = _cover(inputs, _candidates(inputs, documents, arm, config), budgets, config)
        else:
            taken = _take(_candidates(inputs, documents, arm, config), arm, config)
        arms[arm.name] = taken.select(
            F.lit(arm.name).alias("arm"), "doc_id", "n_tokens", "lang", "reason"
        )
    # Read twice from here on, and dear to compute.
    selected = inputs.checkpoint(reduce(DataFrame.unionByName, arms.values()), "selected")
    return {"selection": _with_positions(selected, config)}


def _documents(inputs: Inputs, config: Config) -> DataFrame:
    """Every document with its length and the language whose budget it uses.

    A page in two languages has often no language as a whole (of planted parallel pages, one in
    seven); it goes by the language of most of its segments, which is in its score of entropy.
    """
    documents = inputs.frame("tokens").select("doc_id", "lang", "n_tokens")
    tokens_of = F.transform(
        F.map_entries("evidence"), lambda entry: F.struct(entry["value"], entry["key"])
    )
    main = (
        inputs.frame("scores")
        .where("method = 'entropy'")
        .select("doc_id", F.array_max(tokens_of)["key"].alias("main"))
    )
    lang = F.when(F.col("lang").isin(*config.languages), F.col("lang")).otherwise(
        F.coalesce("main", "lang")
    )
    return documents.join(main, "doc_id", "left").select("doc_id", lang.alias("lang"), "n_tokens")


def _budgets(config: Config) -> dict[str, int]:
    """Tokens that documents of each language may use."""
    settings = config.select
    equal = {language: 1 / len(config.languages) for language in config.languages}
    shares = settings.language_shares or equal
    return {lang: round(settings.budget_tokens * share) for lang, share in shares.items() if share}


def _check_budgets(
    inputs: Inputs, documents: DataFrame, budgets: dict[str, int], config: Config
) -> None:
    """Say which languages hold less than their budget.

    Raises
    ------
    ConfigError
        The recipe itself asks for the share of a language that has no document.
    """
    held = (
        documents.where(F.col("lang").isin(*budgets))
        .groupBy("lang")
        .agg(F.sum("n_tokens").alias("n_tokens"))
    )
    rows = inputs.local(held, len(budgets)).to_pylist()
    n_tokens = {row["lang"]: row["n_tokens"] for row in rows if row["n_tokens"]}
    none = [lang for lang in budgets if lang not in n_tokens]
    if none and n_tokens and config.select.language_shares:
        asked = ", ".join(f"{lang} {budgets[lang]:,} tokens" for lang in none)
        there = ", ".join(f"{lang} ({n:,} tokens)" for lang, n in sorted(n_tokens.items()))
        raise ConfigError(
            f"select.language_shares gives {asked}, but the corpus has no document of "
            f"{' or '.join(none)}; languages with documents are {there}"
        )
    for lang, budget in sorted(budgets.items()):
        if n_tokens.get(lang, 0) < budget:
            inputs.note(
                f"{lang}: its share of the budget is {budget:,} tokens, but its documents hold "
                f"{n_tokens.get(lang, 0):,}: every arm takes what there is"
            )


def _by_language(budgets: dict[str, int]) -> Column:
    budget: Column = F.lit(0)
    for language, tokens in budgets.items():
        budget = F.when(F.col("lang") == language, tokens).otherwise(budget)
    return budget


def _candidates(inputs: Inputs, documents: DataFrame, arm: ArmConfig, config: Config) -> DataFrame:
    """Documents with the score that an arm goes by, within the limit on their source."""
    method = SCORE_OF_METHOD[arm.method]
    if method is None:
        candidates = documents.withColumn("score", F.lit(0.0))
    else:
        scores = inputs.frame("scores").where(F.col("method") == method)
        more = ["links"] if arm.method == "links_coverage" else []
        candidates = documents.join(scores.select("doc_id", "score", *more), "doc_id")
    limit = config.select.max_source_share
    if limit < 1:
        used = F.sum("n_tokens").over(_in_order(config, "lang", "source"))
        candidates = candidates.withColumn("of_source", used).where(
            F.col("of_source") <= F.col("budget_tokens") * limit
        )
    return candidates


def _in_order(config: Config, *groups: str, draw: str = "choice") -> WindowSpec:
    """Documents of a group from the best to each, ties by a draw."""
    by_hash = uniform(draw, config.select.seed, "doc_id")
    return (
        Window.partitionBy(*groups)
        .orderBy(F.desc("score"), by_hash, "doc_id")
        .rowsBetween(Window.unboundedPreceding, Window.currentRow)
    )


def _take(candidates: DataFrame, arm: ArmConfig, config: Config) -> DataFrame:
    """The best documents of each language, as far as its budget goes."""
    method = SCORE_OF_METHOD[arm.method]
    reason = F.format_string(f"{method} score %.4f", "score") if method else F.lit("random")
    return (
        candidates.withColumn("used_tokens", F.sum("n_tokens").over(_in_order(config, "lang")))
        .where("used_tokens <= budget_tokens")
        .withColumn("reason", reason)
    )


def _match_lengths(documents: DataFrame, reference: DataFrame, config: Config) -> DataFrame:
    """Any documents, with the tokens of each language and octave of lengths that an arm has."""
    octave = F.floor(F.log2("n_tokens"))
    wanted = reference.groupBy("lang", octave.alias("octave")).agg(
        F.sum("n_tokens").alias("wanted_tokens")
    )
    draws = documents.withColumns({"octave": octave, "score": F.lit(0.0)})
    used = F.sum("n_tokens").over(_in_order(config, "lang", "octave", draw="matched"))
    return (
        draws.join(F.broadcast(wanted), ["lang", "octave"])
        .withColumn("used_tokens", used)
        .where("used_tokens <= wanted_tokens")
        .withColumn("reason", F.lit("random, length matched"))
    )


def _cover(
    inputs: Inputs, candidates: DataFrame, budgets: dict[str, int], config: Config
) -> DataFrame:
    """Documents that cover most links; what is left of the budget goes to others, drawn."""
    settings = config.select
    n_links = inputs.local(candidates.agg(F.sum(F.size("links")).alias("n")), 1)["n"][0].as_py()
    n_buckets = max(-(-(n_links or 0) // settings.max_bucket_links), 1)
    inputs.measure("coverage_buckets", n_buckets)
    bucket = F.floor(uniform("bucket", settings.seed, "doc_id") * n_buckets).cast("int")
    weights = _link_weights(scoring_links(inputs, config.score.max_links), config)
    cover = cover_links.bind(budgets, weights, settings.link_repeats, n_buckets)
    rows = (
        candidates.withColumns(
            {"bucket": bucket, "draw": uniform("choice", settings.seed, "doc_id")}
        )
        .repartition(n_buckets, "bucket")
        .sortWithinPartitions("bucket", "draw", "doc_id")
        .select("bucket", "doc_id", "lang", "n_tokens", "links")
        .mapInArrow(cover, spark_schema(cover_links.SCHEMA))
    )
    return inputs.checkpoint(rows, "covering").withColumn(
        "reason", F.format_string("%d new links, gain %.4f", "new_links", "gain")
    )


def _link_weights(links: pa.Table, config: Config) -> NDArray[np.float64]:
    """Worth of each link, by its language pair."""
    given = config.select.pair_weights
    weights = np.ones(links.num_rows)
    lang_a, lang_b = (np.array(links[name].to_pylist(), str) for name in ("lang_a", "lang_b"))
    for pair, weight in given.items():
        one, other = sorted(pair.split("-"))
        weights[(lang_a == one) & (lang_b == other)] = weight
    return weights


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
    reads=("tokens", "scores", "documents", "links"),
    writes=("selection",),
    sections=("languages", "score", "select"),
    run=run,
    tally=tally,
)
