"""The command that estimates the cost of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pivotmine.cli.options import ConfigOption, FormatOption, SetOption
from pivotmine.show.console import plain_console
from pivotmine.show.rows import OutputFormat, write_rows

if TYPE_CHECKING:
    from pivotmine.ask.plan_constants import Constants
    from pivotmine.recipe import Recipe


def plan(
    config: ConfigOption = None,
    set_: SetOption = None,
    size: Annotated[
        str | None,
        typer.Option(
            "--bytes", help="Text to plan for, such as 100TB. Default: the recipe's files."
        ),
    ] = None,
    languages: Annotated[
        int | None, typer.Option(min=2, help="Languages. Default: those of the recipe.")
    ] = None,
    cores: Annotated[int, typer.Option(min=1, help="Cores of the cluster.")] = 64,
    core_memory: Annotated[
        str, typer.Option(help="Memory that a core has for its Python worker.")
    ] = "10GB",
    constant: Annotated[
        list[str] | None,
        typer.Option(help="NAME=VALUE in place of a measured constant. Repeatable."),
    ] = None,
    constants: Annotated[
        bool, typer.Option("--constants", help="List the constants and their sources, and end.")
    ] = False,
    output: FormatOption = OutputFormat.TABLE,
) -> None:
    """Estimate the cost of a run: core-hours, memory, shuffle and disk of each stage.

    Costs are sizes times constants that were measured on small corpora. Files of the recipe are
    listed and not read; compressed ones count for 2.5 times their size. `--constant
    mixed_share=0.02` is nearer to the open web than the measured share.

    Example: pivotmine plan --bytes 100TB --languages 4 --cores 512
    """
    from pivotmine.ask.plan import parse_bytes
    from pivotmine.ask.plan import plan as make_plan
    from pivotmine.ask.plan_constants import MEASURED
    from pivotmine.errors import ConfigError
    from pivotmine.recipe.reading import load_recipe
    from pivotmine.show.plan import plan_rows, print_constants, print_plan

    known = MEASURED.replaced(constant or ())
    if constants:
        print_constants(plain_console(), known)
        return
    recipe = load_recipe(config, set_ or ())
    n_bytes = parse_bytes(size) if size is not None else _bytes_of_files(recipe, known)
    if n_bytes <= 0:
        raise ConfigError("there is no text to plan for: its size is 0 bytes")
    n_languages = languages or len(recipe.languages)
    found = make_plan(n_bytes, n_languages, recipe, parse_bytes(core_memory), known)
    if output is OutputFormat.TABLE:
        print_plan(plain_console(), found, cores)
    else:
        write_rows(output, *plan_rows(found))


def _bytes_of_files(recipe: Recipe, known: Constants) -> float:
    """Text of the recipe's files."""
    from pivotmine.ask.plan import text_bytes
    from pivotmine.errors import ConfigError
    from pivotmine.sources.files import list_files

    if not recipe.ingest.inputs:
        raise ConfigError("the recipe names no files: give --bytes, or ingest.inputs")
    files = [file for one in recipe.ingest.inputs for file in list_files(one.uris)]
    return text_bytes([(file.uri, file.size_bytes or 0) for file in files], known)
