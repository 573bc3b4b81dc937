"""The command `pivotmine`."""

from __future__ import annotations

import typer

from pivotmine.cli import ask, evaluate, keep, road
from pivotmine.show.console import run_app

app = typer.Typer(
    name="pivotmine",
    help="Mine the tokens that bridge languages, and rebuild pretraining corpora from them.\n\n"
    "Start with `pivotmine demo`, or `pivotmine run --config recipe.yaml`; then ask with "
    "`pivotmine query`, `pivotmine pivots` and `pivotmine cooccurrence`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

for command in (
    *(road.run, road.demo),
    *(ask.tables, ask.query, ask.pivots, ask.cooccurrence, ask.explain, ask.arms),
    *(keep.audit, keep.status, keep.rejects, keep.takedown),
    *(road.doctor, road.planted),
):
    app.command()(command)
app.command("config")(road.config_command)

judge = typer.Typer(
    help="Judge what was mined against what is known.", no_args_is_help=True, add_completion=False
)
judge.command("links")(evaluate.evaluate_links)
judge.command("documents")(evaluate.evaluate_documents)
judge.command("selection")(evaluate.evaluate_selection)
judge.command("bridges")(evaluate.evaluate_bridges)
judge.command("pivots")(evaluate.evaluate_pivots)
app.add_typer(judge, name="evaluate")


def main() -> None:
    """Entry point."""
    run_app(app)
