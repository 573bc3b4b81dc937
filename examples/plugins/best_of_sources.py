"""Selection method best_of_sources: the documents of each source that score highest."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pivotmine import plugins
from pivotmine.recipe.section import PositiveInt, Section
from pivotmine.stages.select.choice import Choice


@plugins.selection("best_of_sources", scores=["translation"], columns=["source"])
class BestOfSources(Section):
    """A few documents of every source, so that a large one does not fill the arm."""

    per_source: PositiveInt = 100
    """Documents of each source and language that may be taken."""

    def select(self, choice: Choice) -> DataFrame:
        """First the best of all sources, then their second best, and so on."""
        best_first = Window.partitionBy("source", "lang").orderBy(F.desc("score"), "doc_id")
        ranked = choice.scored("translation").withColumn("rank", F.row_number().over(best_first))
        candidates = ranked.where(F.col("rank") <= self.per_source)
        candidates = candidates.withColumn("score", 1 / F.col("rank"))
        return choice.take_best(candidates, F.format_string("place %d of its source", "rank"))
