"""Make the shards of conf/arms/real-arms.yaml: `python -m bench.arms.real`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.arms.real.write import Wish, write_arms
from pivotmine.show.console import plain_console, run_app

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def prepare(
    recipe: Annotated[Path, typer.Option(help="Recipe of a lake that is mined up to `select`.")],
    tokenizer: Annotated[str, typer.Option(help="The model's tokenizer.json.")],
    aligned_source: Annotated[
        str, typer.Option(help="Beginning of the source of documents known to be aligned.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder.")] = Path(".pivotmine/real"),
    tokens: Annotated[int, typer.Option(help="Tokens of each arm.")] = 8_192,
    piece_tokens: Annotated[int, typer.Option(help="Most tokens of a piece of a document.")] = 192,
    seeds: Annotated[int, typer.Option(help="Draws of each arm.")] = 6,
    heldout_tokens: Annotated[int, typer.Option(help="Held-out tokens a language.")] = 6_000,
    end_token: Annotated[str, typer.Option(help="Token that ends a document.")] = "<|endoftext|>",
) -> None:
    """Write the arms that the engine selected, in the tokens of the model to be trained."""
    wish = Wish(tokens, piece_tokens, heldout_tokens, tokenizer, end_token, aligned_source, seeds)
    console = plain_console()
    for arm, size in write_arms(out, recipe, wish).items():
        console.print(
            f"{arm}: {size['n_docs']:,} documents, {size['tokens_by_language']}, "
            f"{size['aligned']:.0%} aligned, {size['several_languages']:.0%} in several languages"
        )


if __name__ == "__main__":
    run_app(app)
