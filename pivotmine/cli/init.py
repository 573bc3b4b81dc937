"""The command that writes a first recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pivotmine.show.console import plain_console


def init(
    files: Annotated[
        list[str],
        typer.Argument(help="Files, folders or globs, of any format that can be read."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The recipe to write.")] = Path(
        "corpus.yaml"
    ),
    force: Annotated[bool, typer.Option(help="Overwrite a recipe that is there.")] = False,
) -> None:
    """Write a recipe for your own files, with what a sample of them shows.

    Formats follow from the names of files. Text columns and languages are guessed from a megabyte
    each of up to 8 files of a format, and the recipe says so.

    Example: pivotmine init corpus/ 'crawl/*.warc.gz' --out corpus.yaml
    """
    from pivotmine.errors import InputError
    from pivotmine.keep.init import describe, recipe_text
    from pivotmine.keep.survey import survey

    if out.exists() and not force:
        raise InputError(
            f"{out} is there already; overwrite it with --force, or name another --out"
        )
    found = survey(files)
    text = recipe_text(found, str(out), ".pivotmine/lake")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    console = plain_console()
    for line in describe(found):
        console.print(line, soft_wrap=True)
    console.print(f"wrote {out}; read it, then: pivotmine run --config {out}", soft_wrap=True)
