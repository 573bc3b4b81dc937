"""Commands that run the road, or set one up."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from pivotmine.cli.options import DEMO_DIRECTORY, ConfigOption, SetOption
from pivotmine.show.console import plain_console

DEMO_PAIRS = (("chat", "猫"), ("eau", "水"), ("fichier", "ファイル"))


def run(
    config: ConfigOption = None,
    set_: SetOption = None,
    until: Annotated[str | None, typer.Option(help="Last stage to run.")] = None,
    only: Annotated[str | None, typer.Option(help="The one stage to run.")] = None,
    force: Annotated[bool, typer.Option(help="Run committed stages too.")] = False,
) -> None:
    """Run all stages, or part of them; stages that are committed are skipped.

    Stages: ingest, train_tokenizer, tokenize, vocabulary, contexts, count, terms, link,
    lexicon, pivot, pair, score, select, shard.
    """
    from pivotmine import api
    from pivotmine.recipe.reading import load_recipe

    api.run(load_recipe(config, set_ or ()), only=only, until=until, force=force)


def demo(config: ConfigOption = None, set_: SetOption = None) -> None:
    """Assemble the demo corpus, run all stages on it, and print what was found.

    Without --config it runs the recipe that is installed with PivotMine.
    """
    from pivotmine import api
    from pivotmine.demo import assemble
    from pivotmine.recipe.reading import bundled_recipe, load_recipe
    from pivotmine.show import findings

    config = config or bundled_recipe("demo")
    recipe = load_recipe(config, set_ or ())  # before anything is downloaded
    console = plain_console()
    corpus = assemble(DEMO_DIRECTORY, console.print)
    console.print(
        f"{corpus.n_documents:,} documents, {corpus.n_bytes / 1e6:.1f} MB of text, credits in "
        f"{DEMO_DIRECTORY / 'CREDITS.md'}"
    )
    findings.print_stages(console, api.run(recipe))
    lake = api.open_lake(recipe)
    connection = lake.connect()
    findings.print_strongest_links(console, connection)
    findings.print_pivots(console, connection)
    findings.print_word_pairs(console, connection, DEMO_PAIRS)
    findings.print_terms(console, connection)
    findings.print_arms(console, lake.arms())
    console.print(
        f"\nAsk more: {Path(sys.argv[0])} bridges -c {config} lait 牛乳\n"
        f"          {Path(sys.argv[0])} documents -c {config} fr:chat en:cat\n"
        f"          {Path(sys.argv[0])} cooccurrence -c {config} fr:chat en:cat\n"
        f"          {Path(sys.argv[0])} query -c {config} "
        '"SELECT token_a, token_b, npmi FROM links ORDER BY npmi DESC LIMIT 10"',
        soft_wrap=True,
    )


def init(
    files: Annotated[
        list[str],
        typer.Argument(help="Files, folders or globs, of any format that can be read."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The recipe to write.")] = Path(
        "corpus.yaml"
    ),
    force: Annotated[bool, typer.Option(help="Overwrite a recipe that is there.")] = False,
) -> None:
    """Write a recipe for your own files, with what a sample of them shows.

    Formats follow from the names of files. Text columns and languages are guessed from a megabyte
    each of up to 8 files of a format, and the recipe says so.

    Example: pivotmine init corpus/ 'crawl/*.warc.gz' --out corpus.yaml
    """
    from pivotmine.errors import InputError
    from pivotmine.keep.init import describe, recipe_text
    from pivotmine.keep.survey import survey

    if out.exists() and not force:
        raise InputError(
            f"{out} is there already; overwrite it with --force, or name another --out"
        )
    found = survey(files)
    text = recipe_text(found, str(out), ".pivotmine/lake")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    console = plain_console()
    for line in describe(found):
        console.print(line, soft_wrap=True)
    console.print(f"wrote {out}; read it, then: pivotmine run --config {out}", soft_wrap=True)


def config_command(
    config: ConfigOption = None,
    set_: SetOption = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of recipes, for editors.")
    ] = False,
) -> None:
    """Print the effective configuration as YAML, each setting with its meaning.

    The output is a recipe: save it, change it, run it. Secrets are shown as ***; they stay in your
    own recipe.
    """
    from pivotmine.recipe.reading import load_recipe, to_yaml

    if schema:
        from pivotmine.recipe.schema import json_schema

        json.dump(json_schema(), sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
        return
    sys.stdout.write(to_yaml(load_recipe(config, set_ or ()), documented=True))


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
    n_sources, then, each with word frequencies of its own (source_spread); document_segments,
    their mean number; sense_share of words with several senses; homonym_share
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
