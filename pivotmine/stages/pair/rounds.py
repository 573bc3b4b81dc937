"""One round of pairing, as DataFrames: candidates by shared keys, verdicts, and what they teach."""

from __future__ import annotations

import numpy as np
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pivotmine.engine.session import spark_schema
from pivotmine.engine.stage import ArrowRows, Inputs
from pivotmine.recipe import PairConfig
from pivotmine.stages.pair.candidates import KEYS, UNITS, Search
from pivotmine.stages.pair.classes import WordLinks
from pivotmine.stages.pair.feedback import EITHER, MIN_MEETINGS, NO_RENAMES, Renames, rename
from pivotmine.stages.pair.judging import JUDGED
from pivotmine.stages.pair.learning import LEARNT, MEETINGS
from pivotmine.udfs import pair as udfs

MIN_OF_BEST = 0.5
"""Candidates whose sketches share less than this part of the best one of either document are not
aligned. That leaves a fifth of the work. In a first round with few links, 2 to 5 of 100 true pairs
are lost (docs/results/document-pairs.md); later rounds have better estimates."""


def judge_candidates(inputs: Inputs, settings: PairConfig, search: Search, number: int) -> None:
    """Checkpoint `judged-N`: the best candidates of every document of round N, aligned."""
    stored = inputs.stored(f"documents-{number}", ("doc_id", "lang", "packed")).where(
        "packed IS NOT NULL"
    )
    documents = stored.withColumn("doc", F.xxhash64("doc_id"))
    keys = ArrowRows(documents.select("doc", "lang", "packed"), udfs.bind_keys(search), KEYS)
    met = (
        keys.in_spark()
        .repartition("key")
        .sortWithinPartitions("key", "side", "doc")
        .mapInArrow(udfs.bind_meet(settings.max_bucket), spark_schema(udfs.MET))
        .groupBy("pair", "a", "b")
        .agg(F.sum("weight").alias("weight"), F.max("norms").alias("norms"))
    )
    estimate = F.least(F.lit(1.0), F.col("weight") / F.lit(float(UNITS)) / F.col("norms"))
    ranked = met.select("pair", "a", "b", estimate.alias("estimated_overlap"))
    for side, other in (("a", "b"), ("b", "a")):
        order = Window.partitionBy("pair", side).orderBy(F.desc("estimated_overlap"), other)
        ranked = ranked.withColumn(f"rank_{side}", F.row_number().over(order))
    for side in "ab":
        best = F.max("estimated_overlap").over(Window.partitionBy("pair", side))
        ranked = ranked.withColumn(f"best_{side}", best)
    most = settings.max_candidates
    candidates = ranked.where((F.col("rank_a") <= most) | (F.col("rank_b") <= most)).where(
        F.col("estimated_overlap") >= MIN_OF_BEST * F.greatest("best_a", "best_b")
    )
    sides = {
        side: documents.select(
            F.col("doc").alias(side),
            F.col("doc_id").alias(f"doc_id_{side}"),
            F.col("packed").alias(f"packed_{side}"),
        )
        for side in "ab"
    }
    both = (
        inputs.checkpoint(
            candidates.select("pair", "a", "b", "estimated_overlap"), f"candidates-{number}"
        )
        .join(sides["a"], "a")
        .join(sides["b"], "b")
        .drop("a", "b")
    )
    make = udfs.bind_judge(search, settings.min_score)
    inputs.checkpoint(ArrowRows(both, make, JUDGED), f"judged-{number}")


def learn(
    inputs: Inputs, settings: PairConfig, search: Search, decided: DataFrame, number: int
) -> Renames:
    """Features that mean the same by the segments aligned in round N, under one number."""
    links = inputs.local(_learnt_links(inputs, settings, decided, number), settings.max_links)
    inputs.measure(f"meanings_round_{number + 1}", links.num_rows)
    if not links.num_rows:
        return NO_RENAMES
    sides = np.array(search.pairs)[links["pair"].to_numpy()]
    joined = WordLinks(*(links[name].to_numpy() for name in ("a", "b", "strength")))
    return rename(sides[:, 0], sides[:, 1], joined, search.known.n_docs.shape[1])


def _learnt_links(
    inputs: Inputs, settings: PairConfig, decided: DataFrame, number: int
) -> DataFrame:
    """Features of two languages that are each other's best partner in aligned segments."""
    counts = inputs.checkpoint(_meetings(inputs, settings, decided, number), f"met-{number}")
    of_a = counts.where(f"b = {EITHER}").select("pair", "a", F.col("n").alias("n_a"))
    of_b = counts.where(f"a = {EITHER}").select("pair", "b", F.col("n").alias("n_b"))
    total = of_a.where(f"a = {EITHER}").select("pair", F.col("n_a").alias("n_all"))
    both = (
        counts.where(f"a != {EITHER} AND b != {EITHER}")
        .join(of_a, ["pair", "a"])
        .join(of_b, ["pair", "b"])
        .join(total, "pair")
    )
    ranked = ArrowRows(both, udfs.strengths_of, LEARNT).in_spark().where("strength > 0")
    for side, other in (("a", "b"), ("b", "a")):
        # The feature itself is the better of equal partners.
        order = Window.partitionBy("pair", side).orderBy(
            F.desc("strength"), F.col("a") != F.col("b"), other
        )
        ranked = ranked.withColumn(f"place_{side}", F.row_number().over(order))
    return (
        ranked.where("place_a = 1 AND place_b = 1")
        .orderBy(F.desc("strength"), "pair", "a", "b")
        .limit(settings.max_links)
        .select("pair", "a", "b", "strength")
    )


def _meetings(inputs: Inputs, settings: PairConfig, decided: DataFrame, number: int) -> DataFrame:
    """Numbers of segment pairs with two features, one, or any; of a sample where there are many."""
    paired = decided.where("outcome = 'paired'").select("doc_id_a", "doc_id_b", "n_segment_pairs")
    (row,) = inputs.local(paired.agg(F.sum("n_segment_pairs").alias("n")), 1).to_pylist()
    share = min(1.0, settings.max_learnt_segments / max(row["n"] or 0, 1))
    place = F.pmod(F.xxhash64("doc_id_a", "doc_id_b"), F.lit(2**20))
    sample = paired.where(place < int(share * 2**20)).drop("n_segment_pairs")
    documents = inputs.stored("documents-0", ("doc_id", "packed"))
    sides = [
        documents.select(F.col("doc_id").alias(f"doc_id_{side}"), F.col("packed").alias(side))
        for side in "ab"
    ]
    aligned = (
        inputs.stored(f"judged-{number}", ("pair", "doc_id_a", "doc_id_b", "beads"))
        .join(sample, ["doc_id_a", "doc_id_b"])
        .join(sides[0], "doc_id_a")
        .join(sides[1], "doc_id_b")
        .select("pair", "beads", "a", "b")
    )
    met = ArrowRows(aligned, udfs.count_meetings, MEETINGS).in_spark()
    summed = met.groupBy("pair", "a", "b").agg(F.sum("n").alias("n"))
    return summed.where(f"n >= {MIN_MEETINGS} OR a = {EITHER} OR b = {EITHER}")
