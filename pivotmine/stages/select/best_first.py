"""Candidates of an arm in the order of a score or a draw, as far as budgets go.

A running sum over all documents of a language would sort them in one task, to keep a twentieth. So
tokens are first summed by bins of the order (`_bin`). Only bins that begin within the limit are
kept, and each is sorted by itself. Results do not depend on the bins.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pivotmine.engine.stage import Inputs
from pivotmine.recipe import Recipe
from pivotmine.stages.draw import uniform
from pivotmine.stages.select.budgets import Budget, least_left
from pivotmine.udfs import select

_BINS = 1024
"""Bins between scores of 0 and 1, and among documents of score 0."""

_MAX_SCORE = 16.0
"""Higher scores share a bin. This one is the entropy of 65,536 languages."""


def within_limits(
    inputs: Inputs, candidates: DataFrame, limits: Sequence[int], name: str, recipe: Recipe
) -> DataFrame:
    """The best of each source and each template, up to its share of a language's budget."""
    for group, share in group_shares(recipe).items():
        most = F.get(F.array(*map(F.lit, limits)), F.col("cell")[0]) * share
        grouped = candidates.where(F.col(group).isNotNull())
        within = best_within(grouped, ("lang", group), most, recipe, few_groups=False)
        within = within.drop("used_tokens").unionByName(candidates.where(F.col(group).isNull()))
        candidates = inputs.checkpoint(within, f"{name}-within-{group}")
    return candidates


def group_shares(recipe: Recipe) -> dict[str, float]:
    """The share of a language's budget that one source, or one template, may have."""
    shares = {
        "source": recipe.select.max_source_share,
        "template": recipe.select.max_template_share,
    }
    return {group: share for group, share in shares.items() if share < 1}


def check_limits(
    inputs: Inputs, documents: DataFrame, budgets: Sequence[Budget], recipe: Recipe
) -> None:
    """Note the languages whose budget the limits of sources or templates leave unfilled."""
    for group, share in group_shares(recipe).items():
        budget = F.get(F.array(*(F.lit(one.tokens) for one in budgets)), F.col("cell")[0])
        each = documents.groupBy("lang", group, budget.alias("budget")).agg(
            F.sum("n_tokens").alias("held")
        )
        most = F.least("held", F.floor(F.col("budget") * share))
        usable = F.when(F.col(group).isNull(), F.col("held")).otherwise(most)
        sums = each.groupBy("lang", "budget").agg(
            F.sum("held").alias("held"), F.sum(usable).alias("usable")
        )
        short = sums.where("usable < least(held, budget)").orderBy("lang")
        for row in inputs.local(short, len(budgets)).to_pylist():
            inputs.note(
                f"{row['lang']}: with max_{group}_share={share:g} its documents fill at most "
                f"{row['usable']:,} of its {row['budget']:,} tokens (they hold {row['held']:,}); "
                "every arm takes that much"
            )


def take_best(candidates: DataFrame, limits: Sequence[int], recipe: Recipe) -> DataFrame:
    """The best documents, as far as budgets go.

    Where every document is charged to one budget, running sums over the cells suffice. Otherwise
    one task goes through the best of each cell, up to its budgets (twice that where documents are
    charged by segments), and takes those that fit.
    """
    settings = recipe.select
    by_segments = settings.language_tokens == "segments"
    most = least_left(limits) * (2 if by_segments else 1)
    best = best_within(candidates, ("cell",), most, recipe)
    if not (by_segments or settings.pair_shares or settings.type_shares):
        return best
    rows = best.select(
        "*",
        F.col("charges")["budget"].alias("budget"),
        F.col("charges")["tokens"].alias("charge"),
        uniform("choice", settings.seed, "doc_id").alias("draw"),
    ).repartition(1)
    rows = rows.sortWithinPartitions(F.desc("score"), "draw", "doc_id")
    return rows.mapInArrow(select.bind_first_fit(limits), rows.schema)


def best_within(
    candidates: DataFrame,
    groups: Sequence[str],
    most: Column,
    recipe: Recipe,
    draw: str = "choice",
    few_groups: bool = True,
) -> DataFrame:
    """The best candidates of each group, of at most `most` tokens together.

    Ties go by a draw. Adds `used_tokens`: tokens of a document and of the better ones of its group.
    Bins of few groups are broadcast, so that other documents are not even shuffled.
    """
    drawn = uniform(draw, recipe.select.seed, "doc_id")
    binned = candidates.withColumns({"draw": drawn, "most_tokens": most})
    binned = binned.withColumn("bin", _bin())
    whole = Window.partitionBy(*groups)
    before = whole.orderBy("bin").rowsBetween(Window.unboundedPreceding, -1)
    bins = (
        binned.groupBy(*groups, "bin")
        .agg(F.sum("n_tokens").alias("n_tokens"), F.max("most_tokens").alias("most_tokens"))
        .select(
            *groups,
            "bin",
            F.coalesce(F.sum("n_tokens").over(before), F.lit(0)).alias("before"),
            F.max("most_tokens").over(whole).alias("most_of_group"),
        )
        .where("before < most_of_group")
    )
    inside = Window.partitionBy(*groups, "bin").orderBy(F.desc("score"), "draw", "doc_id")
    used = F.sum("n_tokens").over(inside.rowsBetween(Window.unboundedPreceding, 0))
    return (
        binned.join(F.broadcast(bins) if few_groups else bins, [*groups, "bin"])
        .withColumn("used_tokens", F.col("before") + used)
        .where("used_tokens <= most_tokens")
        .drop("draw", "bin", "most_tokens", "before", "most_of_group")
    )


def _bin() -> Column:
    """Number of the bin, the best first: by score, and among documents of score 0 by draw."""
    score = F.least(F.col("score"), F.lit(_MAX_SCORE))
    return (
        F.when(F.col("score") > 0, -F.ceil(score * _BINS))
        .when(F.col("score") == 0, F.floor(F.col("draw") * _BINS))
        .otherwise(_BINS)
    )
