"""The corpus as a whole: languages, how documents mix them, where they meet, what was refused.

Every figure is one query that gives a few rows. Those over `tokens` and `documents` read two narrow
columns of each document.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from pivotmine.ask.rows import Rows

TABLES_READ = (
    *("tokens", "documents", "margins", "links", "pivots", "rejects", "duplicates", "runs"),
    "near_copies",
)


@dataclass(frozen=True)
class LanguageSize:
    """A language of the corpus."""

    lang: str
    n_docs: int
    """Documents whose language it is."""
    n_docs_with: int
    """Documents that hold a segment of it."""
    n_tokens: int
    """Tokens in its segments."""


@dataclass(frozen=True)
class Mixture:
    """Documents that hold segments of a number of languages."""

    n_langs: int
    """Languages of segments, `und` left out; 5 stands for more, too."""
    n_docs: int
    n_tokens: int


@dataclass(frozen=True)
class LanguagePair:
    """Two languages: how often they meet, what links them, what bridges them."""

    lang_a: str
    lang_b: str
    n_contexts: int
    """Mixed contexts of the two."""
    n_links: int
    n_prevail: int
    """Links that prevail and are no copies."""
    n_bridges: int
    """Pivots of a third language with partners in both."""
    over: str | None
    """Language of most of those pivots."""


@dataclass(frozen=True)
class Refused:
    """Records that are no documents, by reason."""

    reason: str
    n: int
    example: str
    """What was said of one of them."""


@dataclass(frozen=True)
class Delivery:
    """What one delivery brought."""

    ingest_id: str
    ingested_at: datetime | None
    """When the first run that names it ended; None for deliveries that only an input names."""
    n_docs: int
    n_bytes: int
    n_rejected: int
    n_copies: int


@dataclass(frozen=True)
class Corpus:
    """All figures."""

    languages: Rows[LanguageSize]
    mixtures: Rows[Mixture]
    pairs: Rows[LanguagePair]
    refused: Rows[Refused]
    deliveries: Rows[Delivery]


def describe_corpus(connection: duckdb.DuckDBPyConnection) -> Corpus:
    """The figures of the whole lake; tables that are not there yet count as empty."""

    def rows(sql: str) -> list[tuple[object, ...]]:
        return connection.execute(sql).fetchall()

    return Corpus(
        Rows(LanguageSize, (LanguageSize(*row) for row in rows(_LANGUAGES))),  # type: ignore[arg-type]
        Rows(Mixture, (Mixture(*row) for row in rows(_MIXTURES))),  # type: ignore[arg-type]
        Rows(LanguagePair, (LanguagePair(*row) for row in rows(_PAIRS))),  # type: ignore[arg-type]
        Rows(Refused, (Refused(*row) for row in rows(_REFUSED))),  # type: ignore[arg-type]
        Rows(Delivery, (Delivery(*row) for row in rows(_DELIVERIES))),  # type: ignore[arg-type]
    )


_LANGUAGES = """
    WITH held AS (
        SELECT entry.key AS lang, count(*) AS n_docs_with, sum(entry.value)::BIGINT AS n_tokens
        FROM (SELECT unnest(map_entries(lang_tokens)) AS entry FROM tokens) GROUP BY 1),
    own AS (SELECT lang, count(*) AS n_docs FROM tokens GROUP BY lang)
    SELECT lang, coalesce(n_docs, 0), coalesce(n_docs_with, 0), coalesce(n_tokens, 0)
    FROM held FULL JOIN own USING (lang) ORDER BY n_tokens DESC, lang
"""

_MIXTURES = """
    SELECT least(len(list_filter(map_keys(lang_tokens), lambda lang: lang <> 'und')), 5) AS n_langs,
           count(*), sum(n_tokens)::BIGINT
    FROM tokens GROUP BY n_langs ORDER BY n_langs
"""

_PAIRS = """
    WITH met AS (
        SELECT least(lang, other_lang) AS lang_a, greatest(lang, other_lang) AS lang_b,
               max(n_contexts) AS n_contexts
        FROM margins GROUP BY ALL),
    linked AS (
        SELECT lang_a, lang_b, count(*) AS n_links,
               count(*) FILTER (prevails AND NOT is_copy) AS n_prevail
        FROM links GROUP BY ALL),
    reach AS (SELECT DISTINCT token_id, lang, languages FROM pivots WHERE method = 'links'),
    sides AS (SELECT token_id, lang AS over, unnest(languages) AS side, languages FROM reach),
    bridged AS (
        SELECT side AS lang_a, other AS lang_b, over, count(*) AS n
        FROM (SELECT side, over, unnest(languages) AS other FROM sides)
        WHERE side < other AND over <> side AND over <> other GROUP BY ALL),
    best AS (
        SELECT lang_a, lang_b, sum(n)::BIGINT AS n_bridges, arg_max(over, n) AS over
        FROM bridged GROUP BY ALL)
    SELECT lang_a, lang_b, coalesce(n_contexts, 0), coalesce(n_links, 0), coalesce(n_prevail, 0),
           coalesce(n_bridges, 0), over
    FROM met FULL JOIN linked USING (lang_a, lang_b) FULL JOIN best USING (lang_a, lang_b)
    ORDER BY coalesce(n_contexts, 0) DESC, lang_a, lang_b
"""

_REFUSED = """
    SELECT reason, count(*), min(detail) FROM rejects GROUP BY reason
    UNION ALL SELECT 'copy (' || kind || ')', count(*), 'document ' || min(kept_doc_id)
    FROM duplicates GROUP BY kind ORDER BY 2 DESC, 1
"""

_DELIVERIES = """
    WITH named AS (
        SELECT config->>'$.ingest.ingest_id' AS ingest_id, min(finished_at) AS ingested_at
        FROM runs WHERE stage = 'ingest' GROUP BY 1),
    brought AS (
        SELECT ingest_id, count(*) AS n_docs, sum(n_bytes)::BIGINT AS n_bytes FROM documents
        GROUP BY ingest_id),
    refused AS (SELECT ingest_id, count(*) AS n_rejected FROM rejects GROUP BY ingest_id),
    copies AS (SELECT ingest_id, count(*) AS n_copies FROM duplicates GROUP BY ingest_id)
    SELECT ingest_id, ingested_at, coalesce(n_docs, 0), coalesce(n_bytes, 0),
           coalesce(n_rejected, 0), coalesce(n_copies, 0)
    FROM brought FULL JOIN refused USING (ingest_id) FULL JOIN copies USING (ingest_id)
    LEFT JOIN named USING (ingest_id) ORDER BY ingested_at, ingest_id
"""
