"""Languages of lines, beside other identifiers: `python -m bench.segment_language --help`.

Two corpora of real text with known languages (`messages.py`). Figures are of the test
half unless `--dev` is given. Identifiers that are not installed are listed and left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bench.segment_language import messages
from bench.segment_language.pages import KINDS, ONE, Page, pages
from bench.segment_language.score import BUCKET_NAMES, Line, bucket, cross, named
from bench.segment_language.ways import WAYS, Way
from pivotmine.show.console import run_app

FOUR = ("en", "fr", "zh", "ja")
MANY = tuple("bg ca cs da de el en es et fi fr he hu id it ja ko".split()) + tuple(
    "lt lv nl no pl pt ro ru sk sl sv tr uk vi zh".split()
)
FOREIGN = ("de", "es", "it", "nl", "pl", "pt", "ru", "tr", "ko", "vi")
PLACES = tuple(f"{kind}: {which}" for kind in KINDS for which in ("en", "the other"))

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    out: Annotated[Path, typer.Option(help="Markdown file.")],
    catalogues: Annotated[
        Path | None, typer.Option(help="Parquet of aligned messages: source, key, lang, text.")
    ] = None,
    homeassistant: Annotated[Path | None, typer.Option(help="Wheel of homeassistant.")] = None,
    dev: Annotated[bool, typer.Option(help="The half for tuning.")] = False,
    only: Annotated[str, typer.Option(help="Ways whose names contain this.")] = "",
    groups: Annotated[int, typer.Option(help="Most groups of a corpus.")] = 40,
    rows: Annotated[int, typer.Option(help="Most messages of a group.")] = 100,
) -> None:
    """Ask all identifiers, and write tables of the share of lines that each names rightly."""
    ways = [way for way in WAYS if way.installed and only in way.name]
    missing = [way.name for way in WAYS if not way.installed]
    text = [f"Not installed: {', '.join(missing)}.\n"] if missing else []
    part = messages.Part(not dev, groups, rows)
    if catalogues:
        read = messages.read_catalogues(catalogues, part)
        text += _corpus("catalogues", list(pages(read, FOUR)), FOUR, ways)
    if homeassistant:
        read = messages.read_homeassistant(homeassistant, MANY, part)
        text += _corpus("homeassistant", list(pages(read, MANY)), MANY, ways)
        text += _outside(list(pages(read, FOREIGN)), ways)
    out.write_text("\n".join(text))


def _corpus(
    name: str, chosen: list[Page], languages: Sequence[str], ways: Sequence[Way]
) -> list[str]:
    lines = [line for way in ways for line in named(way.name, way.make(languages), chosen)]
    alone = [line for line in lines if line.kind == ONE]
    return [
        f"## {name}: {', '.join(languages)}\n",
        "Pages in one language, by letters in the line, mean over languages (lines):\n",
        *cross(alone, _bucket, BUCKET_NAMES),
        "The same by language:\n",
        *cross(alone, lambda line: line.lang, languages),
        "By kind of page, lines in en and in the other language:\n",
        *cross(lines, _place, PLACES),
    ]


def _outside(chosen: Sequence[Page], ways: Sequence[Way]) -> list[str]:
    """Pages whose language the recipe does not list: lines that are given to none of the listed."""
    foreign = [page for page in chosen if page.kind == ONE]
    lines = []
    for way in ways:
        if "closed" not in way.name:
            found = named(way.name, way.make(FOUR), foreign)
            lines += [x._replace(found="x" if x.found in FOUR else x.lang) for x in found]
    return [
        "## Outside the recipe\n",
        "Lines of ten other languages, recipe en, fr, zh, ja: share that is *not* given to one of "
        "the four.\n",
        *cross(lines, _bucket, BUCKET_NAMES),
    ]


def _bucket(line: Line) -> str:
    return bucket(line.letters)


def _place(line: Line) -> str:
    return f"{line.kind}: {'en' if line.lang == 'en' else 'the other'}"


if __name__ == "__main__":
    run_app(app)
