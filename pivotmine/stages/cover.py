"""Documents that together cover most links, in rounds of as many as one task holds.

`pivotmine/kernels/coverage_greedy.py` goes through documents by levels of what they add, and
through a level in the order of a draw. What is taken at a level depends on nothing below it. So
where the links of all candidates exceed `select.max_round_links`, a round grades all documents in
parallel by what they add to what is taken so far, one task takes from the best of them, as many as
it may hold, and what it leaves goes back to the others. The documents are those that one task would
have taken: neither partitioning nor the bound shows.

Rounds needed: about the links of documents bought, and of those looked at in vain, by the bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pivotmine.config import Config
from pivotmine.kernels.coverage_greedy import CoverState, Worth
from pivotmine.stage import ArrowRows, Inputs
from pivotmine.stages.draw import uniform
from pivotmine.stages.score import scoring_links
from udfs import cover_links

_SLICES = 256
"""Parts of a level between which a round may end; results do not depend on it."""


def covering_documents(
    inputs: Inputs, candidates: DataFrame, limits: Sequence[int], name: str, config: Config
) -> tuple[DataFrame, list[int]]:
    """Rows doc_id, new_links, gain of documents taken, and what is left of each budget.

    Parameters
    ----------
    candidates
        doc_id, n_tokens and charges.
    limits
        Tokens of each budget.
    name
        Of what is kept on disk meanwhile.
    """
    worth = link_worth(scoring_links(inputs, config.score.max_links), config)
    state = CoverState(np.zeros(len(worth.weights), np.int32), np.array(limits, np.int64))
    links = inputs.frame("scores").where("method = 'translation' AND size(links) > 0")
    pool = candidates.join(links.select("doc_id", "links"), "doc_id").select(
        "doc_id",
        uniform("choice", config.select.seed, "doc_id").alias("draw"),
        "n_tokens",
        F.col("charges")["budget"].alias("budget"),
        F.col("charges")["tokens"].alias("charge"),
        "links",
    )
    # Of all documents, as no join is needed for it: it only says whether one round will do.
    n_links = inputs.local(links.agg(F.sum(F.size("links")).alias("n")), 1)["n"][0].as_py() or 0
    rest: DataFrame | None = None
    taken: list[DataFrame] = []
    while True:
        last = _EVERYTHING
        if n_links > config.select.max_round_links:
            grade = cover_links.bind_grades(worth, state)
            graded = inputs.checkpoint(
                ArrowRows(pool, grade, cover_links.GRADED), f"{name}-graded-{len(taken)}"
            )
            last = _end_of_round(inputs, graded, worth, config.select.max_round_links)
            pool, rest = (graded.where(rows).drop("level") for rows in _parts(last))
        cover = cover_links.bind_cover(worth, state, last.level, last.draw)
        covered = inputs.checkpoint(
            ArrowRows(pool.repartition(1), cover, cover_links.COVERED),
            f"{name}-covered-{len(taken)}",
        )
        (end,) = inputs.local(covered.where("doc_id IS NULL"), 1).to_pylist()
        state = cover_links.state_of(end)
        taken.append(covered.where("doc_id IS NOT NULL").select("doc_id", "new_links", "gain"))
        if rest is None or last == _EVERYTHING:
            break
        pool = rest.unionByName(pool.join(taken[-1].select("doc_id"), "doc_id", "left_anti"))
    inputs.measure(f"{name}_rounds", len(taken))
    return reduce(DataFrame.unionByName, taken), state.left.tolist()


class _End(NamedTuple):
    """Where a round ends: after documents of a level, and of it those with draws below one."""

    level: int | None
    draw: float


_EVERYTHING = _End(None, 1.0)


def _end_of_round(inputs: Inputs, graded: DataFrame, worth: Worth, max_links: int) -> _End:
    """As far as one task may go, but at least one slice of a level, so that every round gets on."""
    part = F.floor(F.col("draw") * _SLICES).cast("int")
    sizes = (
        graded.groupBy("level", part.alias("slice"))
        .agg(F.sum(F.size("links")).alias("n_links"))
        .orderBy("level", "slice")
    )
    rows = inputs.local(sizes, worth.n_levels * _SLICES)
    within = np.cumsum(rows["n_links"].to_numpy()) <= max_links
    if within.all():
        return _EVERYTHING
    end = max(int(np.argmin(within)) - 1, 0)
    return _End(rows["level"][end].as_py(), (rows["slice"][end].as_py() + 1) / _SLICES)


def _parts(end: _End) -> tuple[Column, Column]:
    """What belongs to a round, and what does not."""
    inside = F.lit(True)
    if end.level is not None:
        at_end = (F.col("level") == end.level) & (F.col("draw") < end.draw)
        inside = (F.col("level") < end.level) | at_end
    return inside, ~inside


def link_worth(links: pa.Table, config: Config) -> Worth:
    """Worth of each link, by its language pair."""
    weights = np.ones(links.num_rows)
    lang_a, lang_b = (np.array(links[name].to_pylist(), str) for name in ("lang_a", "lang_b"))
    for pair, weight in config.select.pair_weights.items():
        one, other = sorted(pair.split("-"))
        weights[(lang_a == one) & (lang_b == other)] = weight
    return Worth(weights, config.select.link_repeats)
