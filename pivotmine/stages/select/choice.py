"""The interface of selection methods: the candidates of an arm, and its budgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pivotmine.engine.stage import Inputs
from pivotmine.recipe import ArmConfig, Recipe
from pivotmine.stages.select.best_first import take_best, within_limits

COLUMNS = ("doc_id", "n_tokens", "lang", "charges", "reason")
"""Columns of the documents that a method returns."""


@dataclass(frozen=True)
class Choice:
    """What a selection method chooses from.

    Parameters
    ----------
    inputs, recipe, arm
        The run, the whole recipe, and the arm's part of it.
    documents
        Candidates, each of which fits the budgets: doc_id, lang, n_tokens, `charges` (numbers of
        budgets with tokens), `cell` (documents of one cell are charged to the same budgets),
        `score_NAME` for every score of the method, null where a document has none, and the columns
        of table `documents` that the method names.
    limits
        Tokens of each budget.
    arms
        Documents of the arms that this one is made from, by name.
    """

    inputs: Inputs
    recipe: Recipe
    arm: ArmConfig
    documents: DataFrame
    limits: Sequence[int]
    arms: Mapping[str, DataFrame]

    @property
    def reference(self) -> DataFrame:
        """Documents of the arm that `reference` names: `COLUMNS` and `epoch`."""
        return self.arms[str(self.arm.reference)]

    def scored(self, score: str) -> DataFrame:
        """Candidates that have a score, with it in column `score`."""
        scored = self.documents.withColumn("score", F.col(f"score_{score}"))
        return scored.where(F.col("score").isNotNull())

    def within_limits(self, candidates: DataFrame) -> DataFrame:
        """The best of each source and template, by column `score`, where the recipe limits them."""
        return within_limits(self.inputs, candidates, self.limits, self.arm.name, self.recipe)

    def take_best(self, candidates: DataFrame, reason: Column) -> DataFrame:
        """Candidates of the highest `score`, as far as the budgets go: `COLUMNS`.

        Ties go by a draw, so equal scores of 0 give a random choice. Scores must not be negative.
        """
        best = take_best(self.within_limits(candidates), self.limits, self.recipe)
        return best.withColumn("reason", reason).select(*COLUMNS)
