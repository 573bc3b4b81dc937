"""Candidates in Spark, for corpora whose candidates the driver cannot hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pivotmine.engine.stage import Inputs
from pivotmine.numeric.association import MAX_P_VALUE_BIN
from pivotmine.numeric.q_values import BINS, FAMILY
from pivotmine.stages.link.contest import KEY

Hold = Callable[[pa.Table], DataFrame]
"""Links that compete, with columns of `KEY` and `strength`, to rows of `contest.WON`."""


@dataclass(frozen=True)
class RowsInSpark:
    """`selection.CandidateRows` in a DataFrame."""

    inputs: Inputs
    rows: DataFrame
    hold: Hold
    max_contenders: int
    max_families: int
    """Language pairs times permutations at most, for the size of histograms."""

    def bins(self, *, winners: bool = False) -> pa.Table:
        rows = self.rows.where("wins") if winners else self.rows
        counted = rows.groupBy(*FAMILY, "permutation", "p_bin").agg(F.count("*").alias("count"))
        most = 2 * self.max_families * (MAX_P_VALUE_BIN + 1)
        return self.inputs.local(counted, most).select(BINS.names).cast(BINS)

    def passing(self, q: pa.Table, max_q_value: float) -> RowsInSpark:
        known = self._with_q(q, "q_value")
        return self._replace(known.where(F.col("q_value") <= max_q_value))

    def ranked(self, max_rank: int, name: str) -> RowsInSpark:
        ranks = {"rank_ab": _rank("a", "b"), "rank_ba": _rank("b", "a")}
        high = F.least("rank_ab", "rank_ba") <= max_rank
        return self._replace(self.inputs.checkpoint(self.rows.withColumns(ranks).where(high), name))

    def contested(self, min_won_share: float) -> RowsInSpark:
        best = F.least("rank_ab", "rank_ba")
        strongest = self.inputs.local(
            self.rows.orderBy(best, F.desc("strength"), *KEY)
            .limit(self.max_contenders)
            .select(*KEY, "strength"),
            self.max_contenders,
        )
        enough = F.col("n_won") >= min_won_share * F.col("n_ab")
        rows = self.rows.join(self.hold(strongest), KEY, "left").fillna(0, "n_won")
        return self._replace(
            self.inputs.checkpoint(rows.withColumn("wins", enough & (best == 1)), "contested")
        )

    def marked(self, q: pa.Table, max_q_value: float) -> RowsInSpark:
        of_corpus = self._replace(self.rows.where(F.col("permutation") == 0))
        known = F.when(F.col("wins"), F.col("prevails_q_value"))
        rows = of_corpus._with_q(q, "prevails_q_value").withColumn("prevails_q_value", known)
        passes = F.coalesce(F.col("prevails_q_value") <= max_q_value, F.lit(False))
        return self._replace(rows.withColumn("prevails", passes))

    def _replace(self, rows: DataFrame) -> RowsInSpark:
        return RowsInSpark(self.inputs, rows, self.hold, self.max_contenders, self.max_families)

    def _with_q(self, q: pa.Table, name: str) -> DataFrame:
        of_bins = self.inputs.spark.createDataFrame(q.rename_columns({"q_value": name}))
        return self.rows.drop(name).join(F.broadcast(of_bins), [*FAMILY, "p_bin"], "left")


def _rank(side: str, other: str) -> Column:
    partners = Window.partitionBy("permutation", side, *FAMILY).orderBy(F.desc("strength"), other)
    return F.row_number().over(partners)
