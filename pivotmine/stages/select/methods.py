"""The built-in selection methods, and the one that every document score makes."""

from __future__ import annotations

import pyarrow.parquet as pq
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pivotmine import plugins
from pivotmine.engine.stage import Inputs
from pivotmine.errors import ConfigError
from pivotmine.recipe import ArmConfig
from pivotmine.sources.files import list_files
from pivotmine.stages.select.best_first import best_within, take_best
from pivotmine.stages.select.budgets import fits
from pivotmine.stages.select.choice import COLUMNS, Choice
from pivotmine.stages.select.cover import covering_documents
from pivotmine.storage.filesystem import open_file

_MIN_LEFT_SHARE = 0.01
"""If less of every budget is left, no documents without new links are added."""


class ByScore:
    """Documents of the highest score."""

    def __init__(self, score: str) -> None:
        self._score = score

    def select(self, choice: Choice) -> DataFrame:
        """The best documents first; those without the score are left out."""
        reason = F.format_string(f"{self._score} score %.4f", "score")
        return choice.take_best(choice.scored(self._score), reason)


@plugins.selection("random")
class Random:
    """Any documents."""

    def select(self, choice: Choice) -> DataFrame:
        """Documents in the order of a draw."""
        candidates = choice.documents.withColumn("score", F.lit(0.0))
        return choice.take_best(candidates, F.lit("random"))


@plugins.selection("distinct_links", scores=("translation",))
class DistinctLinks:
    """Documents that together realise most distinct links for their tokens."""

    def select(self, choice: Choice) -> DataFrame:
        """Documents that cover most links; drawn ones fill the rest of the budgets."""
        inputs, limits, recipe = choice.inputs, choice.limits, choice.recipe
        candidates = choice.within_limits(choice.scored("translation"))
        covering, left = covering_documents(inputs, candidates, limits, choice.arm.name, recipe)
        taken = choice.documents.join(covering, "doc_id").withColumn(
            "reason", F.format_string("%d new links, gain %.4f", "new_links", "gain")
        )
        if all(n <= _MIN_LEFT_SHARE * limit for n, limit in zip(left, limits, strict=True)):
            return taken.select(*COLUMNS)
        others = candidates.join(covering, "doc_id", "left_anti").where(fits(left))
        more = take_best(others.withColumn("score", F.lit(0.0)), left, recipe)
        more = more.withColumn("reason", F.lit("no new links, drawn"))
        return taken.select(*COLUMNS).unionByName(more.select(*COLUMNS))


@plugins.selection("length_matched", needs=("reference",))
class LengthMatched:
    """Any documents, with the tokens of each language and octave of lengths of another arm."""

    def select(self, choice: Choice) -> DataFrame:
        """Documents drawn to the lengths of the reference."""
        octave = F.floor(F.log2("n_tokens"))
        wanted = choice.reference.groupBy("lang", octave.alias("octave")).agg(
            F.sum("n_tokens").alias("wanted_tokens")
        )
        draws = choice.documents.withColumns({"octave": octave, "score": F.lit(0.0)})
        draws = draws.join(F.broadcast(wanted), ["lang", "octave"])
        most = F.col("wanted_tokens")
        return (
            best_within(draws, ("lang", "octave"), most, choice.recipe, draw="matched")
            .withColumn("reason", F.lit("random, length matched"))
            .select(*COLUMNS)
        )


@plugins.selection("oracle", needs=("truth",))
class Oracle:
    """Any of the documents that a truth lists."""

    def select(self, choice: Choice) -> DataFrame:
        """Listed documents in the order of a draw."""
        listed = _listed(choice, choice.arm)
        return choice.take_best(
            listed.withColumn("score", F.lit(0.0)), F.lit("listed in the truth")
        )


@plugins.selection("links_broken", needs=("reference",))
class LinksBroken:
    """The documents of another arm; stage `shard` exchanges their segments."""

    def select(self, choice: Choice) -> DataFrame:
        """The same documents, in the same epochs."""
        reason = F.lit(f"{choice.arm.reference}, links broken")
        return choice.reference.withColumn("reason", reason)


def _read_truth(inputs: Inputs, uri: str) -> DataFrame:
    """The rows of Parquet files, in the columns of the first of them."""
    paths = [file.uri for file in list_files([uri])]
    with open_file(paths[0]) as stream:
        schema = pq.read_schema(stream).remove_metadata()
    return inputs.read_files(paths, schema)


def _listed(choice: Choice, arm: ArmConfig) -> DataFrame:
    """Candidates that the truth of an arm lists.

    Raises
    ------
    ConfigError
        The truth lacks a column, or none of its documents is a candidate.
    """
    inputs, documents = choice.inputs, choice.documents
    known = inputs.frame("documents", ("doc_id", "uri"))
    if isinstance(arm.truth, str):
        truth = _read_truth(inputs, arm.truth)
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
