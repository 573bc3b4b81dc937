"""Link: the co-occurring pairs whose association is statistically real.

A pair is tested by how often it meets over what its strata explain: contexts of one source, with
texts of about one size, which might change places (`strata.py`). Its p-value is the tail of the
number of contexts that would hold both then (`numeric/stratified_association.py`). All pairs of
nodes that both occur in at least `min_count` contexts are tests, whether they meet or not.

The rate of false discoveries is controlled in each language pair, on permutations of the contexts
within their strata (`permuted_contexts.py`). They are counted, tested, ranked and contested as the
corpus is, with every criterion of a link. The q-value of a pair is the number of pairs of a
permutation that pass where it passes, as a share of those of the corpus (`numeric/q_values.py`).
docs/links.md says what this controls, and what it cannot see.

q-values come from a histogram of p-values rather than from a global sort. p is rounded up to the
edge of its bin (1/256 of a decade), and the histogram is small whatever the number of pairs.

Partners are ranked by `link.measure`. p-values do not depend on it.

A real association need not be a translation: a word is also associated with the words beside its
translation. So links compete for the contexts in which they meet (`contest.py`), and column
`prevails` marks those that win. Their rate is controlled in the same way, and by itself.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pivotmine import plugins
from pivotmine.engine.stage import ArrowRows, Inputs, Rows, Stage, StageOutputs, StageRows, Tally
from pivotmine.engine.table_files import read_whole_files
from pivotmine.lake.tables import COUNTS, LINKS
from pivotmine.numeric.nodes import NodeTable, first_nodes
from pivotmine.recipe import Recipe
from pivotmine.stages.contexts.stage import MAX_VOCAB_SIZE, context_languages, load_nodes
from pivotmine.stages.count.tasks import Chunk
from pivotmine.stages.link.associate import CANDIDATES, LEAST_CAP, PairTest
from pivotmine.stages.link.blocks import context_blocks
from pivotmine.stages.link.chance import find_margins, find_strata, permuted_candidates
from pivotmine.stages.link.contests import contest_links, summed, summed_here
from pivotmine.stages.link.families import family_sizes, spellings, table_margins
from pivotmine.stages.link.report import report
from pivotmine.stages.link.rows_here import RowsHere
from pivotmine.stages.link.rows_in_spark import RowsInSpark
from pivotmine.stages.link.selection import select_links
from pivotmine.stages.link.strata import Strata
from pivotmine.udfs.link import Permutations, bind_candidates

MAX_ROWS_HERE = 1_000_000
"""Most candidates that are selected in the driver, some 250 bytes each; more are left to Spark,
with the same result."""


def run(inputs: Inputs, recipe: Recipe) -> StageOutputs:
    """PairTest, control the false discovery rate, rank, compete, and name the tokens."""
    settings = recipe.link
    languages = context_languages(recipe)
    nodes = load_nodes(inputs, languages, recipe.count.min_count)
    vocabulary = inputs.table("vocabulary", ("token_id", "token"), MAX_VOCAB_SIZE)
    spelling = spellings(vocabulary)
    names = table_margins(inputs, languages, nodes)
    permutations, test, pair_events = _chance(inputs, recipe, nodes, spelling)
    find = plugins.with_plugins(bind_candidates(test))
    of_corpus = inputs.arrow_rows("counts", COUNTS.schema.names, find, CANDIDATES)
    null = permuted_candidates(inputs, recipe, names, permutations, test, pair_events)
    files = [
        file
        for number, rows in enumerate((of_corpus, *null))
        for file in inputs.files(rows, f"candidates-{number}")
    ]
    tests = family_sizes(names, spelling, recipe.count.min_count)
    n_permutations = settings.permutations if null else 0

    def hold(links: pa.Table) -> ArrowRows:
        return contest_links(inputs, recipe, nodes, links, permutations)

    most = settings.max_contenders
    if sum(n_rows for _, n_rows in files) <= min(MAX_ROWS_HERE, most):
        rows = read_whole_files(files, CANDIDATES)
        here = RowsHere(rows, lambda links: summed_here(inputs, hold(links), most), most)
        selected = select_links(here, tests, n_permutations, settings)
        links: StageRows = _named_here(selected.links.rows, vocabulary)
        rates = selected.rates, selected.prevailing_rates
    else:
        n_families = len(languages) ** 2 * (n_permutations + 1)
        found = inputs.read_files([path for path, _ in files], CANDIDATES)
        in_spark = RowsInSpark(inputs, found, lambda links: summed(hold(links)), most, n_families)
        found_in_spark = select_links(in_spark, tests, n_permutations, settings)
        links = _named_in_spark(
            found_in_spark.links.rows, inputs.frame("vocabulary", ("token_id", "token"))
        )
        rates = found_in_spark.rates, found_in_spark.prevailing_rates
    report(inputs, *rates, settings)
    return {"links": links}


def _chance(
    inputs: Inputs, recipe: Recipe, nodes: NodeTable, spelling: NDArray[np.int32]
) -> tuple[Permutations, PairTest, int]:
    """Strata of the contexts, how pairs are tested over them, and all pair events."""
    settings = recipe.link
    languages = context_languages(recipe)
    first_node = first_nodes(nodes, len(languages))
    blocks: list[Chunk] = []
    strata: Strata = {}
    margins, pair_events = None, 0
    if settings.permutations:
        blocks = context_blocks(inputs, settings.block_tokens)
    if blocks or settings.strata:
        strata, pair_events = find_strata(inputs, recipe, first_node)
    if settings.strata:
        margins = find_margins(inputs, recipe, first_node, strata)
    n_strata = max((len(of_pair.sizes) for of_pair in strata.values()), default=0)
    inputs.measure("most_strata_of_a_language_pair", n_strata)
    inputs.measure("permutation_blocks", len(blocks))
    test = PairTest(
        languages,
        nodes,
        spelling,
        margins,
        settings.measure,
        settings.min_npmi,
        settings.min_folds,
        max(settings.max_q_value, LEAST_CAP),
    )
    return Permutations(tuple(blocks), first_node, strata), test, pair_events


def _named_here(links: pa.Table, vocabulary: pa.Table) -> pa.Table:
    """Links in the order of languages and ids, with the names of their tokens."""
    links = links.sort_by([(name, "ascending") for name in ("lang_a", "lang_b", "a", "b")])
    place = np.empty(vocabulary.num_rows, np.int64)
    place[vocabulary["token_id"].to_numpy()] = np.arange(vocabulary.num_rows)
    for side in ("a", "b"):
        names = vocabulary["token"].take(pa.array(place[links[side].to_numpy()]))
        links = links.append_column(f"token_{side}", names)
    return links.select(LINKS.schema.names)


def _named_in_spark(links: DataFrame, vocabulary: DataFrame) -> DataFrame:
    for side in ("a", "b"):
        names = (F.col("token_id").alias(side), F.col("token").alias(f"token_{side}"))
        links = links.join(F.broadcast(vocabulary.select(*names)), side)
    return links.select(*LINKS.schema.names)


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
    runs_kernels=True,
)
