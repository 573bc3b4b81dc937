"""Make the shards of conf/arms/planted-arms.yaml: `python -m bench.arms`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.arms.planted import write_arms
from bench.arms.web import RECIPE, make_web
from pivotmine import api
from pivotmine.show.console import plain_console, run_app

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    out: Annotated[Path, typer.Option("--out", "-o", help="New folder.")] = Path(".pivotmine/arms"),
    documents: Annotated[int, typer.Option(help="Documents of the planted web.")] = 48_000,
    words: Annotated[int, typer.Option(help="Words of the language.")] = 96,
    tokens: Annotated[int, typer.Option(help="Tokens of each arm.")] = 250_000,
    base_tokens: Annotated[
        int, typer.Option(help="Tokens of the phase before the arms.")
    ] = 150_000,
    heldout_tokens: Annotated[int, typer.Option(help="Held-out tokens a language.")] = 6_000,
    seed: Annotated[int, typer.Option(help="Seed of text, ciphers and selection.")] = 0,
) -> None:
    """Plant a web, mine it, and write arms, base phase and held-out text as shards (5 minutes)."""
    recipe = out / RECIPE
    if not recipe.exists():
        make_web(out, documents, words, seed)
    api.run(recipe, until="score")
    sizes = write_arms(out, recipe, tokens, base_tokens, heldout_tokens, seed)
    for arm, size in sizes.items():
        line = f"{arm}: {size['tokens_by_language']}, by kind {size['kinds']}"
        plain_console().print(line, soft_wrap=True)


if __name__ == "__main__":
    run_app(app)
