"""Contests of links as tasks: in the contexts of the corpus, and in their permutations."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pivotmine.engine.numbered_tasks import FileRange, share_out
from pivotmine.engine.stage import ArrowRows, Inputs
from pivotmine.numeric.arrow_batches import language_index
from pivotmine.numeric.nodes import NodeTable
from pivotmine.recipe import Recipe
from pivotmine.stages.contexts.stage import context_languages
from pivotmine.stages.link.contest import KEY, WON, Contest, contenders
from pivotmine.udfs.link import ContestTask, Permutations, bind_contest


def contest_links(
    inputs: Inputs,
    recipe: Recipe,
    nodes: NodeTable,
    links: pa.Table,
    permutations: Permutations,
) -> ArrowRows:
    """Rows of `contest.WON` to be summed: the contexts that each link wins, of links that win any.

    The strongest come first. Links of a permutation compete in its contexts.

    Parameters
    ----------
    links
        Columns of `KEY` and `strength`.
    """
    n_permutations = recipe.link.permutations if permutations.blocks else 0
    held = [_contest(recipe, nodes, links, number) for number in range(n_permutations + 1)]
    tasks = [ContestTask(0, share) for share in context_shares(inputs)]
    tasks += [
        ContestTask(number, block)
        for number in range(1, n_permutations + 1)
        if len(held[number].links.a)
        for block in permutations.blocks
    ]
    hold = bind_contest(tasks, held, permutations)
    return ArrowRows(inputs.numbers(len(tasks)), hold, WON)


def summed(won: ArrowRows) -> DataFrame:
    """Rows of `contest.WON`, one a link."""
    sums = won.in_spark().groupBy(*KEY).agg(F.sum("n_won").alias("n_won"))
    return sums.select(*WON.names)


def summed_here(inputs: Inputs, won: ArrowRows, most: int) -> pa.Table:
    """The same in the driver, of at most `most` links."""
    if not won.is_here:
        return inputs.local(summed(won), most).cast(WON)
    sums = won.gathered().group_by(KEY).aggregate([("n_won", "sum")])
    return sums.rename_columns({"n_won_sum": "n_won"}).select(WON.names)


def context_shares(inputs: Inputs) -> list[tuple[FileRange, ...]]:
    """Rows of table `contexts` for each task, two tasks a core."""
    files = inputs.table_files("contexts")
    n_tasks = 2 * inputs.spark.sparkContext.defaultParallelism
    return share_out(files, max(-(-sum(n_rows for _, n_rows in files) // n_tasks), 1))


def _contest(recipe: Recipe, nodes: NodeTable, links: pa.Table, permutation: int) -> Contest:
    languages = context_languages(recipe)
    links = links.filter(pc.field("permutation") == permutation)
    one, other = (
        nodes.node_of[language_index(links[f"lang_{side}"], languages), links[side].to_numpy()]
        for side in ("a", "b")
    )
    strongest = np.lexsort((other, one, -links["strength"].to_numpy()))
    return Contest(
        contenders(one[strongest], other[strongest], len(nodes.token)),
        languages,
        nodes.token,
        nodes.language[:-1],
    )
