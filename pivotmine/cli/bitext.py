"""Aligned segments written as text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from pivotmine.cli.options import ConfigOption, SetOption, open_lake
from pivotmine.show.console import plain_console


def bitext(
    out: Annotated[Path, typer.Argument(help="Folder to write to.")],
    config: ConfigOption = None,
    set_: SetOption = None,
    kind: Annotated[
        Literal["parquet", "tmx", "moses", "jsonl"],
        typer.Option("--format", "-f", help="Kind of files."),
    ] = "parquet",
    lang: Annotated[str | None, typer.Option(help="Pairs with this language only.")] = None,
    to: Annotated[str | None, typer.Option(help="And with this one on the other side.")] = None,
    min_score: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Least score of two segments.")
    ] = 0.0,
    min_document_score: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Least score of their documents.")
    ] = 0.0,
    adjacency: Annotated[
        Literal["lines", "blocks", "documents"],
        typer.Option(help="How near both languages stand in the documents of jsonl."),
    ] = "lines",
) -> None:
    """Write the aligned segments of paired documents, each pair of texts once.

    Stage `pair` finds them, if pair.enabled is true. Segments of score 0 are aligned by their place
    and length alone. Format jsonl writes training documents, with both languages in each.

    Example: pivotmine bitext bitext/ --format moses --lang en --to fr --min-score 0.3
    """
    from pivotmine.ask.bitext import BitextLimits

    limits = BitextLimits(min_score, min_document_score, lang, to, adjacency)
    counts = open_lake(config, set_).write_bitext(out, kind, limits)
    console = plain_console()
    for pair, n in sorted(counts.items()):
        console.print(f"{pair}: {n:,} in {out}", markup=False, soft_wrap=True)
    if not counts:
        console.print(
            "No segment pairs. Run stage pair with pair.enabled=true, or lower the scores.",
            markup=False,
        )
