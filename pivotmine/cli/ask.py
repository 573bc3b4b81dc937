"""Commands that ask the lake."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from pivotmine.ask.query import table_named
from pivotmine.cli.options import ConfigOption, FormatOption, LimitOption, SetOption, open_lake
from pivotmine.errors import ConfigError
from pivotmine.show.console import plain_console
from pivotmine.show.rows import (
    OutputFormat,
    print_result,
    show_answer,
    write_parquet,
    write_rows,
)


def tables(
    name: Annotated[
        str | None, typer.Argument(help="A table, whose columns are explained; without one, all.")
    ] = None,
    config: ConfigOption = None,
    set_: SetOption = None,
) -> None:
    """List the lake's tables: rows, when committed, snapshot, meaning. Or explain one table.

    Example: pivotmine tables links (its columns, with types and meanings)
    """
    from pivotmine.show.findings import print_columns, print_tables

    if name is not None:
        print_columns(plain_console(), table_named(name))
        return
    lake = open_lake(config, set_)
    print_tables(plain_console(), f"{lake.warehouse}, namespace {lake.namespace}", lake.tables())


def query(
    sql: Annotated[str, typer.Argument(help="DuckDB SQL; the lake's tables are views.")],
    config: ConfigOption = None,
    set_: SetOption = None,
    output: Annotated[
        OutputFormat,
        typer.Option(
            "--format", "-f", help="table: 100 rows, floats cut; json (lines), csv, parquet: all."
        ),
    ] = OutputFormat.TABLE,
    as_of: Annotated[
        datetime | None, typer.Option(help="See the lake as it was at this local time.")
    ] = None,
    sandbox: Annotated[
        bool,
        typer.Option(
            "--sandbox/--no-sandbox",
            help="Without the sandbox, SQL may read and write all files that you may, attach "
            "databases and load extensions.",
        ),
    ] = True,
) -> None:
    """Run SQL over the lake. It can only read the lake's tables.

    Example: pivotmine query "SELECT token_b, npmi FROM links WHERE token_a = '▁cat'"
    """
    asked = open_lake(config, set_).sql(sql, as_of, sandbox=sandbox)
    if output is OutputFormat.TABLE:
        print_result(asked)
    elif output is OutputFormat.PARQUET:
        write_parquet(asked.batches())
    else:
        write_rows(output, *asked.stream())


def links(
    word: Annotated[str, typer.Argument(help="A word, e.g. chat; fr:chat names its language.")],
    config: ConfigOption = None,
    set_: SetOption = None,
    lang: Annotated[
        str | None, typer.Option(help="Language of the partners; without one, any.")
    ] = None,
    limit: LimitOption = 20,
    output: FormatOption = OutputFormat.TABLE,
) -> None:
    """Show the words of other languages that a word is linked with, strongest first.

    Links that prevail over their rivals come first, then the others, both by G2; copies come last.

    Example: pivotmine links fr:chat (a word may name its language)
    """
    from pivotmine.show.answers import print_links

    found = open_lake(config, set_).links(word, lang, limit)
    show_answer(output, found, lambda console: print_links(console, word, found))


def lexicon(
    word: Annotated[
        str | None, typer.Argument(help="A word, e.g. chat; fr:chat names its language.")
    ] = None,
    config: ConfigOption = None,
    set_: SetOption = None,
    to: Annotated[
        str | None, typer.Option(help="Language of the translations; without one, any.")
    ] = None,
    limit: LimitOption = 20,
    output: FormatOption = OutputFormat.TABLE,
    export: Annotated[
        Path | None,
        typer.Option(
            help="Write the translations of all words to this file: .tsv, or .json with a list of "
            "translations and weights for each word."
        ),
    ] = None,
    lang: Annotated[str | None, typer.Option(help="Export words of this language only.")] = None,
    min_translated: Annotated[
        float, typer.Option(min=0.0, help="Least contexts in which a pair is translated; export.")
    ] = 1.0,
    min_weight: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Least share of a translation; export.")
    ] = 0.3,
) -> None:
    """Show the best translations of a word, or write those of all words to a file.

    No threshold stands before them, so rare words have an answer, too; the evidence is beside it.

    Example: pivotmine lexicon fr:chat --to en

    Example: pivotmine lexicon --export words.json --lang en --to fr
    """
    from pivotmine.show.answers import print_translations

    if (word is None) == (export is None):
        raise ConfigError("give a word, or --export with a file name")
    lake = open_lake(config, set_)
    if word is not None:
        found = lake.lexicon(word, to, limit)
        show_answer(output, found, lambda console: print_translations(console, word, found))
    if export is not None:
        from pivotmine.ask.lexicon import EntryLimits

        n = lake.write_lexicon(export, EntryLimits(lang, to, min_translated, min_weight))
        plain_console().print(f"{n:,} translations in {export}", markup=False, soft_wrap=True)


def bridges(
    word_a: Annotated[str, typer.Argument(help="A word of one language, e.g. chat.")],
    word_b: Annotated[
        str,
        typer.Argument(help="A word of another, e.g. 猫; or a language and a colon, e.g. ja:."),
    ],
    config: ConfigOption = None,
    set_: SetOption = None,
    limit: LimitOption = 10,
) -> None:
    """Rank the tokens that bridge two words, or the words that one reaches through bridges.

    A path of two links is as good as the weaker one. Score: the least share of the contexts with
    either word that hold both (95 % sure). Paths of links that prevail over their rivals go first.
    The two languages need not meet anywhere in the corpus.

    Example: pivotmine bridges fr:chat 猫 (a word may name its language)

    Example: pivotmine bridges fr:chat zh: (Chinese words that chat reaches)
    """
    from pivotmine.ask.bridges import Reached
    from pivotmine.show.answers import print_bridges, print_reached

    found = open_lake(config, set_).bridges(word_a, word_b, limit)
    if isinstance(found, Reached):
        print_reached(plain_console(), found)
    else:
        print_bridges(plain_console(), found)


def renamed_pivots() -> None:
    """Answer to the old name of `bridges`, which showed bridges and not the table `pivots`."""
    plain_console(stderr=True).print("error: the command `pivots` is now called `bridges`")
    raise typer.Exit(2)


def cooccurrence(
    word_a: Annotated[str, typer.Argument(help="A word of a lexicon, e.g. fr:chat.")],
    word_b: Annotated[str, typer.Argument(help="A word listed with it, e.g. zh:猫.")],
    config: ConfigOption = None,
    set_: SetOption = None,
    output: FormatOption = OutputFormat.TABLE,
) -> None:
    """Show how often two words of a lexicon meet, and how often they would by chance.

    Documents and windows are counted exactly, by string match (terms.lexicons in the recipe).

    Example: pivotmine cooccurrence fr:chat zh:猫 (a word may name its language)
    """
    from pivotmine.show.answers import print_cooccurrence

    found = open_lake(config, set_).cooccurrence(word_a, word_b)
    show_answer(output, found, lambda console: print_cooccurrence(console, found))


def documents(
    word_a: Annotated[str, typer.Argument(help="A word, e.g. chat; fr:chat: in French lines.")],
    word_b: Annotated[
        str | None, typer.Argument(help="A second word, e.g. en:cat, which stands near the first.")
    ] = None,
    config: ConfigOption = None,
    set_: SetOption = None,
    limit: LimitOption = 10,
    max_lines: Annotated[int, typer.Option(min=1, help="Most lines to show of a document.")] = 4,
    output: FormatOption = OutputFormat.TABLE,
) -> None:
    """Show the documents that hold a word, or in which two words meet, and the lines where they do.

    Each has its source, its scores and the arms that took it. Documents in which the words are
    nearest come first. There is no index: each question scans the token ids of the corpus, about
    0.1 seconds of processor time for a million tokens.

    Example: pivotmine documents fr:chat en:cat (a word may name its language)
    """
    from pivotmine.show.documents import print_documents

    found = open_lake(config, set_).documents(word_a, word_b, limit, max_lines)
    words = [word for word in (word_a, word_b) if word]
    show_answer(output, found, lambda console: print_documents(console, words, found))


def explain(
    doc_id: Annotated[str, typer.Argument(help="Id of a document, or its beginning.")],
    config: ConfigOption = None,
    set_: SetOption = None,
    limit: Annotated[int, typer.Option(min=1, help="Segments and links to show.")] = 20,
) -> None:
    """Show why a document was chosen: its scores, its best block, its links, its arms.

    Example: pivotmine explain 3f9a (ids are in table `selection`)
    """
    from pivotmine.show.documents import print_explanation

    print_explanation(plain_console(), open_lake(config, set_).explain(doc_id), limit)


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
    from pivotmine.show.findings import print_arms
    from pivotmine.show.look.drawing import require_drawing

    if html is not None:
        require_drawing()
    lake = open_lake(config, set_)
    found = lake.arms()
    print_arms(plain_console(), found)
    if html is not None:
        from pivotmine.show.arms_page import arms_page
        from pivotmine.show.look.page import write_page

        write_page(html, arms_page(found, lake.warehouse.removeprefix("file://")))
