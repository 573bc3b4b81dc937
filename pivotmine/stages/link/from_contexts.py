"""The link stage's passes over contexts: contests of links, and counts of permuted contexts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pivotmine.engine.numbered_tasks import share_out
from pivotmine.engine.stage import ArrowRows, Inputs
from pivotmine.lake.tables import COUNTS
from pivotmine.numeric.nodes import NodeTable, first_nodes
from pivotmine.recipe import Recipe
from pivotmine.stages.contexts.stage import MAX_VOCAB_SIZE, context_languages
from pivotmine.stages.count.count_rows import PairNames
from pivotmine.stages.count.margins import MarginTable, margin_table
from pivotmine.stages.count.tasks import CountPlan, plan_chunks, plan_tasks
from pivotmine.stages.link.contest import WON, Contest, contenders
from pivotmine.stages.link.permuted_contexts import permuted_contexts
from pivotmine.udfs.count import bind_complete
from pivotmine.udfs.link import bind_contest

_KEY = ["a", "b", "lang_a", "lang_b"]


def contest_links(inputs: Inputs, recipe: Recipe, nodes: NodeTable, ranked: DataFrame) -> DataFrame:
    """Rows of `contest.WON`: how many contexts each link wins, without links that win none.

    The strongest by `link.measure` come first. At most `link.max_contenders` compete, those of the
    highest ranks.
    """
    languages = context_languages(recipe)
    most = recipe.link.max_contenders
    links = inputs.local(
        ranked.orderBy(F.least("rank_ab", "rank_ba"), F.desc("strength"), *_KEY)
        .limit(most)
        .select(*_KEY, "strength"),
        most,
    )
    one = _nodes(nodes, languages, links["lang_a"], links["a"])
    other = _nodes(nodes, languages, links["lang_b"], links["b"])
    strongest = np.lexsort((other, one, -links["strength"].to_numpy()))
    files = inputs.table_files("contexts")
    n_tasks = 2 * inputs.spark.sparkContext.defaultParallelism
    shares = share_out(files, max(-(-sum(n_rows for _, n_rows in files) // n_tasks), 1))
    held = Contest(
        contenders(one[strongest], other[strongest], len(nodes.token)),
        languages,
        nodes.token,
        nodes.language[:-1],
    )
    won = ArrowRows(inputs.numbers(len(shares)), bind_contest(shares, held), WON).in_spark()
    return won.groupBy(*_KEY).agg(F.sum("n_won").alias("n_won"))


def permuted_counts(inputs: Inputs, recipe: Recipe, nodes: NodeTable) -> DataFrame | None:
    """Rows of `counts` of permuted contexts; None where contexts are several chunks.

    A permutation does not change the margins, so table `margins` gives them.
    """
    chunks = plan_chunks(inputs.table_files("contexts"), recipe.count.chunk_tokens)
    if len(chunks) > 1:
        return None
    languages = context_languages(recipe)
    margins, n_contexts = _margins(inputs, languages, nodes)
    # The work of a node is about proportional to the contexts that hold it.
    contexts_held = np.add.reduceat(np.append(margins.n, 0), margins.offsets[:-1])
    contexts_held[np.diff(margins.offsets) == 0] = 0
    parallelism = inputs.spark.sparkContext.defaultParallelism
    plan = CountPlan(
        plan_tasks(chunks, contexts_held, parallelism),
        first_nodes(nodes, len(languages)),
        recipe.count.folds,
        change=permuted_contexts,
    )
    names = PairNames(languages, nodes.token, nodes.language[:-1], margins, n_contexts)
    count = bind_complete(plan, names, recipe.count.min_count)
    return ArrowRows(inputs.numbers(len(plan.tasks)), count, COUNTS.schema).in_spark()


def _margins(
    inputs: Inputs, languages: Sequence[str], nodes: NodeTable
) -> tuple[MarginTable, NDArray[np.int64]]:
    """Table `margins` by nodes, and mixed contexts of every two languages."""
    columns = ("token_id", "lang", "other_lang", "n", "n_contexts")
    rows = inputs.table("margins", columns, MAX_VOCAB_SIZE * len(languages))
    node = _nodes(nodes, languages, rows["lang"], rows["token_id"])
    language, other = (_indices(languages, rows[name]) for name in ("lang", "other_lang"))
    n_contexts = np.zeros((len(languages), len(languages)), np.int64)
    n_contexts[language, other] = rows["n_contexts"].to_numpy()
    n = rows["n"].to_numpy()
    return margin_table(node, other.astype(np.int8), n, len(nodes.token)), n_contexts


def _nodes(
    nodes: NodeTable, languages: Sequence[str], lang: pa.ChunkedArray, token: pa.ChunkedArray
) -> NDArray[np.int32]:
    """Node of each token in text of a language."""
    found: NDArray[np.int32] = nodes.node_of[_indices(languages, lang), token.to_numpy()]
    return found


def _indices(languages: Sequence[str], names: pa.ChunkedArray) -> NDArray[np.int64]:
    found = pc.index_in(names, value_set=pa.array(languages, pa.string()))
    indices: NDArray[np.int64] = found.to_numpy().astype(np.int64)
    return indices
