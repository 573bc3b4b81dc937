"""The questions of `links.py`, in SQL over the tables that `pair_tables.py` makes.

Every answer is a `Sample`: rows with a word, hits and totals, any part of which gives a ratio with
an interval. Only a few numbers for each word, language pair and stratum leave DuckDB.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from pivotmine.judge.measures import ADDITIVE, MEASURES, direction

STRATA = ("5-19", "20-99", "100-999", "1000+")
"""By mixed contexts that hold the word, or the rarer word of a pair. The first begins at 0."""

_STRATUM = "(({n} >= 20)::INT + ({n} >= 100)::INT + ({n} >= 1000)::INT)"

_CURVE_STEPS, _CURVE_MOST = 20, 4


class Sample(NamedTuple):
    """Rows of a ratio: language pair, stratum, whether it is a copy, word, hits and totals."""

    pair: NDArray[np.int64]
    stratum: NDArray[np.int64]
    copy: NDArray[np.bool_]
    word: NDArray[np.int64]
    hits: NDArray[np.float64]
    totals: NDArray[np.float64]


def prepare(
    connection: duckdb.DuckDBPyConnection, as_many_as: str, min_count: int, min_docs: int
) -> None:
    """Select the words to ask (`eval_queries`), and how many pairs to judge (`eval_sizes`)."""
    select(connection, as_many_as)
    connection.execute(_SIZES)
    connection.execute(_QUERIES, {"min_count": min_count, "min_docs": min_docs})


def count_links(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """All links, and those whose words the truth knows."""
    n_links, n_judged = connection.execute(_N_LINKS).fetchall()[0]
    return n_links, n_judged


_SIZES = """
    CREATE OR REPLACE TABLE eval_sizes AS
    SELECT lang_a, lang_b, is_copy, count(*) AS n FROM eval_selected GROUP BY ALL
"""

_N_LINKS = """
    SELECT (SELECT count(*) FROM links),
           (SELECT count(*) FROM eval_pairs WHERE known_a AND known_b AND is_link)
"""

_QUERIES = f"""
    CREATE OR REPLACE TABLE eval_queries AS
    SELECT DISTINCT side, lang_a, lang_b, word, {_STRATUM.format(n="f.n")} AS stratum
    FROM (SELECT 'ab' AS side, a.lang AS lang_a, b.lang AS lang_b, word_a AS word,
                 a.lang AS lang, b.lang AS other_lang, n_docs, a.string = b.string AS is_copy
          FROM eval_truth t
          JOIN (SELECT DISTINCT word, lang, string FROM eval_nodes) a ON a.word = t.word_a
          JOIN (SELECT DISTINCT word, lang, string FROM eval_nodes) b ON b.word = t.word_b
          UNION ALL
          SELECT 'ba', a.lang, b.lang, word_b, b.lang, a.lang, n_docs, a.string = b.string
          FROM eval_truth t
          JOIN (SELECT DISTINCT word, lang, string FROM eval_nodes) a ON a.word = t.word_a
          JOIN (SELECT DISTINCT word, lang, string FROM eval_nodes) b ON b.word = t.word_b)
    JOIN eval_frequency f USING (word, lang, other_lang)
    WHERE (n_docs < 0 OR n_docs >= $min_docs) AND NOT is_copy AND f.n >= $min_count
"""
"""Words that are asked for a translation, on either side of each language pair."""

_JUDGED = "SELECT * FROM eval_pairs WHERE known_a AND known_b"
_TOP = """
    SELECT * EXCLUDE (place, size) FROM (
        SELECT p.*, s.n AS size,
               row_number() OVER (PARTITION BY p.lang_a, p.lang_b, p.is_copy
                                  ORDER BY m_{measure} DESC, a, b) AS place
        FROM ({judged}) p JOIN eval_sizes s USING (lang_a, lang_b, is_copy))
    WHERE place <= {most} * size
"""


def select(connection: duckdb.DuckDBPyConnection, method: str) -> None:
    """Table `eval_selected`: the judged pairs that a method takes for translations."""
    if method == "links":
        sql = f"{_JUDGED} AND is_link"
    elif method == "prevails":
        sql = f"{_JUDGED} AND prevails"
    elif method in MEASURES:
        sql = _TOP.format(measure=method, judged=_JUDGED, most=1)
    else:
        threshold = float(method.removeprefix("q <= "))
        sql = f"{_JUDGED} AND is_link AND q_value <= {threshold}"
    connection.execute(f"CREATE OR REPLACE TABLE eval_selected AS {sql}")


def retrieval(
    connection: duckdb.DuckDBPyConnection, method: str, names: list[tuple[str, str]]
) -> tuple[Sample, Sample]:
    """Whether the first partner of each query, and one of the first five, translates it."""
    parts = []
    of_links = method in ("links", "prevails")
    measure = {"links": "g2", "prevails": "won"}.get(method, method)
    for side, word, other in (("ab", "word_a", "word_b"), ("ba", "word_b", "word_a")):
        if method not in MEASURES and not of_links:
            continue
        of_word = "sum" if measure in ADDITIVE else "max"
        sql = f"""
            WITH partners AS (
                SELECT lang_a, lang_b, {word} AS word, {other} AS partner,
                       bool_or(is_true) AS is_true,
                       {of_word}(m_{direction(measure, side)}) AS m, max(n_ab) AS n
                FROM eval_pairs
                WHERE NOT is_copy AND known_{side[0]} {"AND is_link" if of_links else ""}
                GROUP BY ALL),
            ranked AS (
                SELECT *, row_number() OVER (PARTITION BY lang_a, lang_b, word
                                             ORDER BY m DESC, n DESC, partner) AS place
                FROM partners),
            first AS (
                SELECT lang_a, lang_b, word, min(place) AS place FROM ranked
                WHERE is_true GROUP BY ALL)
            SELECT lang_a, lang_b, stratum, false AS is_copy, word,
                   coalesce(place, 1000)::DOUBLE AS hits, 1.0 AS totals
            FROM eval_queries LEFT JOIN first USING (lang_a, lang_b, word)
            WHERE side = '{side}' ORDER BY lang_a, lang_b, word
        """
        parts.append(_sample(connection, sql, names))
    if not parts:
        return _empty(), _empty()
    both = Sample(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    return (
        both._replace(hits=(both.hits <= 1).astype(np.float64)),
        both._replace(hits=(both.hits <= 5).astype(np.float64)),
    )


def precision(connection: duckdb.DuckDBPyConnection, names: list[tuple[str, str]]) -> Sample:
    """Which of the selected pairs translate, by the first word of each."""
    return _sample(
        connection,
        f"""
        SELECT lang_a, lang_b, {_STRATUM.format(n="least(n_a, n_b)")} AS stratum, is_copy,
               word_a AS word, count_if(is_true)::DOUBLE AS hits, count(*)::DOUBLE AS totals
        FROM eval_selected GROUP BY ALL ORDER BY ALL
        """,
        names,
    )


def recall(connection: duckdb.DuckDBPyConnection, names: list[tuple[str, str]]) -> Sample:
    """Which of the translations that could be found are selected."""
    return _sample(
        connection,
        f"""
        SELECT t.lang_a, t.lang_b,
               {_STRATUM.format(n="least(coalesce(f.n, 0), coalesce(g.n, 0))")} AS stratum,
               t.is_copy, t.word_a AS word,
               count_if(s.word_a IS NOT NULL)::DOUBLE AS hits, count(*)::DOUBLE AS totals
        FROM eval_targets t
        LEFT JOIN (SELECT DISTINCT word_a, word_b FROM eval_selected) s USING (word_a, word_b)
        LEFT JOIN eval_frequency f
               ON f.word = t.word_a AND f.lang = t.lang_a AND f.other_lang = t.lang_b
        LEFT JOIN eval_frequency g
               ON g.word = t.word_b AND g.lang = t.lang_b AND g.other_lang = t.lang_a
        GROUP BY ALL ORDER BY ALL
        """,
        names,
    )


def where(sample: Sample, rows: NDArray[np.bool_]) -> Sample:
    """The rows of a sample that a mask selects."""
    columns: list[NDArray[Any]] = [column[rows] for column in sample]
    return Sample(*columns)


def curve(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, float, float]]:
    """Precision of the first pairs of each measure, up to four times as many as are judged."""
    judged = f"{_JUDGED} AND NOT is_copy"
    for name in MEASURES:
        top = _TOP.format(measure=name, judged=judged, most=_CURVE_MOST)
        top = top.replace("EXCLUDE (place, size)", "")
        rows = connection.execute(
            f"""
            SELECT ceil({_CURVE_STEPS} * place / size)::INT AS step, count(*),
                   count_if(is_true) FROM ({top}) GROUP BY step ORDER BY step
            """
        ).fetchall()
        n_pairs = n_true = 0
        for step, pairs, true in rows:
            n_pairs, n_true = n_pairs + pairs, n_true + true
            yield name, step / _CURVE_STEPS, n_true / n_pairs


def _sample(
    connection: duckdb.DuckDBPyConnection, sql: str, names: list[tuple[str, str]]
) -> Sample:
    found = connection.execute(sql).fetchnumpy()
    numbers = {name: number for number, name in enumerate(names)}
    pairs = zip(found["lang_a"].tolist(), found["lang_b"].tolist(), strict=True)
    pair = np.array([numbers.get(name, -1) for name in pairs], np.int64)
    columns = ("stratum", "is_copy", "word", "hits", "totals")
    sample = Sample(pair, *(np.asarray(found[name]) for name in columns))
    return where(sample, pair >= 0)


def _empty() -> Sample:
    whole, real = np.empty(0, np.int64), np.empty(0)
    return Sample(whole, whole, np.empty(0, np.bool_), whole, real, real)
