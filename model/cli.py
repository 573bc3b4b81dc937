"""The command `pivotmine-model`: real language models, measured on words."""

from __future__ import annotations

from typing import Annotated

import typer

from pivotmine import __version__
from pivotmine.model.commands import grid, measure, words
from pivotmine.show.console import Commands, run_app

app = typer.Typer(
    name="pivotmine-model",
    cls=Commands,
    help="Measure how well a causal language model translates words.\n\n"
    "Start with `pivotmine-model words`, then `pivotmine-model score gemma3-270m`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for command in (
    *(words.words, measure.score, measure.lens, measure.evaluate),
    *(words.lexicon, words.pivots, measure.attribute),
    *(grid.train, grid.compare, measure.report),
):
    app.command()(command)
app.command("config")(words.config_command)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"pivotmine-model {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version, and end."
        ),
    ] = False,
) -> None: ...


def main() -> None:
    """Entry point."""
    run_app(app)


if __name__ == "__main__":
    main()
