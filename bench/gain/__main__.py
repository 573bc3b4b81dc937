"""The steps of the experiment: `python -m bench.gain --help`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pivotmine.model.progress import progress_bar
from pivotmine.show.console import plain_console, run_app

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Out = Annotated[Path, typer.Argument(help="Folder of the experiment.")]
Results = Annotated[Path, typer.Option(help="Folder of the collected results.")]
FOLDER = Path(".pivotmine/gain")
RESULTS = Path("docs/results/gain")
DOSES = "125000,250000,500000"


@app.callback()
def main() -> None:
    """From real text to an answer: pool, mine, arms, gate, grid, page."""


@app.command()
def pool(
    data: Annotated[Path, typer.Argument(help="Folder with docs, segments, lexicon (Parquet).")],
    out: Out = FOLDER,
    seed: Annotated[int, typer.Option(help="Decides pages, layouts and held-out pairs.")] = 0,
    heldout: Annotated[int, typer.Option(help="Held-out messages of each pair.")] = 1000,
    pages: Annotated[int | None, typer.Option(help="Pages of one language; default: all.")] = None,
) -> None:
    """Write the pool of web-like pages, its labels and what is held out."""
    from bench.gain.pool import make_pool

    found = make_pool(data, out, seed, heldout, pages)
    plain_console().print(json.dumps(found, indent=1), soft_wrap=True)


@app.command()
def mine(out: Out = FOLDER) -> None:
    """Mine the pool at the engine's defaults, up to scores."""
    from bench.gain import mining

    plain_console().print(f"mined: {mining.mine(out)}")


@app.command()
def arms(
    out: Out = FOLDER,
    tokens: Annotated[int, typer.Option(help="Tokens of each arm.")] = 500_000,
    base: Annotated[int, typer.Option(help="Tokens of the phase before the arms.")] = 300_000,
    seed: Annotated[int, typer.Option(help="Seed of tokenizer and control.")] = 0,
    shards: Annotated[str, typer.Option(help="Name of the folder of shards.")] = "shards",
    tokenizer: Annotated[
        Path | None, typer.Option(help="tokenizer.json of another model; default: train one.")
    ] = None,
    end: Annotated[str, typer.Option(help="Token that ends a document.")] = "</s>",
) -> None:
    """Select the arms and write them as shards; what they hold goes to arms.json, unseen."""
    from bench.gain.arms import write_arms

    sizes = write_arms(out, tokens, base, seed, shards, tokenizer, end)
    for arm, size in sizes.items():
        plain_console().print(f"{arm}: {size['n_tokens']:,} tokens, {size['tokens_by_language']}")


@app.command()
def gate(
    out: Out = FOLDER,
    tokens: Annotated[
        int | None, typer.Option(help="Dose; default: that of conf/arms/gain.yaml.")
    ] = None,
) -> None:
    """Train oracle and random with two seeds, to see whether the dose shows anything."""
    from bench.gain import training

    console = plain_console()
    with progress_bar(console) as progress:
        found = training.gate(out, tokens, progress)
    for arm, worth in found.items():
        console.print(f"{arm}: worth of the source {worth:+.4f} nats a token")
    opens = found[training.ORACLE] >= training.GATE
    (out / "gate.json").write_text(json.dumps(found | {"tokens": tokens, "opens": opens}) + "\n")
    console.print(f"the gate at {training.GATE} is {'open' if opens else 'shut: raise the dose'}")


@app.command()
def grid(
    out: Out = FOLDER,
    seeds: Annotated[str, typer.Option(help="Some seeds: 0-3, or 0,2; default: all.")] = "",
    keep: Annotated[bool, typer.Option("--keep", help="Keep the models (13 MB each).")] = False,
) -> None:
    """Train the registered grid, or continue it; see conf/arms/gain.yaml."""
    from bench.gain import training

    with progress_bar(plain_console()) as progress:
        training.grid(out, training.seeds_of(seeds), progress, keep)


@app.command()
def large(
    out: Out = FOLDER,
    try_steps: Annotated[int, typer.Option(help="Only this many small steps, as a trial.")] = 0,
) -> None:
    """Gate and grid of SmolLM2-135M on a GPU; see conf/arms/gain-135m.yaml."""
    from bench.gain import training

    console = plain_console()
    with progress_bar(console) as progress:
        found = training.large(out, try_steps, progress)
    for arm, worth in found.items():
        console.print(f"{arm}: worth of the source {worth:+.4f} nats a token")


@app.command()
def collect(out: Out = FOLDER, results: Results = RESULTS) -> None:
    """Copy what the page needs out of a finished grid, small enough to be committed."""
    from bench.gain.results import collect as write

    write(out, results)


@app.command()
def page(results: Results = RESULTS) -> None:
    """Write the page and its figure from the collected results."""
    from bench.gain.page import write_page

    plain_console().print(f"{write_page(results)}")


@app.command()
def attribute(out: Out = FOLDER, results: Results = RESULTS) -> None:
    """Regress the gain of pairs and words on exposures, frequency and paths.

    Words need the models: train the grid with `--keep`.
    """
    from bench.gain import attribution
    from bench.gain.results import read
    from bench.gain.training import read_conf

    found = attribution.attribute(out, read(results), read_conf(out).training.sequence_tokens)
    console = plain_console()
    for unit in ("pairs", "words"):
        for name, fitted in found.get(unit, {}).items():
            console.print(f"{unit}, {name}: R2 out of sample {fitted['r2']:.3f}")
    console.print(f"{attribution.write(found, results)}")


@app.command()
def retrieve(out: Out = FOLDER, results: Results = RESULTS) -> None:
    """Look for held-out translations in the middle layer of the models that were kept."""
    from bench.gain import retrieval
    from bench.gain.results import read

    for arm, share in retrieval.retrieve(out, read(results), results).items():
        plain_console().print(f"{arm}: {share['mean']:.1%} of translations are nearest")


@app.command()
def dose(
    out: Out = FOLDER,
    results: Results = RESULTS,
    budgets: Annotated[str, typer.Option(help="Tokens of an arm, three or more.")] = DOSES,
    seeds: Annotated[str, typer.Option(help="Seeds: 0-3.")] = "0-3",
) -> None:
    """Train links_coverage and entropy at several budgets, each selected anew."""
    from bench.gain import doses

    console = plain_console()
    with progress_bar(console) as progress:
        found = doses.curve(out, [int(one) for one in budgets.split(",")], seeds, progress)
    for line in doses.lines(found):
        console.print(line)
    doses.write(found, results)


@app.command()
def sheet(
    data: Annotated[Path, typer.Argument(help="Folder with docs.parquet.")],
    folder: Annotated[Path, typer.Option(help="Folder of the sheet.")] = Path("labels"),
    n: Annotated[int, typer.Option(help="Pages.")] = 500,
    seed: Annotated[int, typer.Option(help="Seed of the sample.")] = 0,
) -> None:
    """Draw real pages that seem to be in two languages, for readers who see no score."""
    from bench.gain import labels

    path = labels.write_sheet(labels.draw_sheet(data, n, seed), folder)
    plain_console().print(f"{path}; {folder / 'PAGES.md'} says how to label")


@app.command()
def judge(
    data: Annotated[Path, typer.Argument(help="Folder with lexicon.parquet.")],
    config: Annotated[Path, typer.Option(help="Recipe of a mined lake that holds the pages.")],
    folder: Annotated[Path, typer.Option(help="Folder of the labelled sheet.")] = Path("labels"),
) -> None:
    """Compare the labels of a sheet with every score of a lake, line lengths and a dictionary."""
    from bench.gain import labels
    from pivotmine.lake.lake import Lake
    from pivotmine.lake.query import connect
    from pivotmine.recipe.reading import load_recipe

    console = plain_console()
    passes = labels.read_passes(folder)
    console.print(f"{len(passes)} pages, kappa of the passes {labels.agreement(passes):.2f}")
    lake = connect(Lake(load_recipe(str(config)).lake, read_only=True))
    for one in labels.judge(lake, folder, data):
        area, average = one.ranking.auc, one.ranking.average_precision
        console.print(
            f"{one.sought} ({one.n_positive} of {one.n}), {one.score}: ROC area {area.mean:.3f} "
            f"[{area.low:.3f}, {area.high:.3f}], average precision {average.mean:.3f} "
            f"[{average.low:.3f}, {average.high:.3f}]",
            soft_wrap=True,
        )


if __name__ == "__main__":
    run_app(app)
