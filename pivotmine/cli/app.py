"""The command `pivotmine`."""

from __future__ import annotations

from typing import Annotated

import typer

import pivotmine
from pivotmine.cli import ask, evaluate, explore, keep, plan, road
from pivotmine.show.console import run_app

app = typer.Typer(
    name="pivotmine",
    help="Mine the tokens that bridge languages, and rebuild pretraining corpora from them.\n\n"
    "Start with `pivotmine demo`, or `pivotmine run --config recipe.yaml`; then ask with "
    "`pivotmine links`, `pivotmine bridges`, `pivotmine documents` and `pivotmine query`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"pivotmine {pivotmine.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version, and end."
        ),
    ] = False,
) -> None:
    pass


for command in (
    *(road.run, road.demo, road.init),
    *(ask.tables, ask.query, ask.links, ask.lexicon, ask.bridges, ask.cooccurrence),
    *(ask.documents, ask.explain, ask.arms, explore.explore),
    *(keep.audit, keep.status, keep.rejects, keep.takedown),
    *(keep.move, keep.unlock, keep.doctor, road.planted),
):
    app.command()(command)
app.command("config")(road.config_command)
app.command()(plan.plan)
app.command(
    "pivots",
    hidden=True,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)(ask.renamed_pivots)

judge = typer.Typer(
    help="Compare results with known translations and documents.", no_args_is_help=True
)
judge.command("links")(evaluate.evaluate_links)
judge.command("documents")(evaluate.evaluate_documents)
judge.command("selection")(evaluate.evaluate_selection)
judge.command("bridges")(evaluate.evaluate_bridges)
judge.command("pivots")(evaluate.evaluate_pivots)
app.add_typer(judge, name="evaluate")


export = typer.Typer(help="Write views of the lake as files.", no_args_is_help=True)
export.command("page")(explore.export_page)
app.add_typer(export, name="export")


def main() -> None:
    """Entry point."""
    run_app(app)
