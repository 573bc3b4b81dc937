"""Two words of a lexicon: how often they meet, against how often they would by chance.

Everything is read from one row of `term_counts`, which holds four 2x2 tables: of documents and of
windows, for the strings anywhere and for the words in text of their languages. The population of
the last two is the contexts in which both languages take part: where only one language is present,
words of two languages cannot meet, so such contexts would say nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from pivotmine.ask.rows import Rows
from pivotmine.errors import LakeError
from pivotmine.lake.query import named_language
from pivotmine.text.folding import fold

TABLES_READ = ("term_counts", "lexicons")

_TABLES = (
    ("document", "anywhere", "n_docs"),
    ("window", "anywhere", "n_windows"),
    ("document", "in_lang", "n_docs_in_lang"),
    ("window", "in_lang", "n_windows_in_lang"),
)
_RERUN = "and run `pivotmine run --only terms`"


@dataclass(frozen=True)
class Cooccurrence:
    """A 2x2 table of two words, with what it says."""

    lang_a: str
    term_a: str
    lang_b: str
    term_b: str
    context: str
    """`document` or `window`."""
    where: str
    """`anywhere`: the strings; `in_lang`: each word in text of its own language."""
    n_ab: int
    """Contexts that hold both."""
    n_a: int
    n_b: int
    n: int
    """Contexts of the population."""
    expected: float
    """n_ab if the words were independent."""
    npmi: float | None
    """None where one of the words never occurs."""
    g2: float
    """Log-likelihood ratio (Dunning 1993); large for words that avoid each other too."""


def find_cooccurrence(
    connection: duckdb.DuckDBPyConnection, word_a: str, word_b: str
) -> Rows[Cooccurrence]:
    """The four tables of each listed pair of the two words, most windows first.

    A word may name its language, `fr:chat`; otherwise it means the word in any language. Sides a
    and b are as in the question.

    Raises
    ------
    LakeError
        No lexicon is counted, or none has the words or the pair; the message says what to add.
    """
    sides = [(lang, fold(spelling)) for lang, spelling in map(named_language, (word_a, word_b))]
    if sides[0] == sides[1]:
        raise LakeError(f"{word_a!r} and {word_b!r} are one word; name two")
    found = _listed_pairs(connection, *sides)
    if not found:
        raise LakeError(_why_not(connection, sides))
    return Rows(Cooccurrence, (_table(row, *table) for row in found for table in _TABLES))


def _listed_pairs(
    connection: duckdb.DuckDBPyConnection,
    one: tuple[str | None, str],
    other: tuple[str | None, str],
) -> list[dict[str, Any]]:
    """Rows of `term_counts` with `one` as side a."""
    rows = connection.sql(
        """
        SELECT * FROM term_counts WHERE term_b IS NOT NULL AND (
             (term_a = $one AND term_b = $other)
          OR (term_a = $other AND term_b = $one))
        ORDER BY n_windows DESC, lang_a, lang_b
        """,
        params={"one": one[1], "other": other[1]},
    ).to_arrow_table()
    found = []
    for row in rows.to_pylist():
        for turned in (row, _turn(row)):
            asked = zip("ab", (one, other), strict=True)
            if all(
                turned[f"term_{side}"] == term and lang in (None, turned[f"lang_{side}"])
                for side, (lang, term) in asked
            ):
                found.append(turned)
                break
    return found


def _turn(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its sides exchanged."""
    sides = {"_a": "_b", "_b": "_a"}
    return {name[:-2] + sides.get(name[-2:], name[-2:]): value for name, value in row.items()}


def _table(row: dict[str, Any], context: str, where: str, name: str) -> Cooccurrence:
    from pivotmine.numeric.association import expected, log_likelihood_ratio, npmi

    table = n_ab, n_a, n_b, n = [row[name + end] for end in ("", "_a", "_b", "_total")]
    return Cooccurrence(
        lang_a=row["lang_a"],
        term_a=row["term_a"],
        lang_b=row["lang_b"],
        term_b=row["term_b"],
        context=context,
        where=where,
        n_ab=n_ab,
        n_a=n_a,
        n_b=n_b,
        n=n,
        expected=float(expected(n_a, n_b, n)),
        npmi=float(npmi(*table)) if n_a and n_b else None,
        g2=float(log_likelihood_ratio(*table)),
    )


def _why_not(connection: duckdb.DuckDBPyConnection, sides: list[tuple[str | None, str]]) -> str:
    if connection.execute("SELECT count(*) FROM lexicons").fetchone() == (0,):
        return (
            "no lexicon is counted in this lake. Write a file with columns lang_a, word_a, lang_b, "
            f"word_b (tab-separated, .tsv), name it in terms.lexicons of the recipe, {_RERUN}."
        )
    listed = [_languages(connection, term) for _, term in sides]
    pairs = zip(sides, listed, strict=True)
    known = [lang or (of[0] if len(of) == 1 else "LANG") for (lang, _), of in pairs]
    line = " ".join(f"{lang} {term}" for lang, (_, term) in zip(known, sides, strict=True))
    add = f"Add the line `{line}` (tab-separated) to a file of terms.lexicons, {_RERUN}."
    for (lang, term), languages in zip(sides, listed, strict=True):
        if not languages:
            return f"{term!r} is in no lexicon that is counted. {add}"
        if lang and lang not in languages:
            return f"the lexicons have {term!r} as {', '.join(languages)}, not as {lang}. {add}"
    words = " and ".join(f"{lang}:{term}" if lang else term for lang, term in sides)
    return f"{words} are counted, but not listed as a pair, so how often they meet is not. {add}"


def _languages(connection: duckdb.DuckDBPyConnection, term: str) -> list[str]:
    """Languages in which a word is counted."""
    rows = connection.execute(
        """
        SELECT DISTINCT lang_a FROM term_counts WHERE term_a = $term AND term_b IS NULL
        ORDER BY lang_a
        """,
        {"term": term},
    ).fetchall()
    return [lang for (lang,) in rows]
