"""Pivots judged: how many of the best are function words, fragments or boilerplate.

Such tokens bridge nothing: *the* meets every word of every language. A stated rule puts each pivot
into one class, the first that fits:

* `boilerplate`: no letter in it (numbers, punctuation, symbols, bytes), or a word of addresses and
  markup (`MARKUP`);
* `fragment`: a piece that is no whole word: in scripts that put spaces between words, one without
  the mark of a word start. (One that carries the mark, but goes on in text, looks like a word.)
* `function`: a stop word of its language by stopwords-iso (package `stopwordsiso`), folded; or, in
  languages without spaces, a run of them, since pieces there may hold several words: 彼は;
* `content`: the rest.

The lists of stopwords-iso are wide (English: 1,298 words, with *computer* and *information*), so
the share is rather too high than too low, for every method. Intervals are Wilson's (1927), 95 %:
the pivots of a table are a list that is given, and their interval says what a list of that length
can tell about a longer one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import sqrt
from typing import Any, NamedTuple

import duckdb
from rich.console import Console

from pivotmine.ask.bridges import open_paths
from pivotmine.errors import LakeError, SetupError
from pivotmine.judge.bootstrap import NOTHING, Estimate
from pivotmine.judge.judge import UNSPACED_LANGUAGES, whole_word
from pivotmine.show.tables import print_table
from pivotmine.text.folding import fold
from pivotmine.text.pieces import SPACE, is_byte_piece

CLASSES = ("content", "function", "fragment", "boilerplate")

MARKUP = frozenset(
    "http https ftp www com org net html htm xml css php url uri href src img div span nbsp amp "
    "quot utf charset copyright cookie cookies".split()
)
"""Words of web addresses, markup and page footers that are no words of a language."""

_Z = 1.959964


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
    """How a method fares."""

    method: str
    counts: dict[str, int]
    """Pivots of each class."""
    share: Estimate
    """Of pivots that are not `content`."""


def classify(token: str, lang: str) -> str:
    """Class of a token in text of a language, by the rule above."""
    text = fold(token.replace(SPACE, " ").strip())
    if is_byte_piece(token) or text in MARKUP or not any(c.isalpha() for c in text):
        return "boilerplate"
    word = whole_word(token, lang)
    if not word:
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
            "pip install 'pivotmine[evaluate]'"
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
        "SELECT method, rank, token_id, token, lang, score, degree, languages FROM pivots "
        "WHERE rank <= $top ORDER BY method, rank",
        {"top": top},
    ).fetchall()
    if not rows:
        raise LakeError("table pivots is empty; fill it with `pivotmine run --until pivot`")
    partners = _partners(connection, top)
    return [
        JudgedPivot(
            method, rank, token, lang, classify(token, lang), score, degree, tuple(languages),
            partners.get((method, token_id, lang), ()),
        )
        for method, rank, token_id, token, lang, score, degree, languages in rows
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


def wilson(hits: int, total: int) -> Estimate:
    """A share with its score interval (Wilson 1927), 95 %."""
    if not total:
        return NOTHING
    share, extra = hits / total, _Z**2 / total
    middle = (share + extra / 2) / (1 + extra)
    half = _Z * sqrt(share * (1 - share) / total + extra / total / 4) / (1 + extra)
    return Estimate(share, max(middle - half, 0.0), min(middle + half, 1.0))


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


def print_judged_pivots(console: Console, pivots: Sequence[JudgedPivot]) -> None:
    """A table a method, then the share of each."""
    shares = share_of(pivots)
    for method, _, _ in shares:
        cells = [
            (
                str(pivot.rank),
                pivot.token,
                pivot.lang,
                pivot.kind,
                f"{pivot.score:.2f}",
                f"{pivot.degree:,}",
                " ".join(pivot.languages),
                " ".join(pivot.partners),
            )
            for pivot in pivots
            if pivot.method == method
        ]
        heads = ("rank", "token", "lang", "class", "score", "degree", "reaches", "partners")
        print_table(console, f"Pivots, method {method}", heads, cells, (0, 4, 5))
    totals = [
        (method, *(str(counts[kind]) for kind in CLASSES), _cell(share))
        for method, counts, share in shares
    ]
    print_table(console, "", ("method", *CLASSES, "no content"), totals, range(1, 6))


def _cell(share: Estimate) -> str:
    return f"{share.value:.0%} ({share.low:.0%}-{share.high:.0%})"
