"""Counted pairs joined with known translations, as tables of a DuckDB connection.

Fragments of words are candidates: one that ranks before the translation is a mistake. They are
never judged themselves.

A pair is *judged* if the truth has a translation of each of its words into the language of the
other. `counts` is read once, as a stream. Pairs with a known word on either side are kept in
DuckDB, which spills to disk. Python holds the vocabulary and the truth.
"""

from __future__ import annotations

from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pivotmine.errors import LakeError
from pivotmine.judge.measures import Tables, measure
from pivotmine.judge.truth import Truth
from pivotmine.judge.vocabulary import put_rows, put_table, token_words
from pivotmine.numeric.exact_association import smoothed_margins


class KnownWords(NamedTuple):
    """Words and pairs of the truth in the vocabulary."""

    n_words: int
    """Words and fragments, each numbered within its language."""

    n_pairs: int
    """Pairs of the truth between languages of the vocabulary."""

    n_single_token_pairs: int
    """Those of them whose words are whole tokens."""


def join_pairs(connection: duckdb.DuckDBPyConnection, truth: Truth, min_docs: int) -> KnownWords:
    """Make the tables that `questions.py` queries.

    `eval_pairs`: the pairs of `counts` with a known word, their truth and their measures;
    `eval_frequency`: mixed contexts of each word;
    `eval_targets`: pairs that could be found; `eval_known`: words that have a translation.

    Raises
    ------
    LakeError
        No pair is counted, or no word of the truth is a token.
    """
    words = _number_words(connection, truth)
    connection.execute(_FREQUENCY)
    _measure_pairs(connection)
    reached = "t.n_docs >= $n" if truth.is_planted else "t.n_ab >= $n"
    connection.execute(_TARGETS.format(reached=reached), {"n": min_docs})
    return words


def _number_words(connection: duckdb.DuckDBPyConnection, truth: Truth) -> KnownWords:
    numbers: dict[tuple[str, str], int] = {}
    strings: dict[str, int] = {}
    nodes: list[tuple[int, str, int, int]] = []
    for found in token_words(connection):
        # No word begins with a NUL, so fragments never meet words.
        text = found.word or f"\0{found.token}"
        word = numbers.setdefault((found.lang, text), len(numbers))
        string = strings.setdefault(text, len(strings))
        nodes.append((found.token_id, found.lang, word, string))
    languages = {lang for lang, _ in numbers}
    known: set[tuple[int, str]] = set()
    pairs: list[tuple[int, int, int]] = []
    n_pairs = 0
    for (lang_a, word_a, lang_b, word_b), n_docs in truth.pairs.items():
        if lang_a not in languages or lang_b not in languages:
            continue
        n_pairs += n_docs != 0
        a, b = numbers.get((lang_a, word_a)), numbers.get((lang_b, word_b))
        if a is not None:
            known.add((a, lang_b))
        if b is not None:
            known.add((b, lang_a))
        if a is not None and b is not None:
            pairs.append((a, b, n_docs))
    if not pairs:
        raise LakeError(
            "no translation of the truth has both words as tokens of this corpus; languages of the "
            f"corpus are {', '.join(sorted(languages)) or 'not there yet'}"
        )
    put_rows(connection, "eval_nodes", nodes, "token_id lang:s word string")
    put_rows(connection, "eval_known", sorted(known), "word lang:s")
    put_rows(connection, "eval_truth", pairs, "word_a word_b n_docs")
    return KnownWords(len(numbers), n_pairs, sum(n_docs != 0 for _, _, n_docs in pairs))


_FREQUENCY = """
    CREATE OR REPLACE TABLE eval_frequency AS
    SELECT word, m.lang, other_lang, max(n) AS n
    FROM margins m JOIN eval_nodes x ON x.token_id = m.token_id AND x.lang = m.lang
    GROUP BY word, m.lang, other_lang
"""
"""A word of several tokens, as `Cat` and `cat`, is as frequent as the most frequent of them."""

_JOINED = """
    SELECT c.lang_a, c.lang_b, c.a, c.b, c.n_ab, c.n_a, c.n_b, c.n_contexts,
           x.word AS word_a, y.word AS word_b, x.string = y.string AS is_copy,
           t.word_a IS NOT NULL AS is_true,
           p.word IS NOT NULL AS known_a, r.word IS NOT NULL AS known_b,
           l.a IS NOT NULL AS is_link, coalesce(l.prevails, false) AS prevails,
           l.q_value, coalesce(l.n_won, 0) AS n_won, s.n AS smoothed_a, u.n AS smoothed_b
    FROM counts c
    JOIN eval_nodes x ON x.token_id = c.a AND x.lang = c.lang_a
    JOIN eval_nodes y ON y.token_id = c.b AND y.lang = c.lang_b
    LEFT JOIN eval_known p ON p.word = x.word AND p.lang = c.lang_b
    LEFT JOIN eval_known r ON r.word = y.word AND r.lang = c.lang_a
    LEFT JOIN eval_truth t ON t.word_a = x.word AND t.word_b = y.word
    LEFT JOIN links l
           ON l.a = c.a AND l.b = c.b AND l.lang_a = c.lang_a AND l.lang_b = c.lang_b
    JOIN eval_smoothed s
      ON s.token_id = c.a AND s.lang = c.lang_a AND s.other_lang = c.lang_b
    JOIN eval_smoothed u
      ON u.token_id = c.b AND u.lang = c.lang_b AND u.other_lang = c.lang_a
"""

_TARGETS = """
    CREATE OR REPLACE TABLE eval_targets AS
    SELECT t.*, a.lang AS lang_a, b.lang AS lang_b, a.string = b.string AS is_copy
    FROM (SELECT word_a, word_b, any_value(n_docs) AS n_docs,
                 coalesce(max(p.n_ab), 0) AS n_ab
          FROM eval_truth LEFT JOIN eval_pairs p USING (word_a, word_b)
          GROUP BY word_a, word_b) t
    JOIN (SELECT DISTINCT word, lang, string FROM eval_nodes) a ON a.word = t.word_a
    JOIN (SELECT DISTINCT word, lang, string FROM eval_nodes) b ON b.word = t.word_b
    WHERE {reached}
"""

_SIDE = ("lang", "other_lang")


def _measure_pairs(connection: duckdb.DuckDBPyConnection) -> None:
    """Fill `eval_pairs`."""
    put_table(connection, "eval_smoothed", _smoothed(connection))
    # A second connection to the same database: the first one is busy giving rows.
    writer = connection.cursor()
    # By the Arrow stream interface, which every version of DuckDB has: a million rows a batch.
    reader = pa.RecordBatchReader.from_stream(connection.sql(_JOINED))
    made = False
    for batch in reader:
        table = pa.Table.from_batches([batch])
        table = table.filter(pc.or_(table["known_a"], table["known_b"]))
        more = (_floats(table, name) for name in ("smoothed_a", "smoothed_b", "n_won"))
        for name, values in measure(_tables(table), *more).items():
            table = table.append_column(f"m_{name}", pa.array(values))
        writer.register("eval_rows", table)
        head = "INSERT INTO eval_pairs" if made else "CREATE OR REPLACE TABLE eval_pairs AS"
        writer.execute(f"{head} SELECT * FROM eval_rows")
        made = True
    writer.close()
    if not made:
        raise LakeError("table counts is empty; fill it with `pivotmine run --until link`")


def _floats(table: pa.Table, name: str) -> NDArray[np.float64]:
    values: NDArray[np.float64] = table[name].to_numpy().astype(np.float64)
    return values


def _tables(table: pa.Table) -> Tables:
    return Tables(*(_floats(table, name) for name in ("n_ab", "n_a", "n_b", "n_contexts")))


def _smoothed(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Margins with the smoothed ones in place of n."""
    margins = connection.sql(
        "SELECT token_id, lang, other_lang, n FROM margins ORDER BY lang, other_lang"
    ).to_arrow_table()
    n = _floats(margins, "n")
    sides = [f"{a} {b}" for a, b in zip(*(margins[x].to_pylist() for x in _SIDE), strict=True)]
    starts = [i for i, side in enumerate(sides) if i == 0 or side != sides[i - 1]]
    parts = [smoothed_margins(part) for part in np.split(n, starts[1:])]
    return margins.set_column(3, "n", pa.array(np.concatenate(parts)))
