"""Scores and selections judged on planted corpora: `python -m bench.selection --help`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.selection.planted import judge, mine, write_rows
from bench.selection.plot import draw
from bench.selection.summary import read_rows, summarise
from pivotmine.show.console import plain_console, run_app

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    out: Annotated[Path, typer.Argument(help="Folder for corpora, lakes and figures.")],
    text: Annotated[
        str | None,
        typer.Option(help="English text to plant (Parquet). Without it, figures are summed up."),
    ] = None,
    seeds: Annotated[
        list[int] | None, typer.Option("--seed", help="Repeatable; default: 2 to 6.")
    ] = None,
    documents: Annotated[int, typer.Option(help="Documents of each corpus.")] = 12_000,
) -> None:
    """Plant, mine and judge a corpus for each seed, then sum up (an hour on two quiet cores).

    Committed stages and written figures are not made again. Prints Markdown and writes planted.svg.
    """
    console = plain_console()
    if text:
        for seed in seeds or range(2, 7):
            figures = out / f"seed-{seed}.jsonl"
            if not figures.exists():
                write_rows(figures, judge(mine(out / f"s{seed}", text, documents, seed), seed))
            console.print(f"{figures}")
    rows = read_rows(sorted(out.glob("seed-*.jsonl")))
    draw(rows, out / "planted.svg")
    console.print("\n".join(summarise(rows)), soft_wrap=True)


if __name__ == "__main__":
    run_app(app)
