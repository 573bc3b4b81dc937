"""Score: what every document can teach, by three methods side by side.

he2025   share of the document's tokens that are in the pivot set (He et al. 2025)
entropy  entropy of its languages in bits, by tokens of its segments
links    share of its tokens that have a linked partner of another language in the same context

Every score keeps the figures that it is made of.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F

from pivotmine.config import Config
from pivotmine.kernels.link_coverage import link_table
from pivotmine.schema import SCORES
from pivotmine.stage import Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.stages.contexts import context_tokens, load_nodes
from udfs import score_documents

METHODS = ("he2025", "entropy", "links")


def run(inputs: Inputs, config: Config) -> StageOutputs:
    """Ship links and pivots to the workers and score all documents in one pass."""
    settings = config.score
    languages = sorted(config.languages)
    nodes = load_nodes(inputs, languages, config.count.min_count)
    pivots = inputs.local(
        inputs.frame("pivots").where("method = 'he2025'").select("token_id"),
        config.pivot.he2025.max_pivots,
    )
    links = inputs.local(
        inputs.frame("links")
        .where("prevails AND NOT is_copy")
        .orderBy(F.desc("g2"), "lang_a", "lang_b", "a", "b")
        .limit(settings.max_links)
        .select("a", "b", "lang_a", "lang_b"),
        settings.max_links,
    )
    names = pa.array(languages, pa.string())
    one, other = (
        nodes.node_of[pc.index_in(links[lang], value_set=names).to_numpy(), links[token].to_numpy()]
        for token, lang in (("a", "lang_a"), ("b", "lang_b"))
    )
    in_pivot_set = np.zeros(nodes.node_of.shape[1], np.bool_)
    in_pivot_set[pivots["token_id"].to_numpy()] = True
    score = score_documents.bind(
        in_pivot_set,
        link_table(one, other, len(nodes.language)),
        nodes,
        languages,
        context_tokens(config),
        config.count.min_language_share,
    )
    return {"scores": inputs.arrow_rows("tokens", score_documents.COLUMNS, score, SCORES.schema)}


def tally(rows: Rows, config: Config) -> Tally:
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
