"""Scores and arms judged against documents of known kind.

Two questions are asked:

* Does a score separate pages that hold text beside its translation (kinds parallel and block) from
  other pages (monolingual, code_switched, template, and those of unknown kind)? This is asked at
  every length and for every language pair. Most untranslated pages hold one language, and a count
  of languages would find these, so it is also asked against pages of two languages alone. Pages
  with glosses and word lists hold translations, but no translated text; they are reported as kinds
  of their own.
* What does a budget buy if it is spent in the order of a score, or by an arm? Reported are the
  shares that go to templates and repetitions, and the number of distinct planted translations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import LakeError
from pivotmine.judge.document_truth import (
    OTHER,
    TRANSLATED,
    TWO_LANGUAGES,
    UNTRANSLATED,
    join_truth,
)
from pivotmine.judge.figures import ALL, flat_columns
from pivotmine.judge.ranking import N_RESAMPLES, RECALLS, Ranking, draw_weights, rank

BUDGETS = (0.01, 0.05, 0.2)
"""Shares of the corpus's tokens."""

AGAINST = {"untranslated": UNTRANSLATED, "two languages": TWO_LANGUAGES, OTHER: (OTHER,)}
"""Kinds of the negatives, by name."""

_N_LENGTHS = 4


@dataclass(frozen=True)
class Separation:
    """How well a score separates documents of some kinds from others."""

    method: str
    kind: str
    """Kinds of the positives, joined by +."""

    part: str
    """Language pair of the positives, or `all`."""

    against: str
    """Negatives: `untranslated` pages, `two languages` (those of them in two), or `other`
    pages, of unknown kind."""

    min_tokens: int
    max_tokens: int
    """Lengths of the documents that are compared."""

    n_positive: int
    n_negative: int
    ranking: Ranking

    def rows(self) -> Iterator[dict[str, Any]]:
        """Flat: the areas, and the curve of precision over recall."""
        names = {name: value for name, value in vars(self).items() if name != "ranking"}
        areas = {"auc": self.ranking.auc, "average_precision": self.ranking.average_precision}
        yield {"figure": "auc", **names, **flat_columns(areas)}
        for recall, precision in zip(RECALLS, self.ranking.precision, strict=False):
            yield {"figure": "curve", **names, "recall": recall, "precision": precision}


@dataclass(frozen=True)
class Spending:
    """What a budget buys."""

    method: str
    """The score that orders the documents, `random`, or `arm NAME`."""

    share_of_corpus: float
    """Tokens bought, of the tokens of the corpus."""

    n_docs: int
    template_share: float
    """Tokens of pages whose two languages are a site's header and footer."""

    repeated_share: float
    """Tokens of documents that repeat one already bought."""

    untranslated_share: float
    """Tokens of documents without any translation."""

    n_links: int
    """Distinct planted translations that the documents hold."""

    def rows(self) -> Iterator[dict[str, Any]]:
        """Flat."""
        yield {"figure": "budget", **asdict(self)}


class DocumentEvaluation(NamedTuple):
    """What `evaluate_documents` finds."""

    separations: list[Separation]
    spendings: list[Spending]


def evaluate_documents(
    connection: duckdb.DuckDBPyConnection, truth: Path, seed: int = 0
) -> DocumentEvaluation:
    """Judge every method of table `scores`, and every arm of table `selection`.

    Memory: the scores of one method and 200 bytes a document. DuckDB spills its own to disk.

    Parameters
    ----------
    truth
        Folder or file (`document_truth.py`).

    Raises
    ------
    InputError
        The truth about documents is missing or lacks a column.
    LakeError
        No document of the lake is known to the truth, or none has scores.
    """
    join_truth(connection, truth)
    return DocumentEvaluation(
        separate(connection, seed), [*spend_by_score(connection), *spend_by_arm(connection)]
    )


def separate(
    connection: duckdb.DuckDBPyConnection, seed: int = 0, n_resamples: int = N_RESAMPLES
) -> list[Separation]:
    """Judge every method of table `scores`, after `join_truth`; 0 resamples give no intervals.

    Raises
    ------
    LakeError
        No document has scores.
    """
    methods = _methods(connection)
    if not methods:
        raise LakeError("no document has scores here; run `pivotmine run --until score`")
    cuts = _lengths(connection)
    ((n_documents,),) = connection.execute("SELECT count(*) FROM known").fetchall()
    weights = draw_weights(n_documents, seed, n_resamples)
    return [found for method in methods for found in _separate(connection, method, cuts, weights)]


def spend_by_score(connection: duckdb.DuckDBPyConnection) -> list[Spending]:
    """Spend `BUDGETS` in the order of every score, after `join_truth`."""
    return [
        _spend(connection, method, _BY_SCORE, {"method": method, "share": share})
        for share in BUDGETS
        for method in ("random", *_methods(connection))
    ]


def spend_by_arm(connection: duckdb.DuckDBPyConnection) -> list[Spending]:
    """What every arm of table `selection` buys, after `join_truth`."""
    arms = connection.execute("SELECT DISTINCT arm FROM selection ORDER BY arm").fetchall()
    return [_spend(connection, f"arm {arm}", _BY_ARM, {"arm": arm}) for (arm,) in arms]


def _methods(connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [name for (name,) in connection.execute(_METHODS).fetchall()]


def _lengths(connection: duckdb.DuckDBPyConnection) -> list[tuple[int, int]]:
    """All lengths, then quarters of the documents by length."""
    shares = [i / _N_LENGTHS for i in range(_N_LENGTHS + 1)]
    (quantiles,) = connection.execute(
        "SELECT quantile_disc(n_tokens, ?) FROM known", [shares]
    ).fetchall()[0]
    first, last = quantiles[0], quantiles[-1]
    inner = [first, *(quantile + 1 for quantile in quantiles[1:-1]), last + 1]
    parts = [(low, high - 1) for low, high in zip(inner, inner[1:], strict=False)]
    return [(first, last), *parts]


def _separate(
    connection: duckdb.DuckDBPyConnection,
    method: str,
    cuts: list[tuple[int, int]],
    weights: NDArray[np.uint8],
) -> Iterator[Separation]:
    """All comparisons that have documents on both sides."""
    columns = connection.execute(_SCORES, [method]).fetchnumpy()
    kinds, parts = columns["kind"].astype(str), columns["part"].astype(str)
    score, n_tokens = columns["score"], columns["n_tokens"]
    found_parts = sorted(set(parts[np.isin(kinds, TRANSLATED)]) - {""})
    asked: list[tuple[tuple[str, ...], str, tuple[int, int]]]
    asked = [(TRANSLATED, ALL, cut) for cut in cuts]
    asked += [(TRANSLATED, part, cuts[0]) for part in found_parts]
    asked += [((kind,), ALL, cuts[0]) for kind in (*TRANSLATED, "glossed", "dictionary")]
    for against, negatives in AGAINST.items():
        for sought, part, (low, high) in asked:
            positive = np.isin(kinds, sought) & ((parts == part) | (part == ALL))
            kept = positive | np.isin(kinds, negatives)
            kept &= (n_tokens >= low) & (n_tokens <= high)
            n_positive = int(positive[kept].sum())
            n_negative = int(kept.sum()) - n_positive
            if n_positive and n_negative:
                ranking = rank(score[kept], positive[kept], weights[:, kept])
                names = (method, "+".join(sought), part, against, low, high)
                yield Separation(*names, n_positive, n_negative, ranking)


def _spend(
    connection: duckdb.DuckDBPyConnection, method: str, bought: str, parameters: dict[str, Any]
) -> Spending:
    row = connection.execute(_SPENT.format(bought=bought), parameters).fetchone()
    assert row is not None
    return Spending(method, *row)


_METHODS = "SELECT DISTINCT method FROM scores JOIN known USING (doc_id) ORDER BY method"

_SCORES = """
    SELECT kind, coalesce(part, '') AS part, coalesce(score, 0) AS score, k.n_tokens
    FROM known k LEFT JOIN (SELECT doc_id, score FROM scores WHERE method = ?) USING (doc_id)
    ORDER BY doc_id
"""

_BY_SCORE = """
    SELECT doc_id FROM (
        SELECT doc_id, n_tokens, sum(n_tokens) OVER (
            ORDER BY score DESC, md5(doc_id) ROWS UNBOUNDED PRECEDING) AS used
        FROM known LEFT JOIN (SELECT doc_id, score FROM scores WHERE method = $method)
        USING (doc_id))
    WHERE used <= $share * (SELECT sum(n_tokens) FROM known)
"""
"""Documents in the order of a score, ties in the order of a hash. No document has a score named
`random`, so its order is that of the hash."""

_BY_ARM = "SELECT doc_id FROM selection WHERE arm = $arm"

_SPENT = """
    WITH bought AS MATERIALIZED (
        SELECT *, row_number() OVER (PARTITION BY original ORDER BY name) > 1 AS is_repeated
        FROM known WHERE doc_id IN ({bought})
    ), totals AS (
        SELECT sum(n_tokens) AS n_tokens, count(*) AS n_docs,
               sum(n_tokens) FILTER (kind = 'template') AS template,
               sum(n_tokens) FILTER (is_repeated) AS repeated,
               sum(n_tokens) FILTER (NOT has_translations) AS untranslated
        FROM bought
    )
    SELECT coalesce(n_tokens / (SELECT sum(n_tokens) FROM known), 0)::DOUBLE, n_docs,
           coalesce(template / n_tokens, 0)::DOUBLE, coalesce(repeated / n_tokens, 0)::DOUBLE,
           coalesce(untranslated / n_tokens, 0)::DOUBLE,
           (SELECT count(DISTINCT link) FROM planted_links
            WHERE doc_id IN (SELECT doc_id FROM bought))
    FROM totals
"""
