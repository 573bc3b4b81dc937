"""Score: what every document can teach, by four methods side by side.

he2025       share of the document's tokens that are in the pivot set (He et al. 2025)
entropy      entropy of its languages in bits, by tokens of its segments
links        share of its tokens that have a linked partner of another language in the same context
translation  how densely its best block covers itself with links, from both sides

Every score keeps the figures that it is made of. With `translation` come the type of the document
and the links that it realises where languages touch. A segment that many documents hold counts for
as much there, in all of them together, as if `score.min_repeats` did; such segments are found in a
pass of their own, which shuffles 16 bytes a segment.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import functions as F

from pivotmine.engine.stage import Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.lake.tables import SCORES
from pivotmine.recipe import Recipe, ScoreConfig
from pivotmine.stages.contexts.stage import context_tokens, load_nodes
from pivotmine.stages.score.link_coverage import link_places, link_table
from pivotmine.stages.score.translation_structure import linked_words
from pivotmine.udfs import score_documents, segment_counts

_LINK = ("lang_a", "lang_b", "a", "b")

METHODS = ("he2025", "entropy", "links", "translation")


def run(inputs: Inputs, recipe: Recipe) -> StageOutputs:
    """Ship links and pivots to the workers and score all documents in one pass."""
    settings = recipe.score
    languages = sorted(recipe.languages)
    nodes = load_nodes(inputs, languages, recipe.count.min_count)
    pivots = inputs.local(
        inputs.frame("pivots").where("method = 'he2025'").select("token_id"),
        recipe.pivot.he2025.max_pivots,
    )
    links = scoring_links(inputs, settings.max_links)
    names = pa.array(languages, pa.string())
    one, other = (
        nodes.node_of[pc.index_in(links[lang], value_set=names).to_numpy(), links[token].to_numpy()]
        for token, lang in (("a", "lang_a"), ("b", "lang_b"))
    )
    in_pivot_set = np.zeros(nodes.node_of.shape[1], np.bool_)
    in_pivot_set[pivots["token_id"].to_numpy()] = True
    table = link_table(one, other, len(nodes.language))
    ids = np.empty(len(one), np.int32)
    ids[link_places(table, one, other)] = np.arange(len(one))
    n_one, n_other, n_contexts = (links[name].to_numpy() for name in ("n_a", "n_b", "n_contexts"))
    words = linked_words(one, other, n_one, n_other, n_contexts, nodes)
    score = score_documents.bind(
        in_pivot_set,
        score_documents.Links(
            table,
            words,
            ids,
            settings.max_document_links,
            *_repeated_segments(inputs, settings),
            settings.min_repeats,
        ),
        nodes,
        languages,
        context_tokens(recipe),
        recipe.count.min_language_share,
    )
    return {"scores": inputs.arrow_rows("tokens", score_documents.COLUMNS, score, SCORES.schema)}


def scoring_links(inputs: Inputs, max_links: int) -> pa.Table:
    """The links that count, from the strongest; their places are the link numbers of `scores`."""
    links = (
        inputs.frame("links")
        .where("prevails AND NOT is_copy")
        .orderBy(F.desc("g2"), *_LINK)
        .limit(max_links)
        .select("a", "b", "lang_a", "lang_b", "n_a", "n_b", "n_contexts", "g2")
    )
    order = [("g2", "descending"), *((name, "ascending") for name in _LINK)]
    return inputs.local(links, max_links).sort_by(order)


def _repeated_segments(
    inputs: Inputs, settings: ScoreConfig
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Hashes of the segments that most documents hold, ascending, and how many do."""
    counts = inputs.arrow_rows(
        "tokens", segment_counts.COLUMNS, segment_counts.count_segments, segment_counts.SCHEMA
    )
    repeated = (
        counts.in_spark()
        .groupBy("segment")
        .agg(F.sum("n_docs").alias("n_docs"))
        .where(F.col("n_docs") >= settings.min_repeats)
        .orderBy(F.desc("n_docs"), "segment")
        .limit(settings.max_repeated_segments)
    )
    found = inputs.local(repeated, settings.max_repeated_segments).sort_by("segment")
    inputs.measure("repeated_segments", found.num_rows)
    return found["segment"].to_numpy(), found["n_docs"].to_numpy()


def tally(rows: Rows, recipe: Recipe) -> Tally:
    """Every document has a score by every method."""
    return Tally(rows.read["tokens"] * len(METHODS), rows.written["scores"])


STAGE = Stage(
    name="score",
    doc="what every document can teach",
    reads=("tokens", "vocabulary", "links", "pivots"),
    writes=("scores",),
    sections=("languages", "count", "pivot", "score"),
    run=run,
    tally=tally,
)
