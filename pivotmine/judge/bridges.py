"""Bridges judged: whether two links lead to a translation where languages never meet.

A translation a - c of two languages is a question if it could be answered: some word b of a third
language translates both, and the links a - b and b - c were found. Two questions are asked:

* **translation**: of the words that paths from a lead to (`pivotmine.ask.bridges`), is the first,
  or one of the first five, a translation of a? This is asked for every word a, in both directions.
* **bridge**: of the tokens that bridge a and c, does the first, or one of the first five, translate
  both? This is asked for every pair.

Two baselines are judged in the same way. `rewired`: the ends of the links into the language of c
are exchanged at random. Every token keeps its number of links, and every link its strength and
whether it prevails (the configuration model: Newman, Strogatz & Watts 2001, Random graphs with
arbitrary degree distributions and their applications, Phys. Rev. E 64). `frequent`: the most
frequent words of the language of c, the same for every question.

Paths do not use direct links between the two languages, so any two languages can be judged, whether
they meet or not. Questions and right answers are tokens that are whole words. Fragments that rank
before them are mistakes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.ask.paths import ask, bridge_paths, open_paths, target_paths
from pivotmine.errors import LakeError
from pivotmine.judge.figures import ALL, flat_columns
from pivotmine.judge.truth import Truth
from pivotmine.judge.vocabulary import put_rows, token_words
from pivotmine.numeric.bootstrap import UNKNOWN, Interval, Resamples

N_REWIRINGS = 10
_MISSED = 1 << 30


@dataclass(frozen=True)
class BridgeFigure:
    """One row of the table; intervals are 95 % bootstraps over the words asked."""

    lang_a: str
    """Language of the words asked; `all`: all directions together."""
    lang_c: str
    method: str
    """`links`, `rewired` or `frequent`."""
    n_words: int
    """Words asked for a translation."""
    first: Interval
    among_5: Interval
    n_pairs: int
    """Word pairs asked for a bridge."""
    bridge_first: Interval
    bridge_among_5: Interval

    def row(self) -> dict[str, Any]:
        """Columns for another program."""
        return flat_columns(self.__dict__)


class _Places(NamedTuple):
    """The word of each question, and the place of its first right answer."""

    words: NDArray[np.int64]
    places: NDArray[np.int64]


_Answers = dict[str, tuple[_Places, _Places]]
"""Translations and bridges, by method."""


def evaluate_bridges(
    connection: duckdb.DuckDBPyConnection,
    truth: Truth,
    apart: Sequence[tuple[str, str]] = (),
    seed: int = 0,
) -> tuple[BridgeFigure, ...]:
    """Judge the two-hop answers of a lake (`pivotmine.lake.query.connect`).

    Memory beside DuckDB's: the vocabulary, the truth, the links into one language, and 300 bytes a
    word for the bootstrap.

    Parameters
    ----------
    apart
        Language pairs to judge. Empty: all pairs of languages in the truth that no link joins.
    seed
        Seed of the `N_REWIRINGS` rewirings.

    Raises
    ------
    LakeError
        Links join all languages of the truth, or no pair of the truth has a path.
    """
    n_words = _number(connection, truth)
    open_paths(connection)
    connection.execute(_WORD_WAYS)
    directions = [way for a, c in _apart(connection, apart) for way in ((a, c), (c, a))]
    generator = np.random.default_rng(seed)
    resamples = Resamples(n_words)
    answers = {way: _answers(connection, *way, generator) for way in directions}
    if not any(len(found["links"][0].words) for found in answers.values()):
        raise LakeError(
            "no translation between "
            + ", ".join("-".join(way) for way in directions[::2])
            + " has links to a third language on both sides; mine more text, or name languages "
            "that share a third one with --apart"
        )
    together = [(ALL, ALL), *directions]
    return tuple(
        figure
        for way in together
        for figure in _figures(
            way, [answers[way]] if way in answers else answers.values(), resamples
        )
    )


def _number(connection: duckdb.DuckDBPyConnection, truth: Truth) -> int:
    """Fill `bridge_nodes` (whole words, numbered within their language) and `bridge_known`."""
    numbers: dict[tuple[str, str], int] = {}
    nodes: list[tuple[int, str, int, int]] = []
    for found in token_words(connection):
        if found.word:
            number = numbers.setdefault((found.lang, found.word), len(numbers))
            nodes.append((found.token_id, found.lang, number, found.token_count))
    known: list[tuple[str, int, str, int]] = []
    for lang_a, word_a, lang_b, word_b in truth.pairs:
        a, b = numbers.get((lang_a, word_a)), numbers.get((lang_b, word_b))
        if a is not None and b is not None:
            known += [(lang_a, a, lang_b, b), (lang_b, b, lang_a, a)]
    put_rows(connection, "bridge_nodes", nodes, "token_id lang:s number count")
    put_rows(connection, "bridge_known", known, "lang_a:s a lang_b:s b")
    return len(numbers)


_WORD_WAYS = """
    CREATE OR REPLACE TEMP TABLE bridge_links AS
    SELECT DISTINCT x.number AS a, y.number AS b FROM ways w
    JOIN bridge_nodes x ON x.token_id = w.word AND x.lang = w.word_lang
    JOIN bridge_nodes y ON y.token_id = w.other AND y.lang = w.other_lang
    WHERE npmi > 0
"""
"""Pairs of words that have a link between some of their spellings."""

_ASKED = """
    CREATE OR REPLACE TEMP TABLE bridge_asked AS
    SELECT row_number() OVER (ORDER BY a, c) - 1 AS pair, a, c FROM (
        SELECT DISTINCT ac.a, ac.b AS c FROM bridge_known ac
        JOIN bridge_known ab ON ab.a = ac.a AND ab.lang_b NOT IN ($a, $c)
        JOIN bridge_known bc ON bc.a = ab.b AND bc.b = ac.b
        SEMI JOIN bridge_links l ON l.a = ab.a AND l.b = ab.b
        SEMI JOIN bridge_links m ON m.a = bc.a AND m.b = bc.b
        WHERE ac.lang_a = $a AND ac.lang_b = $c)
"""
"""Translations with a path between them."""


def _apart(
    connection: duckdb.DuckDBPyConnection, named: Sequence[tuple[str, str]]
) -> list[tuple[str, str]]:
    if named:
        return list(dict.fromkeys((min(pair), max(pair)) for pair in named))
    rows = connection.execute(
        """
        SELECT DISTINCT k.lang_a, k.lang_b FROM bridge_known k
        ANTI JOIN links l ON l.lang_a = k.lang_a AND l.lang_b = k.lang_b
        WHERE k.lang_a < k.lang_b ORDER BY ALL
        """
    ).fetchall()
    if not rows:
        raise LakeError(
            "links join every pair of languages of the truth; name the pairs to judge as if they "
            "were apart, e.g. --apart fr-ja"
        )
    return rows


def _answers(
    connection: duckdb.DuckDBPyConnection, lang_a: str, lang_c: str, generator: np.random.Generator
) -> _Answers:
    """Places of right answers of every method, from one language to another."""
    connection.execute(_ASKED, {"a": lang_a, "c": lang_c})
    found: _Answers = {
        "links": (_translations(connection, lang_a, lang_c), _bridges(connection, lang_a, lang_c))
    }
    rewired = []
    links = connection.sql(
        "SELECT * FROM ways WHERE other_lang = $c ORDER BY word_lang, word, other",
        params={"c": lang_c},
    ).to_arrow_table()
    for _ in range(N_REWIRINGS):
        connection.register("rewired", _rewire(links, generator))
        rewired.append(
            (
                _translations(connection, lang_a, lang_c, "rewired"),
                _bridges(connection, lang_a, lang_c, "rewired"),
            )
        )
        connection.unregister("rewired")
    found["rewired"] = _joined([one for one, _ in rewired]), _joined([two for _, two in rewired])
    nowhere = np.empty(0, np.int64)
    found["frequent"] = _frequent(connection, lang_c), _Places(nowhere, nowhere)
    return found


def _rewire(links: pa.Table, generator: np.random.Generator) -> pa.Table:
    """Links sorted by `word_lang`, with `other` shuffled among those of each language."""
    langs = np.asarray(links["word_lang"].to_pylist(), np.str_)
    others = links["other"].to_numpy().copy()
    for lang in np.unique(langs):
        rows = np.flatnonzero(langs == lang)
        others[rows] = generator.permutation(others[rows])
    place = links.schema.get_field_index("other")
    return links.set_column(place, links.schema.field(place), pa.array(others))


def _translations(
    connection: duckdb.DuckDBPyConnection, lang_a: str, lang_c: str, last: str = "ways"
) -> _Places:
    _ask(connection, "source", "a", "a", lang_a)
    right = f"""
        SELECT p.query, min(place) AS place FROM ({target_paths(last)}) p
        JOIN bridge_nodes n ON n.token_id = p.target AND n.lang = p.target_lang
        SEMI JOIN bridge_known k ON k.a = p.query AND k.b = n.number
        WHERE p.target_lang = $c GROUP BY p.query
    """
    return _places(connection, "SELECT DISTINCT a AS query, a FROM bridge_asked", right, c=lang_c)


def _bridges(
    connection: duckdb.DuckDBPyConnection, lang_a: str, lang_c: str, last: str = "ways"
) -> _Places:
    _ask(connection, "source", "pair", "a", lang_a)
    _ask(connection, "target", "pair", "c", lang_c)
    # A path from the target's side runs the other way: its links are those into its language.
    turned = f"""(SELECT * EXCLUDE (word, word_lang, other, other_lang), other AS word,
                  other_lang AS word_lang, word AS other, word_lang AS other_lang FROM {last})"""
    right = f"""
        SELECT p.query, min(place) AS place FROM ({bridge_paths(turned)}) p
        JOIN bridge_asked q ON q.pair = p.query
        JOIN bridge_nodes n ON n.token_id = p.bridge AND n.lang = p.lang
        SEMI JOIN bridge_known k ON k.a = q.a AND k.b = n.number
        SEMI JOIN bridge_known m ON m.a = q.c AND m.b = n.number
        GROUP BY p.query
    """
    return _places(connection, "SELECT pair AS query, a FROM bridge_asked", right)


def _frequent(connection: duckdb.DuckDBPyConnection, lang_c: str) -> _Places:
    right = """
        SELECT q.a AS query, min(place) AS place FROM bridge_asked q
        JOIN bridge_known k ON k.a = q.a
        JOIN (SELECT number, row_number() OVER (ORDER BY sum(count) DESC, number) AS place
              FROM bridge_nodes WHERE lang = $c GROUP BY number) f ON f.number = k.b
        GROUP BY q.a
    """
    return _places(connection, "SELECT DISTINCT a AS query, a FROM bridge_asked", right, c=lang_c)


def _ask(
    connection: duckdb.DuckDBPyConnection, side: str, query: str, word: str, lang: str
) -> None:
    rows = connection.sql(
        f"""
        SELECT DISTINCT {query} AS query, token_id AS word, lang AS word_lang FROM bridge_asked
        JOIN bridge_nodes ON number = {word} WHERE lang = $lang ORDER BY ALL
        """,
        params={"lang": lang},
    )
    ask(connection, side, rows.to_arrow_table())


def _places(
    connection: duckdb.DuckDBPyConnection, asked: str, right: str, **values: str
) -> _Places:
    found = connection.execute(
        f"""
        SELECT a, coalesce(place, {_MISSED})::BIGINT AS place FROM ({asked})
        LEFT JOIN ({right}) USING (query) ORDER BY query
        """,
        values,
    ).fetchnumpy()
    return _Places(np.asarray(found["a"], np.int64), np.asarray(found["place"], np.int64))


def _joined(parts: Iterable[_Places]) -> _Places:
    columns = zip(*parts, strict=True)
    return _Places(*(np.concatenate(column) for column in columns))


def _figures(
    way: tuple[str, str], answers: Iterable[_Answers], resamples: Resamples
) -> Iterator[BridgeFigure]:
    parts = list(answers)
    for method in ("links", "rewired", "frequent"):
        words, pairs = (_joined(part[method][n] for part in parts) for n in (0, 1))
        repeated = N_REWIRINGS if method == "rewired" else 1
        yield BridgeFigure(
            lang_a=way[0],
            lang_c=way[1],
            method=method,
            n_words=len(words.words) // repeated,
            first=_share(words, 1, resamples),
            among_5=_share(words, 5, resamples),
            n_pairs=len(pairs.words) // repeated,
            bridge_first=_share(pairs, 1, resamples),
            bridge_among_5=_share(pairs, 5, resamples),
        )


def _share(found: _Places, most: int, resamples: Resamples) -> Interval:
    if not len(found.words):
        return UNKNOWN
    hits = (found.places <= most).astype(np.float64)
    return resamples.ratio(found.words, hits, np.ones(len(hits)))
