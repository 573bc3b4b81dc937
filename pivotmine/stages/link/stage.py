"""Link: which co-occurring pairs are statistically real.

Each pair is tested by the log-likelihood ratio of its 2x2 table over mixed contexts. The false
discovery rate is controlled per language pair over all pairs that could have been found, that is
all whose two tokens occur in at least `min_count` mixed contexts: the pairs that were not found
count as failed tests, or the rate would be flattered.

q-values come from a histogram of p-values rather than from a global sort: p is rounded up to the
edge of its bin (1/256 of a decade), so a q-value is never below the exact one and at most 1 % above
it, and the histogram is small whatever the number of pairs.

What nominal rates are worth is measured: a permutation of the contexts, in which words meet by
chance alone, is tested in the same way, and what passes there is false.

Being real does not make a pair a translation: what stands beside a word's translation is associated
with the word as surely. So links compete for the contexts in which they meet, and column `prevails`
says which win: `pivotmine.stages.link.contest` has the rule and the reasons. On planted corpora it
takes the share of false translations from half to less than 2 %.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pivotmine.engine.session import spark_schema
from pivotmine.engine.stage import Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.numeric.association import MAX_P_VALUE_BIN, bin_upper_log10_p, binned_q_values
from pivotmine.numeric.nodes import NodeTable
from pivotmine.recipe import Recipe
from pivotmine.stages.contexts.stage import context_languages, load_nodes
from pivotmine.stages.link.contests import contest_links, permuted_counts
from pivotmine.text.token_notation import SPACE
from pivotmine.udfs import associate

_PAIR = ["lang_a", "lang_b"]


def run(inputs: Inputs, recipe: Recipe) -> StageOutputs:
    """Test, control the false discovery rate, rank, compete, and name the tokens."""
    settings = recipe.link
    associated = inputs.checkpoint(_associated(inputs.frame("counts")), "associated")
    n_pairs = len(recipe.languages) ** 2
    bins = inputs.local(
        associated.groupBy(*_PAIR, "p_bin").count(), n_pairs * (MAX_P_VALUE_BIN + 1)
    )
    tests = inputs.local(_testable(inputs.frame("margins"), recipe.count.min_count), n_pairs)
    q_values = F.broadcast(inputs.spark.createDataFrame(_q_values(bins, tests)))
    passing = _passing(associated, q_values, recipe)
    vocabulary = inputs.frame("vocabulary")
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
        _measure_null(inputs, recipe, nodes, q_values, ranked)
    enough = F.col("n_won") >= settings.min_won_share * F.col("n_ab")
    is_best = F.least("rank_ab", "rank_ba") == 1
    return {
        "links": ranked.join(won, [*_PAIR, "a", "b"], "left")
        .fillna(0, "n_won")
        .withColumn("prevails", enough & is_best)
        .drop("p_bin")
    }


def _associated(counts: DataFrame) -> DataFrame:
    return counts.mapInArrow(associate.associate, spark_schema(associate.SCHEMA))


def _passing(associated: DataFrame, q_values: DataFrame, recipe: Recipe) -> DataFrame:
    """Pairs that meet every demand on a link."""
    settings = recipe.link
    return associated.join(q_values, [*_PAIR, "p_bin"]).where(
        (F.col("q_value") <= settings.max_q_value)
        & (F.col("npmi") >= settings.min_npmi)
        & (F.col("folds") >= settings.min_folds)
    )


def _measure_null(
    inputs: Inputs, recipe: Recipe, nodes: NodeTable, q_values: DataFrame, ranked: DataFrame
) -> None:
    """How many links a permutation of the contexts gives, where there is only chance."""
    counts = permuted_counts(inputs, recipe, nodes)
    if counts is None:
        inputs.note(
            "contexts are more than one chunk, so no permutation of them was tested; links rest on "
            "the exact test alone"
        )
        return
    n_null = _passing(_associated(counts), q_values, recipe).count()
    n_links = ranked.count()
    inputs.measure("permuted_links", n_null)
    inputs.measure("permuted_false_discovery_rate", n_null / n_links if n_links else 0.0)
    if n_links:
        inputs.note(
            f"of a permutation of the contexts, where words meet by chance, {n_null:,} pairs would "
            f"pass; {n_links:,} do: {n_null / n_links:.2%} false, at nominal "
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


def _q_values(bins: pa.Table, tests: pa.Table) -> pa.Table:
    """q-value of every (language pair, bin) that occurs."""
    n_tests = {(row["lang_a"], row["lang_b"]): row["n_tests"] for row in tests.to_pylist()}
    pairs = np.array(
        [f"{a} {b}" for a, b in zip(*(bins[name].to_pylist() for name in _PAIR), strict=True)]
    )
    rows = []
    for pair in np.unique(pairs):
        lang_a, lang_b = pair.split(" ")
        part = bins.filter(pa.array(pairs == pair)).sort_by("p_bin")
        p_bin = part["p_bin"].to_numpy()
        # Higher bins hold smaller p-values: from the strongest pair downwards.
        order = np.argsort(-p_bin, kind="stable")
        cumulative = np.cumsum(part["count"].to_numpy()[order])
        q = binned_q_values(bin_upper_log10_p(p_bin[order]), cumulative, n_tests[lang_a, lang_b])
        rows.append(
            pa.table(
                {
                    "lang_a": pa.array([lang_a] * len(q)),
                    "lang_b": pa.array([lang_b] * len(q)),
                    "p_bin": pa.array(p_bin[order], pa.int32()),
                    "q_value": pa.array(q, pa.float64()),
                }
            )
        )
    empty = pa.schema(
        [
            ("lang_a", pa.string()),
            ("lang_b", pa.string()),
            ("p_bin", pa.int32()),
            ("q_value", pa.float64()),
        ]
    ).empty_table()
    return pa.concat_tables(rows) if rows else empty


def _rank(side: str, other: str) -> Column:
    """Rank of a partner among the partners of a node in one language, by G2, ties by id.

    Copies apart: they would be the first partner of every name, and say nothing about translation.
    """
    partners = Window.partitionBy(side, *_PAIR, "is_copy").orderBy(F.desc("g2"), other)
    return F.row_number().over(partners)


def _bare(token: str) -> Column:
    """A piece without its mark of a word start, in small letters: how it is spelled."""
    return F.lower(F.ltrim(F.col(token), F.lit(SPACE)))


def _names(vocabulary: DataFrame, side: str) -> DataFrame:
    named = vocabulary.select(F.col("token_id").alias(side), F.col("token").alias(f"token_{side}"))
    return F.broadcast(named)


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
)
