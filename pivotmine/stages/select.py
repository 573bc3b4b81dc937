"""Select: documents for each arm under a token budget.

Every arm takes documents in the order of its method until the budgets are spent: those of languages
(`pivotmine/stages/budgets.py`), so that arms differ in which documents they hold and not in how
much of a language, and on request those of language pairs and types. Ties and the order inside an
arm go by a hash of the document id. `links_coverage` takes documents for what they add to those
already taken (`pivotmine/stages/cover.py`).

The result depends on the corpus and the recipe, and on no partitioning.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from pivotmine.config import ArmConfig, Config
from pivotmine.errors import ConfigError
from pivotmine.sources.files import list_files
from pivotmine.stage import Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.stages.budgets import (
    Budget,
    charged_documents,
    check_budgets,
    fits,
    least_left,
    plan_budgets,
    spent,
)
from pivotmine.stages.cover import covering_documents
from pivotmine.stages.draw import uniform
from pivotmine.stages.placement import in_order, with_epochs, with_places
from udfs import first_fit

SCORE_OF_METHOD = {
    "density": "he2025",
    "entropy": "entropy",
    "coverage": "links",
    "translation": "translation",
    "links_coverage": "translation",
}
"""Which score a selection method goes by, of those that go by one."""

_COLUMNS = ("doc_id", "n_tokens", "lang", "charges", "reason")
_MIN_LEFT_SHARE = 0.01
"""Share of a budget that must be left for documents without links to be looked for."""


def run(inputs: Inputs, config: Config) -> StageOutputs:
    """All arms, in one table."""
    budgets = plan_budgets(config)
    documents = charged_documents(inputs, config, budgets)
    if config.select.max_source_share < 1:
        documents = documents.join(inputs.frame("documents").select("doc_id", "source"), "doc_id")
    check_budgets(inputs, documents, budgets, config.select)
    # Read by every arm, and made of several tables.
    documents = inputs.checkpoint(documents, "charged")
    needed = {name for arm in config.select.arms for name in arm.needs}
    arms: dict[str, DataFrame] = {}
    for arm in config.select.arms_in_order():
        limits = [budget.tokens for budget in budgets]
        if arm.tokens_of:
            limits = spent(inputs, arms[arm.tokens_of], budgets)
        taken = _arm(inputs, documents, arm, arms, limits, config)
        if config.select.max_epochs > 1:
            taken = with_epochs(inputs, taken, budgets, limits, arm.name, config.select)
        else:
            taken = taken.withColumn("epoch", F.lit(0))
        if arm.name in needed:
            taken = inputs.checkpoint(taken, f"arm-{arm.name}")
        arms[arm.name] = taken
    named = [
        with_places(inputs, rows.withColumn("arm", F.lit(arm.name)), arm, config)
        for arm in config.select.arms
        for rows in (arms[arm.name],)
    ]
    # Read more than once from here on, and dear to compute.
    selected = inputs.checkpoint(reduce(DataFrame.unionByName, named), "selected")
    _report_shortfalls(inputs, selected, budgets, config)
    return {"selection": in_order(selected)}


def _arm(
    inputs: Inputs,
    documents: DataFrame,
    arm: ArmConfig,
    arms: dict[str, DataFrame],
    limits: Sequence[int],
    config: Config,
) -> DataFrame:
    """The documents of an arm: `_COLUMNS`."""
    documents = documents.where(fits(limits))
    if arm.method == "links_broken":
        broken = arms[str(arm.reference)].where("epoch = 0")
        return broken.select(*_COLUMNS).withColumn(
            "reason", F.lit(f"{arm.reference}, links broken")
        )
    if arm.method == "length_matched":
        return _match_lengths(documents, arms[str(arm.reference)], config)
    if arm.method == "links_coverage":
        return _cover(inputs, documents, arm, limits, config)
    candidates = documents.withColumn("score", F.lit(0.0))
    reason = F.lit("random")
    if arm.method == "oracle":
        candidates = _listed(inputs, candidates, arm)
        reason = F.lit("listed in the truth")
    elif score := SCORE_OF_METHOD.get(arm.method):
        candidates = _scored(inputs, documents, score)
        reason = F.format_string(f"{score} score %.4f", "score")
    candidates = _within_sources(candidates, limits, config)
    return _take(candidates, limits, config).withColumn("reason", reason).select(*_COLUMNS)


def _scored(inputs: Inputs, documents: DataFrame, method: str, *more: str) -> DataFrame:
    scores = inputs.frame("scores").where(F.col("method") == method)
    return documents.join(scores.select("doc_id", "score", *more), "doc_id")


def _listed(inputs: Inputs, documents: DataFrame, arm: ArmConfig) -> DataFrame:
    """Documents of an oracle's truth."""
    known = inputs.frame("documents").select("doc_id", "uri")
    if isinstance(arm.truth, str):
        truth = inputs.spark.read.parquet(*(file.uri for file in list_files([arm.truth])))
        key = next((name for name in ("doc_id", "uri") if name in truth.columns), None)
        if key is None:
            raise ConfigError(
                f"arm {arm.name}: {arm.truth} has columns {', '.join(truth.columns)}; one of them "
                "must be doc_id or uri"
            )
        truth = truth.where(arm.truth_where)
        listed = known.join(truth.select(key).distinct(), key, "left_semi")
    else:
        listed = known.where(F.col("doc_id").isin(*arm.truth) | F.col("uri").isin(*arm.truth))
    found = documents.join(listed.select("doc_id"), "doc_id", "left_semi")
    if inputs.local(found.limit(1).select("doc_id"), 1).num_rows == 0:
        raise ConfigError(
            f"arm {arm.name}: of the documents that its truth lists, the corpus has none that "
            "fits a budget; is it the truth of another corpus?"
        )
    return found


def _within_sources(candidates: DataFrame, limits: Sequence[int], config: Config) -> DataFrame:
    """The best of each source, as far as its share of a language's budget goes."""
    share = config.select.max_source_share
    if share == 1:
        return candidates
    used = F.sum("n_tokens").over(_best_first(config, "lang", "source"))
    budget = F.get(F.array(*map(F.lit, limits)), F.col("cell")[0])
    return candidates.withColumn("of_source", used).where(F.col("of_source") <= budget * share)


def _best_first(config: Config, *groups: str, draw: str = "choice") -> WindowSpec:
    """Documents of a group from the best to each, ties by a draw."""
    by_hash = uniform(draw, config.select.seed, "doc_id")
    return (
        Window.partitionBy(*groups)
        .orderBy(F.desc("score"), by_hash, "doc_id")
        .rowsBetween(Window.unboundedPreceding, Window.currentRow)
    )


def _take(candidates: DataFrame, limits: Sequence[int], config: Config) -> DataFrame:
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


def _match_lengths(documents: DataFrame, reference: DataFrame, config: Config) -> DataFrame:
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
        .select(*_COLUMNS)
    )


def _cover(
    inputs: Inputs, documents: DataFrame, arm: ArmConfig, limits: Sequence[int], config: Config
) -> DataFrame:
    """Documents that cover most links; what is left of the budgets goes to others, drawn."""
    candidates = _scored(inputs, documents, SCORE_OF_METHOD[arm.method], "links")
    candidates = _within_sources(candidates, limits, config)
    covering, left = covering_documents(inputs, candidates, limits, arm.name, config)
    taken = documents.join(covering, "doc_id").withColumn(
        "reason", F.format_string("%d new links, gain %.4f", "new_links", "gain")
    )
    if all(n <= _MIN_LEFT_SHARE * limit for n, limit in zip(left, limits, strict=True)):
        return taken.select(*_COLUMNS)
    others = candidates.join(covering, "doc_id", "left_anti").where(fits(left)).drop("links")
    more = _take(others.withColumn("score", F.lit(0.0)), left, config)
    more = more.withColumn("reason", F.lit("no new links, drawn"))
    return taken.select(*_COLUMNS).unionByName(more.select(*_COLUMNS))


def _report_shortfalls(
    inputs: Inputs, selected: DataFrame, budgets: Sequence[Budget], config: Config
) -> None:
    """Say which arms could not spend a language's share, though others could."""
    languages = {budget.name: budget.tokens for budget in budgets if budget.kind == "language"}
    sums = selected.groupBy("arm", "lang").agg(F.sum("n_tokens").alias("n_tokens"))
    rows = inputs.local(sums, len(config.select.arms) * len(languages)).to_pylist()
    held = {(row["arm"], row["lang"]): row["n_tokens"] for row in rows}
    for arm in config.select.arms:
        missing = []
        if not (arm.needs or config.select.pair_shares):
            for lang, tokens in sorted(languages.items()):
                n_tokens = held.get((arm.name, lang), 0)
                most = max(held.get((other.name, lang), 0) for other in config.select.arms)
                if n_tokens < 0.9 * min(tokens, most):
                    missing.append(f"{lang} {n_tokens:,} of {tokens:,} tokens")
        if missing:
            inputs.note(
                f"arm {arm.name} holds {', '.join(missing)}, less than others; give the others "
                f"`tokens_of: {arm.name}` to compare them at equal tokens"
            )


def external(config: Config) -> Any:
    """The files that oracles read, with size and time stamp."""
    uris = {arm.truth for arm in config.select.arms if isinstance(arm.truth, str)}
    return [list_files([uri]) for uri in sorted(uris)]


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
    external=external,
)
