"""What the arms hold: sizes, languages, types, sources, links, documents in common.

Each figure is one query over `selection` and `scores`, and a few numbers for each arm leave DuckDB.
Only links that count for scores are shown: they prevail over their rivals and join two different
strings.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import duckdb

from pivotmine.errors import LakeError
from pivotmine.lake.query import SCORING_LINKS

if TYPE_CHECKING:
    import pandas as pd

TABLES_READ = ("selection", "scores", "documents", "links", "shards", "runs")

STRATA = ("5-19", "20-99", "100-999", "1000+")
"""Contexts in which the two words of a link meet; the first begins at count.min_count."""

_MAX_SOURCES = 9
_N_EXAMPLES = 3

Shares = dict[str, dict[str, int]]
"""Arm to part to tokens, parts in the order of their tokens in all arms together."""


class Arm(NamedTuple):
    """Sizes of one arm."""

    name: str
    n_docs: int
    """Distinct documents; an arm may hold one several times, once an epoch."""

    n_tokens: int
    """All epochs together."""

    lengths: tuple[int, int, int]
    """Quartiles of the tokens of a document, over distinct documents."""

    n_links: int
    """Distinct links that its documents realise."""

    n_files: int
    folder: str | None
    """Where its shards are."""


class Coverage(NamedTuple):
    """Links of one stratum or language pair, and how many of them each arm realises."""

    name: str
    n_links: int
    covered: dict[str, int]


class Example(NamedTuple):
    """A document and why it was taken."""

    arm: str
    doc_id: str
    source: str
    lang: str
    n_tokens: int
    type: str | None
    reason: str


class Arms(NamedTuple):
    """The figures of all arms."""

    arms: list[Arm]
    languages: Shares
    """By the language of the document, which budgets count."""

    segment_languages: Shares
    """By the language of the segment."""

    types: Shares
    sources: Shares
    """The largest ones, and `others`."""

    strata: list[Coverage]
    pairs: list[Coverage]
    shared_docs: dict[tuple[str, str], int]
    """Distinct documents of two arms, or of one and the same."""

    shared_tokens: dict[tuple[str, str], int]
    examples: list[Example]

    @property
    def note_on_empty(self) -> str:
        """What to say of arms without a document; empty where each arm has some."""
        names = [arm.name for arm in self.arms if not arm.n_docs]
        which = "every arm" if len(names) == len(self.arms) else f"arm {', '.join(names)}"
        said = "was selected and is empty: no document fits its budget (select.budget_tokens)"
        return f"{which} {said}" if names else ""

    def df(self) -> pd.DataFrame:
        """A row an arm, with its sizes, as a pandas frame."""
        import pandas as pd

        return pd.DataFrame(self.arms, columns=Arm._fields)


NOTHING_SELECTED = "no arm is selected yet; run `pivotmine run --until select`"


def selected_names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Names of the arms of the last selection, those without a document too."""
    rows = connection.execute(_LAST_SELECTION).fetchall()
    return [name for (names,) in rows for name in names]


def describe_arms(connection: duckdb.DuckDBPyConnection) -> Arms:
    """The figures of all arms of the lake, empty ones too.

    Raises
    ------
    LakeError
        Nothing is selected yet.
    """
    connection.execute(_CHOSEN)
    connection.execute(_COVERED)
    arms = [
        Arm(name, n_docs, n_tokens, tuple(lengths), n_links, n_files, folder)
        for name, n_docs, n_tokens, lengths, n_links, n_files, folder in connection.execute(
            _ARMS
        ).fetchall()
    ]
    empty = {*selected_names(connection)} - {arm.name for arm in arms}
    arms = sorted([*arms, *(Arm(name, 0, 0, (0, 0, 0), 0, 0, None) for name in empty)])
    if not arms:
        raise LakeError(NOTHING_SELECTED)
    shared = connection.execute(_SHARED).fetchall()
    return Arms(
        arms,
        _shares(connection, "chosen", "lang"),
        _shares(connection, "chosen_segments", "lang"),
        _shares(connection, "chosen", "type"),
        _sources(connection),
        _coverage(connection, "stratum"),
        _coverage(connection, "pair"),
        {(one, other): n_docs for one, other, n_docs, _ in shared},
        {(one, other): n_tokens for one, other, _, n_tokens in shared},
        [Example(*row) for row in connection.execute(_EXAMPLES, [_N_EXAMPLES]).fetchall()],
    )


def _shares(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> Shares:
    found: Shares = defaultdict(dict)
    for arm, part, n in connection.execute(_PARTS.format(table=table, column=column)).fetchall():
        found[arm][part] = n
    return dict(found)


def _sources(connection: duckdb.DuckDBPyConnection) -> Shares:
    """The largest sources by name, the rest together."""
    found: Shares = {}
    kept: list[str] = []
    for arm, parts in _shares(connection, "chosen", "source").items():
        kept = kept or list(parts)[:_MAX_SOURCES]
        found[arm] = {name: parts[name] for name in kept if parts.get(name)}
        others = sum(parts.values()) - sum(found[arm].values())
        found[arm] |= {"others": others} if others else {}
    return found


def _coverage(connection: duckdb.DuckDBPyConnection, column: str) -> list[Coverage]:
    names = {f"{number}": name for number, name in enumerate(STRATA)}
    covered: dict[str, dict[str, int]] = defaultdict(dict)
    for part, arm, n in connection.execute(_COVERAGE.format(column=column)).fetchall():
        covered[part][arm] = n
    totals = connection.execute(_LINK_TOTALS.format(column=column)).fetchall()
    return [Coverage(names.get(part, part), n, covered[part]) for part, n in totals]


_CHOSEN = """
    CREATE OR REPLACE TEMP TABLE chosen AS
    SELECT s.arm, s.doc_id, s.position, s.lang, s.n_tokens, s.reason, t.type, t.links, d.source
    FROM selection s
    LEFT JOIN (SELECT doc_id, type, links FROM scores WHERE method = 'translation') t
    USING (doc_id) LEFT JOIN (SELECT doc_id, source FROM documents) d USING (doc_id);
    CREATE OR REPLACE TEMP TABLE chosen_segments AS
    SELECT arm, entry.key AS lang, entry.value AS n_tokens
    FROM (SELECT arm, unnest(map_entries(evidence)) AS entry
          FROM selection JOIN (SELECT doc_id, evidence FROM scores WHERE method = 'entropy')
          USING (doc_id));
"""
"""The evidence of `entropy` are the tokens of a document by the language of their segments."""

_COVERED = f"""
    CREATE OR REPLACE TEMP TABLE covered AS
    SELECT DISTINCT arm, unnest(links) AS link FROM chosen;
    CREATE OR REPLACE TEMP TABLE numbered_links AS
    SELECT link, lang_a || '-' || lang_b AS pair,
           ((n_ab >= 20)::INT + (n_ab >= 100)::INT + (n_ab >= 1000)::INT)::VARCHAR AS stratum
    FROM ({SCORING_LINKS});
"""

_ARMS = """
    WITH folders AS (
        SELECT arm, any_value(regexp_replace(path, '/[^/]*$', '')) AS folder, count(*) AS files
        FROM shards GROUP BY arm
    )
    SELECT arm, count(DISTINCT doc_id), sum(n_tokens)::BIGINT,
           (SELECT quantile_disc(n_tokens, [0.25, 0.5, 0.75])
            FROM (SELECT DISTINCT doc_id, n_tokens FROM chosen d WHERE d.arm = s.arm)),
           (SELECT count(*) FROM covered c WHERE c.arm = s.arm),
           coalesce(any_value(files), 0), any_value(folder)
    FROM chosen s LEFT JOIN folders USING (arm) GROUP BY arm ORDER BY arm
"""

_LAST_SELECTION = """
    SELECT from_json(config->'$.select.arms[*].name', '["VARCHAR"]') FROM runs
    WHERE stage = 'select' ORDER BY finished_at DESC LIMIT 1
"""

_PARTS = """
    SELECT arm, {column}, sum(n_tokens)::BIGINT FROM {table}
    JOIN (SELECT {column}, sum(n_tokens) AS everywhere FROM {table} GROUP BY {column})
    USING ({column}) GROUP BY arm, {column}, everywhere ORDER BY arm, everywhere DESC, {column}
"""

_COVERAGE = """
    SELECT {column}, arm, count(*) FROM covered JOIN numbered_links USING (link) GROUP BY ALL
"""

_LINK_TOTALS = "SELECT {column}, count(*) FROM numbered_links GROUP BY ALL ORDER BY {column}"

_SHARED = """
    WITH held AS (SELECT DISTINCT arm, doc_id, n_tokens FROM selection)
    SELECT a.arm, b.arm, count(*), sum(a.n_tokens)::BIGINT
    FROM held a JOIN held b USING (doc_id) GROUP BY ALL
"""

_EXAMPLES = """
    WITH first AS (
        SELECT arm, doc_id, source, lang, n_tokens, type, reason, position FROM chosen
        QUALIFY row_number() OVER (PARTITION BY arm, doc_id ORDER BY position) = 1)
    SELECT * EXCLUDE (position) FROM first
    QUALIFY row_number() OVER (PARTITION BY arm ORDER BY position) <= ? ORDER BY arm, position
"""
"""Positions are in random order, so the first documents are a draw."""
