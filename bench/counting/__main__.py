"""Command line of the counting benchmark; see `--help`."""

from __future__ import annotations

import signal
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bench import machine
from bench.counting.contenders import WAYS
from bench.counting.page import section_lines, write_page
from bench.counting.results import Limits, Results, disagreement, save
from bench.counting.sections import CORPORA, Plan, sections
from pivotmine.show.console import run_app

_EPILOG = "Ways:\n\n" + "\n\n".join(f"[bold]{way.name}[/bold]  {way.doc}" for way in WAYS.values())

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)


@app.command(epilog=_EPILOG)
def count(
    corpus: Annotated[
        str, typer.Option(help=f"Any of {', '.join(CORPORA)}, comma-separated, or all.")
    ] = "all",
    sizes: Annotated[
        str, typer.Option(help="Multiples of the smallest input, comma-separated.")
    ] = "1,2,4,8,16",
    documents: Annotated[
        int, typer.Option(help="Documents of the synthetic corpus at 1x (325 tokens each).")
    ] = 4_000,
    languages: Annotated[int, typer.Option(min=2, max=26, help="Its languages.")] = 2,
    threads: Annotated[int, typer.Option(min=1, help="Threads of every way.")] = 2,
    ways: Annotated[str, typer.Option(help="Ways to run, comma-separated, or all.")] = "all",
    repeat: Annotated[int, typer.Option(min=1, help="Most runs of a way at a size.")] = 3,
    max_seconds: Annotated[float, typer.Option(help="A process that takes longer is killed.")] = 90,
    max_gib: Annotated[
        float | None,
        typer.Option(help="So is one with more memory. Default: 60 % of the machine's."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Setting of the recipe, NAME=VALUE, for every Spark session."),
    ] = None,
    recipe: Annotated[
        str, typer.Option(help="Real text: recipe of a lake that has tokens and vocabulary.")
    ] = "conf/demo.yaml",
    work: Annotated[
        Path, typer.Option(help="Inputs and scratch; inputs are kept for the next run.")
    ] = Path(".pivotmine/bench"),
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path(
        ".pivotmine/bench/results"
    ),
) -> None:
    """Count the same pairs by PivotMine's stage and by what a user would pick instead.

    Each way runs in a process of its own with the same threads and limits. All ways must give the
    same pairs, or the command fails. Writes counting.md and counting.json.

    A quick look: [bold]--corpus zipf --sizes 1,2 --documents 400[/bold]
    """
    # As Ctrl-C: unwinding ends the process that is being measured, and the JVM below it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    now = datetime.now(UTC)
    max_bytes = round(max_gib * 2**30) if max_gib else int(machine.memory_bytes() * 0.6)
    limits = Limits(threads, max_seconds, max_bytes, repeat, tuple(settings or ()))
    plan = Plan(
        _names(corpus, CORPORA, "--corpus"),
        tuple(sorted({float(size) for size in sizes.split(",")})),
        documents,
        languages,
        _names(ways, tuple(WAYS), "--ways"),
        limits,
        recipe,
        work.absolute(),
    )
    results = Results(
        f"{now:%Y-%m-%d %H:%M} UTC",
        machine.command("bench.counting", sys.argv[1:]),
        machine.commit(),
        machine.describe(),
        machine.versions(),
        limits,
    )
    out.mkdir(parents=True, exist_ok=True)
    stem = "counting"
    for section in sections(plan):
        results = replace(results, sections=(*results.sections, section))
        save(results, out / f"{stem}.json")
        print("\n".join(section_lines(section)), flush=True)
    write_page(results, out, stem)
    print(f"written: {out / stem}.md, .json")
    if differing := [text for text in map(disagreement, results.sections) if text]:
        print("\n".join(["the ways disagree:", *differing]))
        raise typer.Exit(1)


def _names(given: str, known: tuple[str, ...], option: str) -> tuple[str, ...]:
    """Names that a comma-separated option lists, in the order in which they run."""
    chosen = list(known) if given == "all" else [name.strip() for name in given.split(",")]
    for name in chosen:
        if name not in known:
            raise typer.BadParameter(
                f"{name!r} is none of {', '.join(known)}, all", param_hint=option
            )
    return tuple(name for name in known if name in chosen)


if __name__ == "__main__":
    run_app(app)
