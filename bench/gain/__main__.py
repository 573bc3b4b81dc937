"""The steps of the experiment: `python -m bench.gain --help`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pivotmine.show.console import plain_console, run_app

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Out = Annotated[Path, typer.Argument(help="Folder of the experiment.")]
FOLDER = Path(".pivotmine/gain")


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
) -> None:
    """Select the arms and write them as shards; what they hold goes to arms.json, unseen."""
    from bench.gain.arms import write_arms

    for arm, size in write_arms(out, tokens, base, seed).items():
        plain_console().print(f"{arm}: {size['n_tokens']:,} tokens, {size['tokens_by_language']}")


if __name__ == "__main__":
    run_app(app)
