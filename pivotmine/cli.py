"""The command `pivotmine`."""

from __future__ import annotations

import csv
import json
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from pivotmine.errors import PivotMineError

if TYPE_CHECKING:
    from pivotmine.lake import Lake

CONFIG_ENV = "PIVOTMINE_CONFIG"
DEMO_DIRECTORY = Path(".pivotmine/demo")
DEMO_PAIRS = (("chat", "猫"), ("eau", "水"), ("fichier", "ファイル"))

app = typer.Typer(
    name="pivotmine",
    help="Mine the tokens that bridge languages, and rebuild pretraining corpora from them.\n\n"
    "Start with `pivotmine demo`, or `pivotmine run --config recipe.yaml`; then ask with "
    "`pivotmine query` and `pivotmine pivots`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

ConfigOption = Annotated[
    str | None,
    typer.Option(
        "--config",
        "-c",
        envvar=CONFIG_ENV,
        help="Recipe: path or URI of a YAML file. Without one, every setting has its default.",
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", "-s", help="Override one setting, e.g. --set count.min_count=5. Repeatable."
    ),
]


class OutputFormat(StrEnum):
    """How query results are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


@app.command()
def run(
    config: ConfigOption = None,
    set_: SetOption = None,
    until: Annotated[str | None, typer.Option(help="Last stage to run.")] = None,
    only: Annotated[str | None, typer.Option(help="The one stage to run.")] = None,
    force: Annotated[bool, typer.Option(help="Run also what is committed already.")] = False,
) -> None:
    """Run the road, or part of it; stages that are committed are skipped.

    Stages: ingest, tokenizer, tokenize, vocabulary, count, link, pivot, score, select, shard.
    """
    from pivotmine.job import run_road

    run_road(config, set_ or (), only=only, until=until, force=force)


@app.command()
def demo(config: ConfigOption = "conf/demo.yaml", set_: SetOption = None) -> None:
    """Assemble the demo corpus, run the whole road on it, and print what was found and where."""
    from pivotmine import report
    from pivotmine.demo import assemble
    from pivotmine.job import run_road
    from pivotmine.lake import Lake
    from pivotmine.query import connect
    from pivotmine.recipe import load_config

    console = Console()
    corpus = assemble(DEMO_DIRECTORY, lambda line: console.print(line, markup=False))
    console.print(
        f"{corpus.n_documents:,} documents, {corpus.n_bytes / 1e6:.1f} MB of text, credits in "
        f"{DEMO_DIRECTORY / 'CREDITS.md'}",
        highlight=False,
    )
    reports = run_road(config, set_ or ())
    connection = connect(Lake(load_config(config, set_ or ()).lake))
    report.print_stages(console, reports)
    report.print_links(console, connection)
    report.print_pivots(console, connection)
    report.print_word_pairs(console, connection, DEMO_PAIRS)
    report.print_arms(console, connection)
    console.print(
        f"\nAsk more: {Path(sys.argv[0])} pivots -c {config} lait 牛乳\n"
        f"          {Path(sys.argv[0])} query -c {config} "
        '"SELECT token_a, token_b, npmi FROM links ORDER BY npmi DESC LIMIT 10"',
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


@app.command("config")
def config_command(
    config: ConfigOption = None,
    set_: SetOption = None,
    help_fields: Annotated[
        bool, typer.Option("--help-fields", help="Explain every setting instead.")
    ] = False,
) -> None:
    """Print the effective configuration as YAML, each setting with its meaning."""
    from pivotmine.recipe import describe_fields, load_config, to_yaml

    effective = load_config(config, set_ or ())
    if not help_fields:
        sys.stdout.write(to_yaml(effective))
        return
    for name, kind, default, text in describe_fields():
        sys.stdout.write(f"{name}\n    {kind}, default {default}\n    {text}\n")


@app.command()
def tables(config: ConfigOption = None, set_: SetOption = None) -> None:
    """List the lake's tables: rows, snapshot, when and by which stage it was committed."""
    from pivotmine.report import print_table
    from pivotmine.schema import TABLES

    lake = _open_lake(config, set_)
    rows = []
    for name, table in TABLES.items():
        snapshot = lake.snapshot(name)
        if snapshot is None:
            rows.append((name, "", "", "", table.doc))
            continue
        moment = datetime.fromtimestamp(snapshot.timestamp_ms / 1000).isoformat(" ", "seconds")
        rows.append((name, f"{lake.n_rows(name):,}", moment, str(snapshot.snapshot_id), table.doc))
    console = Console()
    console.print(f"{lake.warehouse}, namespace {lake.namespace}", soft_wrap=True)
    print_table(console, "", ("table", "rows", "committed", "snapshot", "meaning"), rows, (1,))


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="DuckDB SQL; the lake's tables are views.")],
    config: ConfigOption = None,
    set_: SetOption = None,
    output: Annotated[OutputFormat, typer.Option("--format", "-f")] = OutputFormat.TABLE,
    as_of: Annotated[
        datetime | None, typer.Option(help="See the lake as it was at this local time.")
    ] = None,
) -> None:
    """Run SQL over the lake.

    Example: pivotmine query "SELECT token_b, npmi FROM links WHERE token_a = '▁cat'"
    """
    from pivotmine.query import connect, run_sql

    moment = as_of.astimezone() if as_of else None
    result = run_sql(connect(_open_lake(config, set_), moment), sql)
    if result.description is None:
        return
    heads = [column[0] for column in result.description]
    if output is OutputFormat.JSON:
        for row in iter(result.fetchone, None):
            line = json.dumps(dict(zip(heads, row, strict=True)), default=str, ensure_ascii=False)
            sys.stdout.write(line + "\n")
    elif output is OutputFormat.CSV:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(heads)
        writer.writerows(iter(result.fetchone, None))
    else:
        _print_result(heads, result)


@app.command()
def pivots(
    word_a: Annotated[str, typer.Argument(help="A word of one language, e.g. chat.")],
    word_b: Annotated[str, typer.Argument(help="A word of another, e.g. 猫.")],
    config: ConfigOption = None,
    set_: SetOption = None,
    limit: Annotated[int, typer.Option(help="Pivots to show.")] = 10,
) -> None:
    """Rank the tokens that bridge two words, with the evidence of both sides."""
    from pivotmine.query import connect, find_bridges
    from pivotmine.report import print_bridges

    connection = connect(_open_lake(config, set_))
    print_bridges(Console(), find_bridges(connection, word_a, word_b, limit))


@app.command()
def audit(config: ConfigOption = None, set_: SetOption = None) -> None:
    """Recount what the lake promises: conservation, uniqueness, checksums. Exit 1 if it fails."""
    from pivotmine.audit import audit as audit_lake
    from pivotmine.query import connect

    lake = _open_lake(config, set_)
    console = Console()
    holds = True
    for finding in audit_lake(lake, connect(lake)):
        mark = "ok  " if finding.holds else "FAIL"
        console.print(f"{mark} {finding.check}: {finding.figures}", markup=False, highlight=False)
        holds = holds and finding.holds
    if not holds:
        raise typer.Exit(1)


@app.command()
def doctor(config: ConfigOption = None, set_: SetOption = None) -> None:
    """Show the state of Python, libraries, Java, Spark and the lake, and what to fix."""
    from pivotmine.doctor import examine
    from pivotmine.recipe import load_config

    console = Console()
    well = True
    for symptom in examine(load_config(config, set_ or ())):
        mark = "ok  " if symptom.well else "FAIL"
        console.print(f"{mark} {symptom.subject}: {symptom.state}", markup=False, highlight=False)
        if not symptom.well:
            console.print(f"       fix: {symptom.fix}", markup=False, highlight=False)
        well = well and symptom.well
    if not well:
        raise typer.Exit(1)


def main() -> None:
    """Entry point: errors that a user can act on are one message and exit status 2."""
    try:
        app()
    except PivotMineError as error:
        Console(stderr=True).print(f"error: {error}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)


def _open_lake(config: str | None, overrides: list[str] | None) -> Lake:
    from pivotmine.lake import Lake
    from pivotmine.recipe import load_config

    return Lake(load_config(config, overrides or ()).lake)


def _print_result(heads: list[str], result: Any) -> None:
    from pivotmine.report import print_table

    limit = 100
    rows = result.fetchmany(limit + 1)
    console = Console()
    cells = [tuple("" if value is None else str(value) for value in row) for row in rows[:limit]]
    print_table(console, "", heads, cells)
    if len(rows) > limit:
        console.print(f"first {limit} rows; --format csv or json prints all of them")
