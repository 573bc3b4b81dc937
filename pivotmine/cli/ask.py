"""Commands that ask the lake."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from pivotmine.cli.options import ConfigOption, OutputFormat, SetOption, open_lake
from pivotmine.show.console import plain_console
from pivotmine.show.rows import print_result, write_rows


def tables(config: ConfigOption = None, set_: SetOption = None) -> None:
    """List the lake's tables: rows, when committed, snapshot, meaning."""
    from pivotmine.lake.tables import TABLES
    from pivotmine.show.report import print_table

    lake = open_lake(config, set_)
    rows = []
    for name, table in TABLES.items():
        snapshot = lake.snapshot(name)
        if snapshot is None:
            rows.append((name, "", "", "", table.doc))
            continue
        moment = datetime.fromtimestamp(snapshot.timestamp_ms / 1000).isoformat(" ", "seconds")
        rows.append((name, f"{lake.n_rows(name):,}", moment, str(snapshot.snapshot_id), table.doc))
    console = plain_console()
    console.print(f"{lake.warehouse}, namespace {lake.namespace}", soft_wrap=True)
    print_table(console, "", ("table", "rows", "committed", "snapshot", "meaning"), rows, (1, 3))


def query(
    sql: Annotated[str, typer.Argument(help="DuckDB SQL; the lake's tables are views.")],
    config: ConfigOption = None,
    set_: SetOption = None,
    output: Annotated[
        OutputFormat,
        typer.Option("--format", "-f", help="table: 100 rows, floats cut; json (lines), csv: all."),
    ] = OutputFormat.TABLE,
    as_of: Annotated[
        datetime | None, typer.Option(help="See the lake as it was at this local time.")
    ] = None,
) -> None:
    """Run SQL over the lake.

    Example: pivotmine query "SELECT token_b, npmi FROM links WHERE token_a = '▁cat'"
    """
    from pivotmine.lake.query import connect, run_sql

    moment = as_of.astimezone() if as_of else None
    heads, rows = run_sql(connect(open_lake(config, set_), moment), sql)
    if output is OutputFormat.TABLE:
        print_result(heads, rows)
    else:
        write_rows(output, heads, rows)


def pivots(
    word_a: Annotated[str, typer.Argument(help="A word of one language, e.g. chat.")],
    word_b: Annotated[
        str,
        typer.Argument(help="A word of another, e.g. 猫; or a language and a colon, e.g. ja:."),
    ],
    config: ConfigOption = None,
    set_: SetOption = None,
    limit: Annotated[int, typer.Option(min=1, help="Answers to show.")] = 10,
) -> None:
    """Rank the tokens that bridge two words, or the words that one reaches through bridges.

    A path of two links is as good as the weaker one. Score: the least share of the contexts with
    either word that hold both (95 % sure). Paths of links that prevail over their rivals go first.
    The two languages need not meet anywhere in the corpus.

    Example: pivotmine pivots fr:chat 猫 (a word may name its language)

    Example: pivotmine pivots fr:chat zh: (Chinese words that chat reaches)
    """
    from pivotmine.ask.bridges import find_bridges, find_reached, named_alone
    from pivotmine.lake.query import connect
    from pivotmine.show.report import print_bridges, print_reached

    connection = connect(open_lake(config, set_))
    lang = named_alone(word_b)
    if lang:
        print_reached(plain_console(), find_reached(connection, word_a, lang, limit))
    else:
        print_bridges(plain_console(), find_bridges(connection, word_a, word_b, limit))


def cooccurrence(
    word_a: Annotated[str, typer.Argument(help="A word of a lexicon, e.g. fr:chat.")],
    word_b: Annotated[str, typer.Argument(help="A word listed with it, e.g. zh:猫.")],
    config: ConfigOption = None,
    set_: SetOption = None,
    output: Annotated[
        OutputFormat,
        typer.Option("--format", "-f", help="table: to read; json (lines), csv: exact figures."),
    ] = OutputFormat.TABLE,
) -> None:
    """Show how often two words of a lexicon meet, and how often they would by chance.

    Documents and windows are counted exactly, by string match (terms.lexicons in the recipe).

    Example: pivotmine cooccurrence fr:chat zh:猫 (a word may name its language)
    """
    from pivotmine.ask.cooccurrence import find_cooccurrence
    from pivotmine.lake.query import connect
    from pivotmine.show.report import print_cooccurrence

    found = find_cooccurrence(connect(open_lake(config, set_)), word_a, word_b)
    if output is OutputFormat.TABLE:
        print_cooccurrence(plain_console(), found)
    else:
        rows = [table.row() for table in found]
        write_rows(output, list(rows[0]), (tuple(row.values()) for row in rows))


def explain(
    doc_id: Annotated[str, typer.Argument(help="Id of a document, or the beginning of it.")],
    config: ConfigOption = None,
    set_: SetOption = None,
    limit: Annotated[int, typer.Option(min=1, help="Segments and links to show.")] = 20,
) -> None:
    """Show why a document was chosen: its scores, its best block, its links, its arms.

    Example: pivotmine explain 3f9a (ids are in table `selection`)
    """
    from pivotmine.ask.explain import explain as explain_document
    from pivotmine.lake.query import connect
    from pivotmine.show.report import print_explanation

    found = explain_document(connect(open_lake(config, set_)), doc_id)
    print_explanation(plain_console(), found, limit)


def arms(
    config: ConfigOption = None,
    set_: SetOption = None,
    html: Annotated[
        Path | None, typer.Option(help="Write a page with plots to this file, too.")
    ] = None,
) -> None:
    """Compare the arms: languages, types, sources, distinct links, documents in common.

    The page adds sources, links by frequency and language pair, and documents drawn from each arm.
    It is one file that needs nothing else.

    Example: pivotmine arms --html arms.html
    """
    from pivotmine.ask.arms import describe_arms
    from pivotmine.lake.query import connect
    from pivotmine.show.arms_page import arms_page
    from pivotmine.show.report import print_arms

    lake = open_lake(config, set_)
    found = describe_arms(connect(lake))
    print_arms(plain_console(), found)
    if html is not None:
        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(arms_page(found, lake.warehouse.removeprefix("file://")), encoding="utf-8")
