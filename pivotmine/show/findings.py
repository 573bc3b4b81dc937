"""What a run found, as tables: its stages, the strongest links and pivots, words, arms, shards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from pivotmine.ask.arms import Arms
from pivotmine.ask.bridges import find_bridges
from pivotmine.ask.query import TableState
from pivotmine.errors import LakeError
from pivotmine.lake.schema import Table
from pivotmine.show.answers import print_bridges
from pivotmine.show.progress import STAGE_COLUMNS, stage_cells
from pivotmine.show.tables import print_line, print_table

if TYPE_CHECKING:
    import duckdb

    from pivotmine.engine.display import Report


def print_tables(console: Console, place: str, found: Iterable[TableState]) -> None:
    """The tables of a lake: rows, when committed, snapshot, meaning."""
    print_line(console, place)
    rows = [
        (
            table.name,
            "" if table.n_rows is None else f"{table.n_rows:,}",
            f"{table.committed_at.astimezone():%Y-%m-%d %H:%M:%S}" if table.committed_at else "",
            str(table.snapshot_id or ""),
            table.meaning,
        )
        for table in found
    ]
    print_table(console, "", ("table", "rows", "committed", "snapshot", "meaning"), rows, (1, 3))


def print_columns(console: Console, table: Table) -> None:
    """Names, types and meanings of the columns of a table."""
    print_line(console, f"{table.name}: {table.doc}")
    print_table(console, "", ("column", "type", "meaning"), table.columns())


def print_stages(console: Console, reports: Iterable[Report]) -> None:
    """Rows in, out, rejected and duplicate of every stage, and its seconds."""
    rows = [stage_cells(report) for report in reports]
    print_table(console, "Stages", STAGE_COLUMNS, rows, numeric=range(1, 6))


def print_strongest_links(console: Console, connection: duckdb.DuckDBPyConnection) -> None:
    """The ten strongest links of each language pair: best partners of each other, by G2."""
    pairs = connection.execute(
        "SELECT DISTINCT lang_a, lang_b FROM links ORDER BY lang_a, lang_b"
    ).fetchall()
    for lang_a, lang_b in pairs:
        rows = connection.execute(
            """
            SELECT token_a, token_b, n_ab, expected, npmi, g2, q_value FROM links
            WHERE lang_a = $a AND lang_b = $b AND rank_ab = 1 AND rank_ba = 1 AND NOT is_copy
            ORDER BY g2 DESC, a, b LIMIT 10
            """,
            {"a": lang_a, "b": lang_b},
        ).fetchall()
        cells = [
            (a, b, f"{n:,}", f"{chance:.1f}", f"{npmi:.2f}", f"{g2:,.0f}", f"{q:.1e}")
            for a, b, n, chance, npmi, g2, q in rows
        ]
        heads = (lang_a, lang_b, "together", "expected", "npmi", "G2", "q-value")
        print_table(console, f"Strongest links {lang_a}-{lang_b}", heads, cells, range(2, 7))


def print_pivots(console: Console, connection: duckdb.DuckDBPyConnection) -> None:
    """The ten strongest pivots, one table a method."""
    for (method,) in connection.execute("SELECT DISTINCT method FROM pivots ORDER BY 1").fetchall():
        rows = connection.execute(
            """
            SELECT rank, token, lang, score, degree, array_to_string(languages, ' ') FROM pivots
            WHERE method = $method ORDER BY rank LIMIT 10
            """,
            {"method": method},
        ).fetchall()
        cells = [
            (str(rank), token, lang, f"{score:.2f}", f"{degree:,}", languages)
            for rank, token, lang, score, degree, languages in rows
        ]
        heads = ("rank", "token", "lang", "score", "degree", "reaches")
        print_table(console, f"Strongest pivots, method {method}", heads, cells, (0, 3, 4))


def print_word_pairs(
    console: Console, connection: duckdb.DuckDBPyConnection, pairs: Sequence[tuple[str, str]]
) -> None:
    """Five bridges of each pair; a word that is not a token gets its error message instead."""
    for source, target in pairs:
        try:
            print_bridges(console, find_bridges(connection, source, target, limit=5))
        except LakeError as error:
            console.print(f"\n{source} → {target}: {error}", markup=False, highlight=False)


def print_arms(console: Console, found: Arms) -> None:
    """What each arm holds, how many documents it shares with others, and where its shards are."""
    cells = [
        (
            *(arm.name, f"{arm.n_docs:,}", f"{arm.n_tokens:,}"),
            ", ".join(
                f"{lang} {n}" for lang, n in sorted(found.languages.get(arm.name, {}).items())
            ),
            _percents(found.types.get(arm.name, {}), arm.n_tokens),
            *(f"{arm.n_links:,}", str(arm.n_files)),
        )
        for arm in found.arms
    ]
    heads = ("arm", "documents", "tokens", "tokens by language", "tokens by type", "links", "files")
    print_table(console, "Arms", heads, cells, (1, 2, 5, 6))
    arms = [arm.name for arm in found.arms]
    lines = [(arm, *(f"{found.shared_docs.get((arm, o), 0):,}" for o in arms)) for arm in arms]
    print_table(console, "Documents in both", ("", *arms), lines, range(1, len(arms) + 1))
    if found.note_on_empty:
        print_line(console, found.note_on_empty)
    for arm in found.arms:
        if arm.folder:
            print_line(console, f"shards of {arm.name}: {arm.folder}")


def print_terms(console: Console, connection: duckdb.DuckDBPyConnection) -> None:
    """How many pairs of the lexicons meet, by languages; prints nothing without a lexicon."""
    rows = connection.execute(
        """
        SELECT lang_a, lang_b, count(*), count(*) FILTER (n_docs > 0),
               count(*) FILTER (n_windows > 0), count(*) FILTER (n_windows_in_lang > 0)
        FROM term_counts WHERE term_b IS NOT NULL GROUP BY ALL ORDER BY ALL
        """
    ).fetchall()
    if rows:
        cells = [(a, b, *(f"{n:,}" for n in counts)) for a, b, *counts in rows]
        heads = ("", "", "listed", "meet in a document", "in a window", "each in its language")
        print_table(console, "Word pairs of the lexicons", heads, cells, range(2, 6))


def _amounts(parts: dict[str, int]) -> str:
    return ", ".join(f"{name} {n}" for name, n in sorted(parts.items()))


def _percents(parts: dict[str, int], total: int) -> str:
    largest = sorted(parts.items(), key=lambda part: (-part[1], part[0]))
    return ", ".join(f"{name} {100 * n / total:.0f}%" for name, n in largest)
