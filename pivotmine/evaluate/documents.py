"""Scores and arms judged against documents of known kind (`pivotmine planted`).

Two questions. Does a score tell pages that hold text beside its translation (kinds parallel and
block) from pages that do not (monolingual, code_switched, template), at every length? And what does
a budget buy that is spent in the order of a score, or by an arm: how much of it on templates and on
repetitions, and how many distinct planted translations?

Most untranslated pages hold one language, which any count of languages tells; so the first question
is asked against those of two languages alone, too. Pages of terms and word lists hold translations,
but no translated text; they are reported as kinds of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError, LakeError
from pivotmine.evaluate.bootstrap import NOTHING, Estimate

TRANSLATED = ("parallel", "block")
UNTRANSLATED = ("monolingual", "code_switched", "template")
TWO_LANGUAGES = ("code_switched", "template")
BUDGETS = (0.01, 0.05, 0.2)
"""Shares of the corpus's tokens."""

_N_LENGTHS = 4
_N_RESAMPLES = 200
_FILES = ("document_truth.parquet", "document_links.parquet")


@dataclass(frozen=True)
class Separation:
    """How well a score separates documents of some kinds from untranslated ones."""

    method: str
    kind: str
    """Kinds of the positives, joined by +."""

    against: str
    """Negatives: `untranslated` pages, or those of `two languages` alone."""

    min_tokens: int
    max_tokens: int
    """Lengths of the documents that are compared."""

    n_positive: int
    n_negative: int
    auc: Estimate
    """Probability that a positive scores above a negative, ties counted half; 95 % bootstrap
    interval over documents."""


@dataclass(frozen=True)
class Spending:
    """What a budget buys."""

    method: str
    """A score, in whose order documents are taken; `random`; or `arm NAME`."""

    share_of_corpus: float
    """Tokens bought, of the tokens of the corpus."""

    n_docs: int
    template_share: float
    """Tokens of pages whose two languages are a site's header and footer."""

    repeated_share: float
    """Tokens of documents that repeat one already bought."""

    untranslated_share: float
    """Tokens of documents in which nothing is planted."""

    n_links: int
    """Distinct planted translations that the documents hold."""


class DocumentEvaluation(NamedTuple):
    """All figures."""

    separations: list[Separation]
    spendings: list[Spending]


def evaluate_documents(
    connection: duckdb.DuckDBPyConnection, truth: Path, seed: int = 0
) -> DocumentEvaluation:
    """Judge every method of table `scores`, and every arm of table `selection`.

    Memory: the scores of one method in numpy; the rest is DuckDB's, which spills.

    Raises
    ------
    InputError
        The folder does not hold the truth about documents.
    LakeError
        No document of the lake is known to the truth, or none has scores.
    """
    documents, links = (truth / name for name in _FILES)
    for path in (documents, links):
        if not path.is_file():
            raise InputError(
                f"{path} is not there; name the folder `truth` that `pivotmine planted` wrote"
            )
    connection.execute(_KNOWN.format(truth=str(documents).replace("'", "''")))
    connection.execute(_PLANTED.format(links=str(links).replace("'", "''")))
    methods = [name for (name,) in connection.execute(_METHODS).fetchall()]
    if not methods:
        raise LakeError(
            "no document of this truth has scores here; run `pivotmine run --until score` with "
            "the recipe beside it"
        )
    cuts = _lengths(connection)
    separations = [
        separation
        for number, method in enumerate(methods)
        for separation in _separate(connection, method, cuts, seed + number)
    ]
    spendings = [
        _spend(connection, method, _BY_SCORE, {"method": method, "share": share})
        for share in BUDGETS
        for method in ("random", *methods)
    ]
    arms = connection.execute("SELECT DISTINCT arm FROM selection ORDER BY arm").fetchall()
    spendings += [_spend(connection, f"arm {arm}", _BY_ARM, {"arm": arm}) for (arm,) in arms]
    return DocumentEvaluation(separations, spendings)


def weighted_auc(
    scores: NDArray[np.float64], is_positive: NDArray[np.bool_], weights: NDArray[np.float64]
) -> float:
    """Area under the ROC curve (Mann & Whitney 1947), documents counted by weight.

    NaN where one side weighs nothing.
    """
    _, place = np.unique(scores, return_inverse=True)
    n = int(place.max()) + 1 if len(place) else 0
    positive, negative = (
        np.bincount(place[side], weights[side], n) for side in (is_positive, ~is_positive)
    )
    below = np.cumsum(negative) - negative / 2
    total = positive.sum() * negative.sum()
    return float((positive * below).sum() / total) if total else float("nan")


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
    connection: duckdb.DuckDBPyConnection, method: str, cuts: list[tuple[int, int]], seed: int
) -> list[Separation]:
    columns = connection.execute(_SCORES, [method]).fetchnumpy()
    kinds, score, n_tokens = columns["kind"].astype(str), columns["score"], columns["n_tokens"]
    weights = np.random.default_rng(seed).poisson(1.0, (_N_RESAMPLES, len(score)))
    found = []
    for sought, against, parts in (
        (TRANSLATED, UNTRANSLATED, cuts),
        (TRANSLATED, TWO_LANGUAGES, cuts),
        *(((kind,), UNTRANSLATED, cuts[:1]) for kind in (*TRANSLATED, "glossed", "dictionary")),
    ):
        positive, negative = np.isin(kinds, sought), np.isin(kinds, against)
        name = "untranslated" if against == UNTRANSLATED else "two languages"
        for low, high in parts:
            kept = (positive | negative) & (n_tokens >= low) & (n_tokens <= high)
            counts = int(positive[kept].sum()), int(negative[kept].sum())
            auc = _auc(score[kept], positive[kept], weights[:, kept]) if min(counts) else NOTHING
            found.append(Separation(method, "+".join(sought), name, low, high, *counts, auc))
    return found


def _auc(
    score: NDArray[np.float64], positive: NDArray[np.bool_], weights: NDArray[np.int64]
) -> Estimate:
    drawn = [weighted_auc(score, positive, row.astype(np.float64)) for row in weights]
    low, high = np.nanquantile(drawn, [0.025, 0.975]).tolist()
    return Estimate(weighted_auc(score, positive, np.ones(len(score))), low, high)


def _spend(
    connection: duckdb.DuckDBPyConnection, method: str, bought: str, parameters: dict[str, Any]
) -> Spending:
    row = connection.execute(_SPENT.format(bought=bought), parameters).fetchone()
    assert row is not None
    return Spending(method, *row)


# An exact copy has the id of what it repeats, and is one document of the lake with it.
_KNOWN = """
    CREATE OR REPLACE TEMP TABLE known AS
    SELECT doc_id, url, kind, coalesce(duplicate_of, url) AS original, t.n_links, s.n_tokens
    FROM (SELECT doc_id, n_tokens FROM tokens) s
    JOIN read_parquet('{truth}') t USING (doc_id) WHERE NOT t.is_exact
"""

_PLANTED = """
    CREATE OR REPLACE TEMP TABLE planted_links AS
    SELECT doc_id, hash(lang_a, word_a, lang_b, word_b) AS link
    FROM read_parquet('{links}') JOIN known USING (url)
"""

_METHODS = "SELECT DISTINCT method FROM scores JOIN known USING (doc_id) ORDER BY method"

_SCORES = """
    SELECT kind, score, k.n_tokens FROM known k JOIN scores USING (doc_id) WHERE method = ?
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
"""Documents in the order of a score, ties by a draw; `random` is no score, so all tie."""

_BY_ARM = "SELECT doc_id FROM selection WHERE arm = $arm"

_SPENT = """
    WITH bought AS MATERIALIZED (
        SELECT *, row_number() OVER (PARTITION BY original ORDER BY url) > 1 AS is_repeated
        FROM known WHERE doc_id IN ({bought})
    ), totals AS (
        SELECT sum(n_tokens) AS n_tokens, count(*) AS n_docs,
               sum(n_tokens) FILTER (kind = 'template') AS template,
               sum(n_tokens) FILTER (is_repeated) AS repeated,
               sum(n_tokens) FILTER (n_links = 0) AS untranslated
        FROM bought
    )
    SELECT coalesce(n_tokens / (SELECT sum(n_tokens) FROM known), 0)::DOUBLE, n_docs,
           coalesce(template / n_tokens, 0)::DOUBLE, coalesce(repeated / n_tokens, 0)::DOUBLE,
           coalesce(untranslated / n_tokens, 0)::DOUBLE,
           (SELECT count(DISTINCT link) FROM planted_links
            WHERE doc_id IN (SELECT doc_id FROM bought))
    FROM totals
"""
