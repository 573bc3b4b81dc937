"""Link: the co-occurring pairs whose association is statistically real.

Each pair is tested by the log-likelihood ratio of its 2x2 table over mixed contexts. The false
discovery rate is controlled per language pair over all pairs that could have been found: all pairs
of nodes that both occur in at least `min_count` mixed contexts. Pairs that never met are among
these tests; without them the rate would look lower than it is.

q-values come from a histogram of p-values rather than from a global sort. p is rounded up to the
edge of its bin (1/256 of a decade), so a q-value is never below the exact one and at most 1 % above
it, and the histogram is small whatever the number of pairs.

The actual rate is measured, too: a permutation of the contexts, in which words meet by chance
alone, is tested in the same way, and every pair that passes there is false.

Partners are ranked by `link.measure`. p-values do not depend on it.

A real association need not be a translation: a word is also associated with the words beside its
translation. So links compete for the contexts in which they meet (`contest.py`), and column
`prevails` marks those that win.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pivotmine import plugins
from pivotmine.engine.session import spark_schema
from pivotmine.engine.stage import Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.numeric.association import MAX_P_VALUE_BIN
from pivotmine.numeric.nodes import NodeTable
from pivotmine.numeric.q_values import q_values
from pivotmine.recipe import Recipe
from pivotmine.stages.contexts.stage import context_languages, load_nodes
from pivotmine.stages.link.from_contexts import contest_links, permuted_counts
from pivotmine.text.token_notation import SPACE
from pivotmine.udfs.link import ASSOCIATED, bind_associate

_PAIR = ["lang_a", "lang_b"]


def run(inputs: Inputs, recipe: Recipe) -> StageOutputs:
    """Test, control the false discovery rate, rank, compete, and name the tokens."""
    settings = recipe.link
    associated = inputs.checkpoint(
        _associated(inputs.frame("counts"), settings.measure), "associated"
    )
    n_pairs = len(recipe.languages) ** 2
    bins = inputs.local(
        associated.groupBy(*_PAIR, "p_bin").count(), n_pairs * (MAX_P_VALUE_BIN + 1)
    )
    tests = inputs.local(_testable(inputs.frame("margins"), recipe.count.min_count), n_pairs)
    of_bins = F.broadcast(inputs.spark.createDataFrame(q_values(bins, tests)))
    passing = _passing(associated, of_bins, recipe)
    vocabulary = inputs.frame("vocabulary", ("token_id", "token"))
    named = passing.join(_names(vocabulary, "a"), "a").join(_names(vocabulary, "b"), "b")
    ranked = inputs.checkpoint(
        named.withColumn("is_copy", _bare("token_a") == _bare("token_b"))
        .withColumns({"rank_ab": _rank("a", "b"), "rank_ba": _rank("b", "a")})
        .where(F.least("rank_ab", "rank_ba") <= settings.max_rank),
        "ranked",
    )
    nodes = load_nodes(inputs, context_languages(recipe), recipe.count.min_count)
    won = contest_links(inputs, recipe, nodes, ranked)
    if settings.permute:
        _measure_null(inputs, recipe, nodes, of_bins, ranked)
    enough = F.col("n_won") >= settings.min_won_share * F.col("n_ab")
    is_best = F.least("rank_ab", "rank_ba") == 1
    return {
        "links": ranked.join(won, [*_PAIR, "a", "b"], "left")
        .fillna(0, "n_won")
        .withColumn("prevails", enough & is_best)
        .drop("p_bin", "strength")
    }


def _associated(counts: DataFrame, measure: str) -> DataFrame:
    make = plugins.with_plugins(bind_associate(measure))
    return counts.mapInArrow(make, spark_schema(ASSOCIATED))


def _passing(associated: DataFrame, of_bins: DataFrame, recipe: Recipe) -> DataFrame:
    """Pairs that meet every criterion of a link; `of_bins` has the q-value of each bin."""
    settings = recipe.link
    return associated.join(of_bins, [*_PAIR, "p_bin"]).where(
        (F.col("q_value") <= settings.max_q_value)
        & (F.col("npmi") >= settings.min_npmi)
        & (F.col("folds") >= settings.min_folds)
    )


def _measure_null(
    inputs: Inputs, recipe: Recipe, nodes: NodeTable, of_bins: DataFrame, ranked: DataFrame
) -> None:
    """Measure how many links chance alone gives: those of permuted contexts."""
    counts = permuted_counts(inputs, recipe, nodes)
    if counts is None:
        inputs.note(
            "the contexts are several chunks, so no permutation of them was tested; links rest on "
            "the exact test alone"
        )
        return
    n_null = _passing(_associated(counts, recipe.link.measure), of_bins, recipe).count()
    n_links = ranked.count()
    inputs.measure("permuted_links", n_null)
    inputs.measure("permuted_false_discovery_rate", n_null / n_links if n_links else 0.0)
    if n_links:
        inputs.note(
            f"{n_links:,} pairs pass, and {n_null:,} in a permutation of the contexts, where words "
            f"meet by chance: {n_null / n_links:.2%} false links, at a nominal "
            f"{recipe.link.max_q_value:.2%}"
        )


def _testable(margins: DataFrame, min_count: int) -> DataFrame:
    """How many pairs of each language pair have both tokens in enough mixed contexts."""
    tokens = margins.where(F.col("n") >= min_count).groupBy("lang", "other_lang").count()
    other = tokens.select(
        F.col("other_lang").alias("lang"),
        F.col("lang").alias("other_lang"),
        F.col("count").alias("other_count"),
    )
    return (
        tokens.join(other, ["lang", "other_lang"])
        .where("lang < other_lang")
        .select(
            F.col("lang").alias("lang_a"),
            F.col("other_lang").alias("lang_b"),
            (F.col("count") * F.col("other_count")).alias("n_tests"),
        )
    )


def _rank(side: str, other: str) -> Column:
    """Rank of a partner among a node's partners in one language, by `link.measure`, ties by id.

    Copies are ranked apart: every name would have its copy first, which is no translation.
    """
    partners = Window.partitionBy(side, *_PAIR, "is_copy").orderBy(F.desc("strength"), other)
    return F.row_number().over(partners)


def _bare(token: str) -> Column:
    """A token's spelling: lower case, without the mark of a word start."""
    return F.lower(F.expr(f"trim(LEADING '{SPACE}' FROM {token})"))


def _names(vocabulary: DataFrame, side: str) -> DataFrame:
    named = vocabulary.select(F.col("token_id").alias(side), F.col("token").alias(f"token_{side}"))
    return F.broadcast(named)


def modules(recipe: Recipe) -> list[str]:
    """The module of the measure by which partners are ranked."""
    return [plugins.MEASURES.module(recipe.link.measure)]


def tally(rows: Rows, recipe: Recipe) -> Tally:
    """Pairs in, links out."""
    return Tally(rows.read["counts"], rows.written["links"], conserved=False)


STAGE = Stage(
    name="link",
    doc="pairs whose association is statistically real",
    reads=("contexts", "counts", "margins", "vocabulary"),
    writes=("links",),
    sections=("languages", "count", "link"),
    run=run,
    tally=tally,
    modules=modules,
)
