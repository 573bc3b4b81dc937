"""How scores spread over the corpus, and the lowest one that each arm took."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

import duckdb

from pivotmine.ask.rows import Rows

TABLES_READ = ("scores", "selection", "runs")

_BINS = 40


@dataclass(frozen=True)
class Spread:
    """The documents of the corpus by one score."""

    method: str
    n_docs: int
    low: float
    high: float
    counts: tuple[int, ...]
    """Documents in each of the bins of equal width from `low` to `high`."""
    quantiles: tuple[float, ...]
    """Least score of each hundredth of the documents, and the highest one: 101 values."""

    def share_below(self, score: float) -> float:
        """Share of the documents with a lower score, to a hundredth."""
        return min(bisect_left(self.quantiles, score), 100) / 100


@dataclass(frozen=True)
class Lowest:
    """The lowest score with which an arm took a document of a language."""

    arm: str
    method: str
    """Of the arm; it is also the score."""
    lang: str
    n_docs: int
    score: float


def score_spreads(connection: duckdb.DuckDBPyConnection) -> Rows[Spread]:
    """The spread of every score. Reads the scores of all documents."""
    return Rows(Spread, (_spread(*row) for row in connection.execute(_SPREAD).fetchall()))


def _spread(
    method: str, n: int, low: float, high: float, quantiles: list[float], bins: dict[int, int]
) -> Spread:
    counts = tuple(bins.get(number, 0) for number in range(_BINS))
    return Spread(method, n, low, high, counts, tuple(quantiles))


def lowest_taken(connection: duckdb.DuckDBPyConnection) -> Rows[Lowest]:
    """The lowest score of each arm that takes documents by a score, for each language."""
    return Rows(Lowest, (Lowest(*row) for row in connection.execute(_LOWEST).fetchall()))


def arm_methods(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Name of each arm of the last selection -> how it takes documents."""
    return dict(connection.execute(f"SELECT name, method FROM ({_METHODS})").fetchall())


_METHODS = """
    SELECT unnest(from_json(config->'$.select.arms',
                            '[{"name": "VARCHAR", "method": "VARCHAR"}]'), recursive := true)
    FROM (FROM runs WHERE stage = 'select' ORDER BY finished_at DESC LIMIT 1)
"""

_SPREAD = f"""
    WITH bounds AS (
        SELECT method, count(*) AS n, min(score) AS low, max(score) AS high,
               quantile_cont(score, [x / 100 FOR x IN range(101)]) AS quantiles
        FROM scores GROUP BY method),
    bins AS (
        SELECT method, count(*) AS n_docs, CASE WHEN high > low
               THEN least(floor((score - low) / (high - low) * {_BINS})::INT, {_BINS - 1})
               ELSE 0 END AS bin
        FROM scores JOIN bounds USING (method) GROUP BY ALL)
    SELECT method, any_value(n), any_value(low), any_value(high), any_value(quantiles),
           map_from_entries(list((bin, n_docs)))
    FROM bounds JOIN bins USING (method) GROUP BY method ORDER BY method
"""

_LOWEST = f"""
    WITH arms AS ({_METHODS})
    SELECT arm, method, selection.lang, count(DISTINCT doc_id), min(score)
    FROM selection JOIN arms ON arms.name = selection.arm
    JOIN (SELECT doc_id, method, score FROM scores) USING (doc_id, method)
    GROUP BY ALL ORDER BY ALL
"""
