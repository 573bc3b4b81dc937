"""Command line of the counting benchmark; see `--help`."""

from __future__ import annotations

import importlib.util
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.counting import machine
from bench.counting.plot import plot
from bench.counting.race import Limits
from bench.counting.results import Outcome, Results, disagreement, load, save
from bench.counting.sections import CORPORA, Plan, sections
from bench.counting.tables import markdown, print_section, skew_lines
from bench.counting.ways import WAYS
from pivotmine.errors import PivotMineError

_EPILOG = "Ways:\n\n" + "\n\n".join(f"[bold]{way.name}[/bold]  {way.doc}" for way in WAYS.values())

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command(epilog=_EPILOG)
def count(
    corpus: Annotated[
        str,
        typer.Option(help=f"What to count: any of {', '.join(CORPORA)}, comma-separated, or all."),
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
    repeat_seconds: Annotated[
        float, typer.Option(help="No further run of a way at a size after this long.")
    ] = 5,
    max_seconds: Annotated[
        float, typer.Option(help="A process that takes longer is killed, and reported.")
    ] = 90,
    max_gib: Annotated[
        float | None,
        typer.Option(help="So is one that takes more memory. Default: 60 % of the machine's."),
    ] = None,
    context: Annotated[
        str | None,
        typer.Option(
            help="document or window, for every corpus. Default: zipf document, skew window, real "
            "as the recipe."
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Setting of the recipe, NAME=VALUE, for PivotMine and every Spark session.",
        ),
    ] = None,
    lake: Annotated[
        str | None,
        typer.Option(
            envvar="PIVOTMINE_BENCH_LAKE",
            help="Real text: a lake that has tokens and vocabulary.",
        ),
    ] = None,
    docs: Annotated[
        str | None,
        typer.Option(
            envvar="PIVOTMINE_BENCH_DOCS",
            help="Real text: files of documents, tokenised first (slow, but only once). Without "
            "--lake and --docs: the demo corpus.",
        ),
    ] = None,
    work: Annotated[
        Path, typer.Option(help="Inputs and scratch; inputs are kept for the next run.")
    ] = Path(".pivotmine/bench"),
    out: Annotated[Path, typer.Option(help="Where tables and plots go.")] = Path("docs/results"),
    plot_: Annotated[
        Path | None,
        typer.Option("--plot", help="Only make tables and plots again, from this JSON file."),
    ] = None,
) -> None:
    """Count the same pairs by PivotMine's stage and by everything a user would pick instead.

    Each way runs in a process of its own with the same threads and limits; the pairs of all exact
    ways must agree, or the command fails. Writes counting-DATE.md, .json and .svg.

    A quick look: [bold]--corpus zipf --sizes 1,2 --documents 400[/bold]
    """
    # Tables need room; what is no terminal has no width of its own.
    console = Console(emoji=False, soft_wrap=True, width=None if sys.stdout.isatty() else 160)
    if plot_ is not None:
        results = load(plot_)
        _write(results, plot_.parent, plot_.stem)
        for section in results.sections:
            print_section(console, section)
        return
    now = datetime.now(UTC)
    limits = Limits(
        threads,
        max_seconds,
        round(max_gib * 2**30) if max_gib else int(machine.memory_bytes() * 0.6),
        repeat,
        repeat_seconds,
        tuple(set_ or ()),
    )
    plan = Plan(
        _names(corpus, CORPORA, "--corpus"),
        tuple(sorted({float(size) for size in sizes.split(",")})),
        documents,
        languages,
        _names(ways, tuple(WAYS), "--ways"),
        limits,
        context,
        lake,
        docs,
        work.absolute(),
    )
    results = Results(
        f"{now:%Y-%m-%d %H:%M} UTC",
        machine.command(sys.argv[1:]),
        machine.commit(),
        machine.machine(),
        machine.versions(),
        threads,
        repeat,
        repeat_seconds,
        max_seconds,
        limits.max_bytes,
    )
    out.mkdir(parents=True, exist_ok=True)
    stem = f"counting-{now:%Y-%m-%d}"
    quarrels = []
    for section in sections(
        plan, lambda line: console.print(line, markup=False), _progress(console)
    ):
        results = replace(results, sections=(*results.sections, section))
        save(results, out / f"{stem}.json")
        print_section(console, section)
        if said := disagreement(section):
            quarrels.append(said)
    for line in skew_lines(results.sections):
        console.print(line, markup=False)
    _write(results, out, stem)
    console.print(f"written: {out / stem}.md, .json, .svg", markup=False)
    if quarrels:
        console.print("\n".join(["the ways disagree:", *quarrels]), markup=False)
        raise typer.Exit(1)


def _names(given: str, known: tuple[str, ...], option: str) -> tuple[str, ...]:
    """Names that a comma-separated option lists, in the order in which they run."""
    if given == "all":
        return known
    chosen = [name.strip() for name in given.split(",")]
    for name in chosen:
        if name not in known:
            raise typer.BadParameter(
                f"{name!r} is none of {', '.join(known)}, all", param_hint=option
            )
    return tuple(name for name in known if name in chosen)


def _progress(console: Console) -> Callable[[Outcome], None]:
    def say(outcome: Outcome) -> None:
        label = f"{outcome.size:g}x {WAYS[outcome.way].label}"
        if outcome.status != "counted":
            text = f"{outcome.status}: {outcome.reason}"
        else:
            text = (
                f"{outcome.seconds:.2f} s ({outcome.process_seconds:.1f} s with start, "
                f"{len(outcome.runs)} runs), {outcome.peak_bytes / 2**20:,.0f} MiB"
            )
        console.print(f"{datetime.now(UTC):%H:%M:%S} {label}: {text}", markup=False)

    return say


def _write(results: Results, folder: Path, stem: str) -> None:
    """Plots and the page."""
    plots: dict[str, str] = {}
    if importlib.util.find_spec("matplotlib"):
        plots = plot(results, folder, stem)
    (folder / f"{stem}.md").write_text(markdown(results, plots), encoding="utf-8")


def main() -> None:
    """Entry point: errors that a user can act on are one message."""
    # As Ctrl-C: unwinding ends the process that is being measured, and the JVM below it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        app(prog_name="python -m bench.counting")
    except PivotMineError as error:
        Console(stderr=True).print(f"error: {error}", markup=False)
        sys.exit(2)


if __name__ == "__main__":
    main()
