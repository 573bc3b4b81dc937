"""Figures of links and of rival measures against known translations.

Three questions, each answered for every measure:

* **retrieval**: is the best partner of a word in the other language a translation (P@1), or one of
  the best five (P@5)? Words are asked in both directions if they are in at least `min_count` mixed
  contexts and have a translation that is a token; against a planted truth, one that is planted in
  at least `min_docs` documents. A word without partners counts as a miss. Copies are left out,
  since the link stage ranks them apart. `links` are ranked by G2, and `prevails` by G2 of the
  contexts that they have won.
* **precision**: what share of the first pairs are translations? Each measure gives as many pairs as
  there are links (or pairs of the method `as_many_as`). For `links` these are the links themselves,
  and for `prevails` those that prevail. `q <= t` are the links of that q-value, so that one minus
  their precision can be compared with t; a corpus that is mined with `link.max_q_value=0.1` has
  them up to t = .1. The rate that a q-value controls is that of links that chance within strata
  gives, and words that share a template or a collocation are none of these (docs/links.md).
* **recall**: what share of the translations that could be found is among those pairs? Both words
  must be tokens, and the pair must be planted in at least `min_docs` documents. A pair from a
  dictionary must meet in at least that many contexts.

Pairs are judged if both words are in the truth. Dictionaries are incomplete, so against them
precision is a lower bound; against a planted truth it is exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import duckdb

from pivotmine.judge.figures import ALL, flat_columns
from pivotmine.judge.measures import MEASURES
from pivotmine.judge.pair_tables import KnownWords, join_pairs
from pivotmine.judge.questions import (
    STRATA,
    Sample,
    count_links,
    curve,
    precision,
    prepare,
    recall,
    retrieval,
    select,
    where,
)
from pivotmine.judge.truth import Truth
from pivotmine.numeric.bootstrap import UNKNOWN, Interval, Resamples

NOMINAL_Q = (0.001, 0.01, 0.05, 0.1)


@dataclass(frozen=True)
class Figure:
    """One row of the table; intervals are 95 % bootstraps over words."""

    lang_a: str
    """`all`: all language pairs together."""

    lang_b: str
    kind: str
    """`words`, or `copies`: pairs of the same string."""

    stratum: str
    method: str
    n_queries: int
    p_at_1: Interval
    p_at_5: Interval
    n_pairs: int
    precision: Interval
    n_targets: int
    recall: Interval

    def row(self) -> dict[str, Any]:
        """Columns for another program."""
        return flat_columns(self.__dict__)


class Evaluation(NamedTuple):
    """All figures, and how much was judged."""

    figures: tuple[Figure, ...]
    words: KnownWords
    n_links: int
    n_judged_links: int
    curve: tuple[tuple[str, float, float], ...]
    """(measure, pairs taken as a multiple of `as_many_as`, their precision), without copies."""


def evaluate_links(
    connection: duckdb.DuckDBPyConnection,
    truth: Truth,
    *,
    min_count: int,
    min_docs: int = 10,
    as_many_as: Literal["links", "prevails"] = "links",
) -> Evaluation:
    """Judge the links of a lake (`pivotmine.lake.query.connect`).

    Memory beside DuckDB's: the vocabulary, the truth, 300 bytes a word for the bootstrap, and a few
    numbers for each word and language pair.

    Parameters
    ----------
    min_count
        `count.min_count` of the recipe, below which no pair was counted.
    min_docs
        Documents or contexts that a translation needs to count for recall.
    as_many_as
        The method that sets the number of pairs for all measures.

    Raises
    ------
    LakeError
        Nothing is counted, or the truth has no word of this corpus.
    """
    words = join_pairs(connection, truth, min_docs)
    prepare(connection, as_many_as, min_count, min_docs)
    resamples = Resamples(words.n_words)
    names = [
        (row[0], row[1])
        for row in connection.execute(
            "SELECT DISTINCT lang_a, lang_b FROM eval_pairs ORDER BY ALL"
        ).fetchall()
    ]
    figures: list[Figure] = []
    nominal = [f"q <= {q:g}" for q in _nominal(connection)]
    for method in (*MEASURES, "links", "prevails", *nominal):
        select(connection, method)
        found = precision(connection, names), recall(connection, names)
        samples = (*retrieval(connection, method, names), *found)
        figures.extend(_figures(method, samples, names, resamples))
    figures.sort(key=lambda figure: (figure.lang_a != ALL, figure.lang_a, figure.lang_b))
    n_links, n_judged = count_links(connection)
    return Evaluation(tuple(figures), words, n_links, n_judged, tuple(curve(connection)))


def _nominal(connection: duckdb.DuckDBPyConnection) -> list[float]:
    """Nominal rates up to the first that all links have."""
    ((highest,),) = connection.execute("SELECT coalesce(max(q_value), 0) FROM links").fetchall()
    return [q for q in NOMINAL_Q if not any(other < q for other in NOMINAL_Q if other >= highest)]


def _figures(
    method: str,
    samples: tuple[Sample, ...],
    names: list[tuple[str, str]],
    resamples: Resamples,
) -> Iterator[Figure]:
    for kind in ("words", "copies"):
        of_kind = [where(s, s.copy == (kind == "copies")) for s in samples]
        for number, name in enumerate([(ALL, ALL), *names]):
            of_pair = [where(s, s.pair == number - 1) if number else s for s in of_kind]
            for place, stratum in enumerate([ALL, *STRATA]):
                rows = [where(s, s.stratum == place - 1) if place else s for s in of_pair]
                at_1, at_5, right, found = (_estimate(s, resamples) for s in rows)
                n_queries, _, n_pairs, n_targets = (int(s.totals.sum()) for s in rows)
                if n_queries or n_pairs or n_targets:
                    yield Figure(
                        *name, kind, stratum, method, n_queries, at_1, at_5,
                        n_pairs, right, n_targets, found,
                    )  # fmt: skip


def _estimate(sample: Sample, resamples: Resamples) -> Interval:
    if not len(sample.word):
        return UNKNOWN
    return resamples.ratio(sample.word, sample.hits, sample.totals)
