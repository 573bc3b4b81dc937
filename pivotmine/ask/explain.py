"""Why a document was chosen: its scores and their evidence, its best block, its links, its arms.

Of the large tables only the rows of one document are read. The text of the block is spelled from
its tokens, since the tokens were scored.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import starmap
from typing import Any

import duckdb

from pivotmine.ask.rows import Rows
from pivotmine.ask.text import read_segments
from pivotmine.errors import LakeError
from pivotmine.lake.query import SCORING_LINKS

TABLES_READ = ("documents", "tokens", "vocabulary", "scores", "selection", "links")


@dataclass(frozen=True)
class RealisedLink:
    """A link whose two words stand where the document's languages touch."""

    lang_a: str
    token_a: str
    lang_b: str
    token_b: str
    n_ab: int
    npmi: float
    n_docs: int
    """Documents of the corpus that realise it."""


@dataclass(frozen=True)
class Explanation:
    """What is known about one document."""

    doc_id: str
    source: str
    uri: str
    lang: str
    n_tokens: int
    type: str | None
    scores: list[tuple[str, float, dict[str, float]]]
    """Method, score, and the figures behind it."""

    block: list[tuple[str, str]]
    """Language and text of each segment of the best block."""

    links: Rows[RealisedLink]
    """Rarest first: by the number of documents that realise them."""

    places: list[tuple[str, int, str]]
    """Arm, position and reason of every selection that holds it."""


def explain(connection: duckdb.DuckDBPyConnection, doc_id: str) -> Explanation:
    """Gather what the lake knows about a document, named by its id or the beginning of the id.

    Raises
    ------
    LakeError
        No document has this id, or several begin with it, or it has no scores yet.
    """
    full_id = _find(connection, doc_id)
    source, uri, lang, n_tokens = connection.execute(
        """
        SELECT d.source, d.uri, t.lang, t.n_tokens
        FROM (SELECT doc_id, source, uri FROM documents WHERE doc_id = $id) d
        JOIN (SELECT doc_id, lang, n_tokens FROM tokens WHERE doc_id = $id) t USING (doc_id)
        """,
        {"id": full_id},
    ).fetchall()[0]
    rows = connection.execute(
        "SELECT method, score, evidence, type, block FROM scores WHERE doc_id = $id "
        "ORDER BY method",
        {"id": full_id},
    ).fetchall()
    if not rows:
        raise LakeError(f"document {full_id} has no scores; run `pivotmine run --until score`")
    scores = [
        (method, score, dict(evidence or {}) | _block_figures(block))
        for method, score, evidence, _, block in rows
    ]
    places = connection.execute(
        "SELECT arm, position, reason FROM selection WHERE doc_id = $id ORDER BY arm",
        {"id": full_id},
    ).fetchall()
    links = connection.execute(_LINKS, {"id": full_id}).fetchall()
    return Explanation(
        full_id,
        *(source, uri, lang, n_tokens),
        next((kind for *_, kind, _ in rows if kind), None),
        scores,
        [(one.lang, one.text) for one in read_segments(connection, full_id) if one.in_block],
        Rows(RealisedLink, starmap(RealisedLink, links)),
        places,
    )


def _find(connection: duckdb.DuckDBPyConnection, doc_id: str) -> str:
    found = connection.execute(
        "SELECT doc_id FROM tokens WHERE starts_with(doc_id, $id) ORDER BY doc_id LIMIT 4",
        {"id": doc_id},
    ).fetchall()
    if len(found) == 1 or (found and found[0][0] == doc_id):
        return str(found[0][0])
    if not found:
        raise LakeError(
            f"no document has an id that begins with {doc_id!r}; ids are in tables documents, "
            "scores and selection"
        )
    names = ", ".join(name for (name,) in found[:3])
    raise LakeError(f"several documents begin with {doc_id!r}: {names}; give more of the id")


def _block_figures(block: dict[str, Any] | None) -> dict[str, float]:
    """The order of the best block, and bits and covered share of each of its sides."""
    if block is None:
        return {}
    figures = {"order": block["order"]}
    for side in block["sides"]:
        figures |= {
            f"{side['lang']} bits": side["bits"],
            f"{side['lang']} covered": side["covered"],
        }
    return figures


_LINKS = f"""
    WITH numbered AS ({SCORING_LINKS}), realised AS (
        SELECT unnest(links) AS link FROM scores WHERE doc_id = $id AND method = 'translation'
    ), spread AS (
        SELECT link, count(*) AS n_docs
        FROM (SELECT unnest(links) AS link FROM scores WHERE method = 'translation')
        WHERE link IN (FROM realised) GROUP BY link
    )
    SELECT lang_a, token_a, lang_b, token_b, n_ab, npmi, n_docs
    FROM realised JOIN numbered USING (link) JOIN spread USING (link)
    ORDER BY n_docs, link
"""
