"""Score: what every document can teach, by the scores that `score.methods` lists.

The built-in scores are in modules of their names; plugins add others. All are computed from the
same batch of documents, in one pass over the tokens, and stored with the figures behind them.

In score translation, a segment of many documents weighs as much in all of them together as it would
in `score.min_repeats` documents. Such segments are found in a pass of their own, which shuffles
16 bytes a segment.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F

from pivotmine import plugins
from pivotmine.engine.stage import Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.lake.tables import SCORES
from pivotmine.numeric.nodes import NodeTable
from pivotmine.recipe import Recipe, ScoreConfig
from pivotmine.stages.contexts.stage import MAX_VOCAB_SIZE, context_tokens, load_nodes
from pivotmine.stages.score.documents import COLUMNS, Boilerplate, Corpus, ScoringLinks
from pivotmine.stages.score.link_coverage import link_places, link_table
from pivotmine.stages.score.repeated_segments import SEGMENT_COUNTS
from pivotmine.stages.score.translation_structure import linked_words
from pivotmine.udfs import score

_LINK = ("lang_a", "lang_b", "a", "b")

_MAX_LINKS_HERE = 10_000_000


def run(inputs: Inputs, recipe: Recipe) -> StageOutputs:
    """Ship links and pivots to the workers and score all documents in one pass."""
    options = recipe.score.options
    scores = {name: plugins.SCORES[name].make(options.get(name)) for name in recipe.score.methods}
    make = score.bind(scores, _corpus(inputs, recipe))
    return {"scores": inputs.arrow_rows("tokens", COLUMNS, make, SCORES.schema)}


def _corpus(inputs: Inputs, recipe: Recipe) -> Corpus:
    """Facts of the corpus by which documents are scored."""
    languages = sorted(recipe.languages)
    nodes = load_nodes(inputs, languages, recipe.count.min_count)
    most = recipe.pivot.he2025.max_pivots + recipe.pivot.links.max_pivots
    pivots = inputs.table("pivots", ("method", "token_id"), most)
    pivots = pivots.filter(pc.field("method") == "he2025")
    in_pivot_set = np.zeros(nodes.node_of.shape[1], np.bool_)
    in_pivot_set[pivots["token_id"].to_numpy()] = True
    return Corpus(
        tuple(languages),
        nodes,
        in_pivot_set,
        _links_of_nodes(scoring_links(inputs, recipe.score.max_links), nodes, recipe),
        _boilerplate(inputs, recipe.score),
        context_tokens(recipe),
        recipe.count.min_language_share,
        recipe.count.block_layouts,
        _pieces(inputs, recipe),
    )


def _links_of_nodes(links: pa.Table, nodes: NodeTable, recipe: Recipe) -> ScoringLinks:
    """Links between tokens as links between nodes."""
    names = pa.array(sorted(recipe.languages), pa.string())
    one, other = (
        nodes.node_of[pc.index_in(links[lang], value_set=names).to_numpy(), links[token].to_numpy()]
        for token, lang in (("a", "lang_a"), ("b", "lang_b"))
    )
    table = link_table(one, other, len(nodes.language))
    ids = np.empty(len(one), np.int32)
    ids[link_places(table, one, other)] = np.arange(len(one))
    n_one, n_other, n_contexts = (links[name].to_numpy() for name in ("n_a", "n_b", "n_contexts"))
    words = linked_words(one, other, n_one, n_other, n_contexts, nodes)
    return ScoringLinks(table, words, ids, recipe.score.max_document_links)


def _pieces(inputs: Inputs, recipe: Recipe) -> tuple[str, ...]:
    """Strings of all tokens, if a score uses them."""
    if not any(plugins.SCORES.facts(name).pieces for name in recipe.score.methods):
        return ()
    rows = inputs.table("vocabulary", ("token_id", "token"), MAX_VOCAB_SIZE).sort_by("token_id")
    return tuple(rows["token"].to_pylist())


_OF_LINKS = ("a", "b", "lang_a", "lang_b", "n_a", "n_b", "n_contexts", "g2")


def scoring_links(inputs: Inputs, max_links: int) -> pa.Table:
    """Links that prevail and are no copies, the strongest first: the link numbers of `scores`."""
    columns = (*_OF_LINKS, "prevails", "is_copy")
    order = [("g2", "descending"), *((name, "ascending") for name in _LINK)]
    if inputs.is_small:
        links = inputs.table("links", columns, _MAX_LINKS_HERE)
        links = links.filter(pc.field("prevails") & ~pc.field("is_copy")).select(_OF_LINKS)
        return links.sort_by(order).slice(0, max_links).combine_chunks()
    strongest = (
        inputs.frame("links", columns)
        .where("prevails AND NOT is_copy")
        .orderBy(F.desc("g2"), *_LINK)
        .limit(max_links)
        .select(*_OF_LINKS)
    )
    return inputs.local(strongest, max_links).sort_by(order)


def _boilerplate(inputs: Inputs, settings: ScoreConfig) -> Boilerplate:
    """The segments that most documents hold."""
    counts = inputs.arrow_rows(
        "tokens", ("token_ids", "segment_ends"), score.count_segments, SEGMENT_COUNTS
    )
    most = settings.max_repeated_segments
    if counts.is_here:
        sums = counts.gathered().group_by("segment").aggregate([("n_docs", "sum")])
        sums = sums.rename_columns({"n_docs_sum": "n_docs"})
        order = [("n_docs", "descending"), ("segment", "ascending")]
        repeated = sums.filter(pc.field("n_docs") >= settings.min_repeats).sort_by(order)
        found = repeated.slice(0, most).sort_by("segment").combine_chunks()
    else:
        in_spark = (
            counts.in_spark()
            .groupBy("segment")
            .agg(F.sum("n_docs").alias("n_docs"))
            .where(F.col("n_docs") >= settings.min_repeats)
            .orderBy(F.desc("n_docs"), "segment")
            .limit(most)
        )
        found = inputs.local(in_spark, most).sort_by("segment")
    inputs.measure("repeated_segments", found.num_rows)
    return Boilerplate(
        found["segment"].to_numpy(), found["n_docs"].to_numpy(), settings.min_repeats
    )


def modules(recipe: Recipe) -> list[str]:
    """Modules of the recipe's scores."""
    return [plugins.SCORES.module(name) for name in recipe.score.methods]


def tally(rows: Rows, recipe: Recipe) -> Tally:
    """Every document has a row for each score."""
    return Tally(rows.read["tokens"] * len(recipe.score.methods), rows.written["scores"])


STAGE = Stage(
    name="score",
    doc="what every document can teach",
    reads=("tokens", "vocabulary", "links", "pivots"),
    writes=("scores",),
    sections=(
        "languages",
        "count.context",
        "count.window_tokens",
        "count.min_language_share",
        "count.block_layouts",
        "count.min_count",
        "pivot",
        "score",
    ),
    run=run,
    tally=tally,
    modules=modules,
)
