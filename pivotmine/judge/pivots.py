"""Pivots judged: how many of the best are function words, fragments or boilerplate.

Such tokens bridge nothing: *the* meets every word of every language. Each pivot is put into the
first class that fits:

* `boilerplate`: it has no letter (numbers, punctuation, symbols, bytes), or is a word of addresses
  and markup (`MARKUP`);
* `fragment`: it is not a whole word. In scripts that put spaces between words, these are the pieces
  without the mark of a word start, and those that go on in the text in most places;
* `function`: it is a stop word of its language by stopwords-iso (package `stopwordsiso`), folded.
  In languages without spaces it may be a run of stop words, such as 彼は;
* `content`: all others.

The lists of stopwords-iso are wide (the English one has 1,298 words, with *computer* and
*information*), so the shares are too high rather than too low, for every method. The intervals are
Wilson's (1927), 95 %. They say how far a list of this length can speak for a longer one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import duckdb

from pivotmine.ask.paths import open_paths
from pivotmine.errors import LakeError, SetupError
from pivotmine.numeric.bootstrap import Interval, wilson
from pivotmine.text.folding import fold
from pivotmine.text.token_notation import SPACE, UNSPACED_LANGUAGES, is_byte_piece, whole_word

CLASSES = ("content", "function", "fragment", "boilerplate")

MARKUP = frozenset(
    "http https ftp www com org net html htm xml css php url uri href src img div span nbsp amp "
    "quot utf charset copyright cookie cookies".split()
)
"""Words of web addresses, markup and page footers, which belong to no language."""


_WHOLE_SHARE = 0.5


@dataclass(frozen=True)
class JudgedPivot:
    """A pivot with its evidence and its class."""

    method: str
    rank: int
    token: str
    lang: str
    kind: str
    """One of `CLASSES`."""
    score: float
    degree: int
    languages: tuple[str, ...]
    partners: tuple[str, ...]
    """Its strongest partners in each language, by the rule of its method."""

    def row(self) -> dict[str, Any]:
        """Fields by name, lists as text."""
        return {
            **self.__dict__,
            "languages": " ".join(self.languages),
            "partners": " ".join(self.partners),
        }


class MethodShare(NamedTuple):
    """How many of the pivots of a method bridge nothing."""

    method: str
    counts: dict[str, int]
    """Pivots of each class."""
    share: Interval
    """Share of the pivots that are not `content`."""


def classify(token: str, lang: str, whole_share: float = 1.0) -> str:
    """Class of a token in text of a language, by the rule above.

    `whole_share`: share of its occurrences as a whole word.
    """
    text = fold(token.replace(SPACE, " ").strip())
    if is_byte_piece(token) or text in MARKUP or not any(c.isalpha() for c in text):
        return "boilerplate"
    word = whole_word(token, lang)
    if not word or (lang not in UNSPACED_LANGUAGES and whole_share < _WHOLE_SHARE):
        return "fragment"
    stops = _stop_words(lang)
    if word in stops or (lang in UNSPACED_LANGUAGES and _is_run(word, stops)):
        return "function"
    return "content"


def _is_run(text: str, words: frozenset[str]) -> bool:
    """Whether a text is a sequence of these words."""
    reached = {0}
    for end in range(1, len(text) + 1):
        if any(text[start:end] in words for start in reached):
            reached.add(end)
    return len(text) in reached


@cache
def _stop_words(lang: str) -> frozenset[str]:
    try:
        from stopwordsiso import has_lang, stopwords
    except ImportError:
        raise SetupError(
            "package stopwordsiso, which lists function words, is not installed: "
            "pip install '.[judge]' in a checkout of PivotMine"
        ) from None
    return frozenset(map(fold, stopwords(lang))) if has_lang(lang) else frozenset()


def judge_pivots(connection: duckdb.DuckDBPyConnection, top: int = 100) -> list[JudgedPivot]:
    """The first pivots of every method of a lake (`pivotmine.lake.query.connect`), by rank.

    Raises
    ------
    LakeError
        There are no pivots, or an older version wrote the links.
    SetupError
        Package stopwordsiso is not installed.
    """
    rows = connection.execute(
        "SELECT method, rank, token_id, p.token, p.lang, score, degree, languages, whole_share "
        "FROM pivots p JOIN vocabulary USING (token_id) "
        "WHERE rank <= $top ORDER BY method, rank",
        {"top": top},
    ).fetchall()
    if not rows:
        raise LakeError("table pivots is empty; fill it with `pivotmine run --until pivot`")
    partners = _partners(connection, top)
    return [
        JudgedPivot(
            method, rank, token, lang, classify(token, lang, whole), score, degree,
            tuple(languages), partners.get((method, token_id, lang), ()),
        )
        for method, rank, token_id, token, lang, score, degree, languages, whole in rows
    ]  # fmt: skip


def share_of(pivots: Sequence[JudgedPivot]) -> list[MethodShare]:
    """Classes of each method, in the order of the alphabet."""
    shares = []
    for method in sorted({pivot.method for pivot in pivots}):
        kinds = [pivot.kind for pivot in pivots if pivot.method == method]
        counts = {kind: kinds.count(kind) for kind in CLASSES}
        shares.append(
            MethodShare(method, counts, wilson(len(kinds) - counts["content"], len(kinds)))
        )
    return shares


def _partners(
    connection: duckdb.DuckDBPyConnection, top: int
) -> dict[tuple[str, int, str], tuple[str, ...]]:
    """The strongest partner of each pivot in each language that it reaches."""
    open_paths(connection)
    rows = connection.execute(
        """
        WITH top AS (SELECT method, token_id, lang FROM pivots WHERE rank <= $top),
        edges AS (
            SELECT 'links' AS method, word AS a, word_lang AS lang_a, other AS b,
                   other_lang AS lang_b, g2 AS strength
            FROM ways WHERE prevails
            UNION ALL SELECT 'he2025', a, lang_a, b, lang_b, n_ab / n_b - n_a / n_contexts
            FROM counts
            UNION ALL SELECT 'he2025', b, lang_b, a, lang_a, n_ab / n_a - n_b / n_contexts
            FROM counts)
        SELECT method, p.token_id, p.lang, v.token FROM top p
        JOIN edges e USING (method) JOIN vocabulary v ON v.token_id = e.b
        WHERE e.a = p.token_id AND e.lang_a = p.lang
        QUALIFY row_number() OVER (PARTITION BY method, p.token_id, p.lang, e.lang_b
                                   ORDER BY strength DESC, e.b) = 1
        ORDER BY method, p.token_id, p.lang, e.lang_b
        """,
        {"top": top},
    ).fetchall()
    found: dict[tuple[str, int, str], tuple[str, ...]] = {}
    for method, token_id, lang, partner in rows:
        found[method, token_id, lang] = (*found.get((method, token_id, lang), ()), partner)
    return found
