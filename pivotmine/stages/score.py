"""Score: what every document can teach, by three methods side by side.

he2025   share of the document's tokens that are in the pivot set (He et al. 2025)
entropy  entropy of its languages in bits, by tokens of its segments
links    share of its tokens that have a linked partner of another language in the same context

Every score keeps the figures that it is made of.
"""

from __future__ import annotations

import numpy as np
from pyspark.sql import functions as F

from pivotmine.config import Config
from pivotmine.kernels.link_coverage import link_table
from pivotmine.schema import SCORES
from pivotmine.session import spark_schema
from pivotmine.stage import Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.stages.count import MAX_VOCAB_SIZE, language_codes
from udfs import score_documents

METHODS = ("he2025", "entropy", "links")


def run(inputs: Inputs, config: Config) -> StageOutputs:
    """Ship links and pivots to the workers and score all documents in one pass."""
    settings = config.score
    languages = sorted(config.languages)
    vocabulary = inputs.local(
        inputs.frame("vocabulary").select("token_id", "lang"), MAX_VOCAB_SIZE
    )
    pivots = inputs.local(
        inputs.frame("pivots").where("method = 'he2025'").select("token_id"),
        config.pivot.he2025.max_pivots,
    )
    links = inputs.local(
        inputs.frame("links")
        .where(F.greatest("rank_ab", "rank_ba") <= settings.max_rank)
        .orderBy(F.desc("g2"), "a", "b")
        .limit(settings.max_links)
        .select("a", "b"),
        settings.max_links,
    )
    in_pivot_set = np.zeros(vocabulary.num_rows, np.bool_)
    in_pivot_set[pivots["token_id"].to_numpy()] = True
    score = score_documents.bind(
        in_pivot_set,
        link_table(links["a"].to_numpy(), links["b"].to_numpy(), vocabulary.num_rows + 1),
        language_codes(vocabulary, languages),
        languages,
        config.count.window_tokens if config.count.context == "window" else None,
    )
    return {"scores": inputs.frame("tokens").mapInArrow(score, spark_schema(SCORES.schema))}


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
