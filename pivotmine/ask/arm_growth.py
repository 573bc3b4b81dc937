"""What arms hold by template, and how distinct links grow with the tokens of an arm."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from pivotmine.ask.rows import Rows

TABLES_READ = ("selection", "scores")

_STEPS = 25
_MAX_TEMPLATES = 8


@dataclass(frozen=True)
class Growth:
    """Distinct links of the beginning of an arm."""

    arm: str
    n_tokens: int
    n_links: int
    """Distinct links that its documents realise up to here."""


@dataclass(frozen=True)
class TemplateShare:
    """Documents of an arm that were made from one template."""

    arm: str
    template: str
    """A segment's hash in hexadecimal, or what stands for the rest: `none`, `others`."""
    n_docs: int
    n_tokens: int


def link_growth(connection: duckdb.DuckDBPyConnection) -> Rows[Growth]:
    """Links against tokens, at 25 places of each arm in its order, which is random."""
    return Rows(Growth, (Growth(*row) for row in connection.execute(_GROWTH).fetchall()))


def template_shares(connection: duckdb.DuckDBPyConnection) -> Rows[TemplateShare]:
    """Each arm by template: the eight largest of all arms, the others together, and none."""
    rows = connection.execute(_TEMPLATES).fetchall()
    return Rows(TemplateShare, (TemplateShare(*row) for row in rows))


_GROWTH = f"""
    WITH placed AS (
        SELECT s.arm, s.position, s.n_tokens, t.links,
               ntile({_STEPS}) OVER (PARTITION BY s.arm ORDER BY s.position, s.doc_id) AS step
        FROM selection s
        LEFT JOIN (SELECT doc_id, links FROM scores WHERE method = 'translation') t USING (doc_id)),
    firsts AS (
        SELECT arm, step, count(*) AS n_new FROM (
            SELECT arm, link, min(step) AS step
            FROM (SELECT arm, step, unnest(links) AS link FROM placed) GROUP BY arm, link)
        GROUP BY arm, step),
    sizes AS (SELECT arm, step, sum(n_tokens) AS n_tokens FROM placed GROUP BY arm, step)
    SELECT arm, (sum(n_tokens) OVER so_far)::BIGINT,
           (sum(coalesce(n_new, 0)) OVER so_far)::BIGINT
    FROM sizes LEFT JOIN firsts USING (arm, step)
    WINDOW so_far AS (PARTITION BY arm ORDER BY step) ORDER BY arm, step
"""

_TEMPLATES = f"""
    WITH held AS (
        SELECT s.arm, s.doc_id, s.n_tokens, t.template FROM selection s
        LEFT JOIN (SELECT doc_id, template FROM scores WHERE method = 'translation') t
        USING (doc_id)),
    largest AS (
        SELECT template FROM held WHERE template IS NOT NULL GROUP BY template
        ORDER BY sum(n_tokens) DESC, template LIMIT {_MAX_TEMPLATES})
    SELECT arm, CASE WHEN template IS NULL THEN 'none'
                     WHEN template IN (FROM largest) THEN lower(hex(template)) ELSE 'others' END,
           count(DISTINCT doc_id), sum(n_tokens)::BIGINT
    FROM held GROUP BY ALL ORDER BY arm, sum(n_tokens) DESC, 2
"""
