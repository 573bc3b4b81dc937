"""What a run found, as tables for a reader: links, pivots, bridges, words, arms, shards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import duckdb
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from pivotmine.ask.arms import Arms
from pivotmine.ask.bridges import Bridges, Reached, find_bridges
from pivotmine.ask.cooccurrence import Cooccurrence
from pivotmine.ask.explain import Explanation
from pivotmine.engine.runner import Report
from pivotmine.errors import LakeError
from pivotmine.lake.query import WordTokens


def print_stages(console: Console, reports: Iterable[Report]) -> None:
    """Rows in, out, rejected and duplicate of every stage, and its seconds."""
    rows = [
        (
            report.stage,
            f"{report.tally.rows_in:,}",
            f"{report.tally.rows_out:,}",
            f"{report.tally.rejected:,}",
            f"{report.tally.duplicate:,}",
            f"{report.seconds:.1f}",
            "skipped, committed before" if report.skipped else "committed",
        )
        for report in reports
    ]
    heads = ("stage", "rows in", "out", "rejected", "duplicate", "seconds", "")
    print_table(console, "Stages", heads, rows, numeric=range(1, 6))


def print_links(console: Console, connection: duckdb.DuckDBPyConnection, limit: int = 10) -> None:
    """Strongest links of each language pair: best partners of each other, by G2."""
    pairs = connection.execute(
        "SELECT DISTINCT lang_a, lang_b FROM links ORDER BY lang_a, lang_b"
    ).fetchall()
    for lang_a, lang_b in pairs:
        rows = connection.execute(
            """
            SELECT token_a, token_b, n_ab, expected, npmi, g2, q_value FROM links
            WHERE lang_a = $a AND lang_b = $b AND rank_ab = 1 AND rank_ba = 1 AND NOT is_copy
            ORDER BY g2 DESC, a, b LIMIT $limit
            """,
            {"a": lang_a, "b": lang_b, "limit": limit},
        ).fetchall()
        cells = [
            (a, b, f"{n:,}", f"{chance:.1f}", f"{npmi:.2f}", f"{g2:,.0f}", f"{q:.1e}")
            for a, b, n, chance, npmi, g2, q in rows
        ]
        heads = (lang_a, lang_b, "together", "expected", "npmi", "G2", "q-value")
        print_table(console, f"Strongest links {lang_a}-{lang_b}", heads, cells, range(2, 7))


def print_pivots(console: Console, connection: duckdb.DuckDBPyConnection, limit: int = 10) -> None:
    """Strongest pivots, one table a method."""
    for (method,) in connection.execute("SELECT DISTINCT method FROM pivots ORDER BY 1").fetchall():
        rows = connection.execute(
            """
            SELECT rank, token, lang, score, degree, array_to_string(languages, ' ') FROM pivots
            WHERE method = $method ORDER BY rank LIMIT $limit
            """,
            {"method": method, "limit": limit},
        ).fetchall()
        cells = [
            (str(rank), token, lang, f"{score:.2f}", f"{degree:,}", languages)
            for rank, token, lang, score, degree, languages in rows
        ]
        heads = ("rank", "token", "lang", "score", "degree", "reaches")
        print_table(console, f"Strongest pivots, method {method}", heads, cells, (0, 3, 4))


def print_bridges(console: Console, bridges: Bridges) -> None:
    """The bridges of a word pair with the evidence of both sides, and where paths lead."""
    source, target = bridges.source, bridges.target
    console.print(f"\n{_describe(source)} → {_describe(target)}", markup=False, highlight=False)
    direct = bridges.direct.to_pylist()
    if direct:
        best = direct[0]
        console.print(
            f"linked directly: together in {best['n_ab']:,} contexts, {best['expected']:.1f} "
            f"expected, npmi {best['npmi']:.2f}, q {best['q_value']:.1e}",
            highlight=False,
            soft_wrap=True,
        )
    else:
        console.print("no direct link", highlight=False)
    for lang, place, n_reached in bridges.places:
        if place is None:
            found = f"not among the {n_reached:,} tokens of {lang}"
        else:
            found = f"number {place:,} of {n_reached:,} tokens of {lang}"
        line = f"through other languages: {found} that {source.word} reaches"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    cells = [(row["token"], row["lang"], *_path(row)) for row in bridges.pivots.to_pylist()]
    sides = (f"npmi {source.word}", "met", f"npmi {target.word}", "met")
    heads = ("pivot", "lang", "score", "prevails", *sides)
    print_table(console, "", heads, cells, range(2, 8))


def print_reached(console: Console, reached: Reached) -> None:
    """The words that a word reaches through other languages, with the best path to each."""
    source, lang = reached.source, reached.lang
    console.print(f"\n{_describe(source)} → {lang}", markup=False, highlight=False)
    cells = [
        (row["token"], row["bridge"], row["bridge_lang"], *_path(row), f"{row['n_bridges']:,}")
        for row in reached.targets.to_pylist()
    ]
    if not cells:
        console.print(f"no path leads from {source.word} to {lang}", markup=False, highlight=False)
        return
    heads = (lang, "through", "lang", "score", "prevails", "npmi", "met", "npmi", "met", "bridges")
    print_table(console, "", heads, cells, range(3, 10))


def _path(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        f"{row['score']:.3f}",
        "yes" if row["prevails"] else "no",
        f"{row['source_npmi']:.2f}",
        f"{row['source_n_ab']:,}",
        f"{row['target_npmi']:.2f}",
        f"{row['target_n_ab']:,}",
    )


def print_word_pairs(
    console: Console,
    connection: duckdb.DuckDBPyConnection,
    pairs: Sequence[tuple[str, str]],
    limit: int = 5,
) -> None:
    """Bridges of several pairs; a word that is no token is said so and passed over."""
    for source, target in pairs:
        try:
            print_bridges(console, find_bridges(connection, source, target, limit))
        except LakeError as error:
            console.print(f"\n{source} → {target}: {error}", markup=False, highlight=False)


def print_cooccurrence(console: Console, found: Sequence[Cooccurrence]) -> None:
    """How often the words of each pair meet, one table a pair."""
    for (lang_a, term_a, lang_b, term_b), tables in groupby(
        found, key=lambda table: (table.lang_a, table.term_a, table.lang_b, table.term_b)
    ):
        cells = [
            (
                f"{table.context}s",
                _WHERE[table.where],
                f"{table.n_ab:,}",
                f"{table.n_a:,}",
                f"{table.n_b:,}",
                f"{table.n:,}",
                f"{table.expected:,.1f}",
                "" if table.npmi is None else f"{table.npmi:.2f}",
                f"{table.g2:,.0f}",
            )
            for table in tables
        ]
        heads = ("", "", "together", term_a, term_b, "of", "expected", "npmi", "G2")
        title = f"{term_a} ({lang_a}) and {term_b} ({lang_b})"
        print_table(console, title, heads, cells, range(2, 9))


_WHERE = {"anywhere": "anywhere", "in_lang": "in its language"}


def print_terms(console: Console, connection: duckdb.DuckDBPyConnection) -> None:
    """Of the lexicons' pairs, how many meet, by languages; nothing where there is no lexicon."""
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


def print_arms(console: Console, found: Arms) -> None:
    """What each arm holds, how many documents it shares with others, and where its shards are."""
    cells = [
        (
            *(arm.name, f"{arm.n_docs:,}", f"{arm.n_tokens:,}"),
            ", ".join(f"{lang} {n}" for lang, n in sorted(found.languages[arm.name].items())),
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
    for arm in found.arms:
        if arm.folder:
            _print_line(console, f"shards of {arm.name}: {arm.folder}")


def _percents(parts: dict[str, int], total: int) -> str:
    largest = sorted(parts.items(), key=lambda part: (-part[1], part[0]))
    return ", ".join(f"{name} {100 * n / total:.0f}%" for name, n in largest)


def print_explanation(console: Console, found: Explanation, limit: int) -> None:
    """One document: where it is, its scores, its best block, its links."""
    kind = found.type or "type unknown"
    for line in (
        f"{found.doc_id}: {kind}, {found.lang}, {found.n_tokens:,} tokens",
        f"from {found.uri}" + (f" ({found.source})" if found.source else ""),
        *(f"in arm {arm} at {position:,}: {reason}" for arm, position, reason in found.places),
    ):
        _print_line(console, line)
    cells = [
        (method, f"{score:.3f}", ", ".join(f"{name} {n:.4g}" for name, n in evidence.items()))
        for method, score, evidence in found.scores
    ]
    print_table(console, "Scores", ("method", "score", "made of"), cells, (1,))
    if found.block:
        shown = found.block[:limit]
        title = f"Best block, {len(shown)} of {len(found.block)} segments"
        print_table(console, title, ("", "text"), shown)
    links = [
        (
            *(f"{link.token_a} ({link.lang_a})", f"{link.token_b} ({link.lang_b})"),
            *(f"{link.npmi:.2f}", f"{link.n_ab:,}", f"{link.n_docs:,}"),
        )
        for link in found.links[:limit]
    ]
    heads = ("", "", "npmi", "contexts", "documents")
    title = f"Links, {len(links)} of {len(found.links)}, those of fewest documents first"
    print_table(console, title, heads, links, (2, 3, 4))


def _print_line(console: Console, line: str) -> None:
    text = line.translate(_VISIBLE)
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def print_table(
    console: Console,
    title: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    numeric: Iterable[int] = (),
) -> None:
    """A plain table; `numeric` are the indices of right-aligned columns, which are never wrapped.

    Cells are shown as they are (`Text`, since rich reads markup and emoji codes in strings), but
    for control characters: text of a corpus must not command the terminal.
    """
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    right = set(numeric)
    for index, head in enumerate(heads):
        justify: JustifyMethod = "right" if index in right else "left"
        table.add_column(Text(head), justify=justify, overflow="fold", no_wrap=index in right)
    for row in rows:
        table.add_row(*(Text(cell.translate(_VISIBLE)) for cell in row))
    console.print()
    console.print(table)


_VISIBLE = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"},
    **dict.fromkeys(range(0x7F, 0xA0), 0xFFFD),
}
"""Control characters to pictures of themselves (U+2400 and up), or to the replacement character."""


def _describe(word: WordTokens) -> str:
    spellings = (
        f"{token} ({' '.join(langs) or 'no language'})"
        for token, langs in zip(word.tokens, word.langs, strict=True)
    )
    return f"{word.word}: {', '.join(spellings)}"
