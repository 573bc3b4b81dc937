"""Languages of lines, beside other identifiers: `python -m bench.segment_language --help`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bench.segment_language.messages import KINDS, ONE, Page, Part, pages, read_messages
from bench.segment_language.score import BUCKET_NAMES, Line, bucket, cross, named
from bench.segment_language.ways import WAYS
from pivotmine.show.console import run_app

FOUR = ("en", "fr", "zh", "ja")
MANY = tuple(
    "bg ca cs da de el en es et fi fr he hu id it ja ko "
    "lt lv nl no pl pt ro ru sk sl sv tr uk vi zh".split()
)
FOREIGN = ("de", "es", "it", "nl", "pl", "pt", "ru", "tr", "ko", "vi")
PLACES = tuple(f"{kind}: {which}" for kind in KINDS for which in ("en", "the other"))

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    wheel: Annotated[Path, typer.Argument(help="Wheel of homeassistant.")],
    out: Annotated[Path, typer.Option(help="Markdown file.")],
    dev: Annotated[bool, typer.Option(help="The half for tuning.")] = False,
    groups: Annotated[int, typer.Option(help="Most components.")] = 40,
    rows: Annotated[int, typer.Option(help="Most messages of a component.")] = 100,
) -> None:
    """Ask all identifiers, and write tables of the share of lines whose language each finds.

    Identifiers that are not installed are listed and left out.
    """
    messages = read_messages(wheel, MANY, Part(not dev, groups, rows))
    missing = [way.name for way in WAYS if not way.installed]
    text = [f"Not installed: {', '.join(missing)}.\n"] if missing else []
    for languages in (FOUR, MANY):
        text += _between(list(pages(messages, languages)), languages)
    text += _outside(list(pages(messages, FOREIGN)))
    out.write_text("\n".join(text))


def _between(chosen: Sequence[Page], languages: Sequence[str]) -> list[str]:
    """Lines in the languages of a recipe, asked with these languages."""
    ways = [way for way in WAYS if way.installed]
    lines = [line for way in ways for line in named(way.name, way.make(languages), chosen)]
    alone = [line for line in lines if line.kind == ONE]
    return [
        f"## Recipe {', '.join(languages)}\n",
        "Pages in one language, by letters in the line, mean over languages (lines):\n",
        *cross(alone, lambda line: bucket(line.letters), BUCKET_NAMES),
        "The same by language:\n",
        *cross(alone, lambda line: line.lang, languages),
        "By kind of page, lines in en and in the other language:\n",
        *cross(lines, _place, PLACES),
    ]


def _outside(chosen: Sequence[Page]) -> list[str]:
    """Lines in languages that the recipe does not list."""
    foreign = [page for page in chosen if page.kind == ONE]
    lines = []
    for way in WAYS:
        if way.installed and "closed" not in way.name:
            found = named(way.name, way.make(FOUR), foreign)
            lines += [x._replace(found="x" if x.found in FOUR else x.lang) for x in found]
    return [
        "## Outside the recipe\n",
        "Lines of ten other languages, recipe en, fr, zh, ja: share that is *not* given to one of "
        "the four.\n",
        *cross(lines, lambda line: bucket(line.letters), BUCKET_NAMES),
    ]


def _place(line: Line) -> str:
    return f"{line.kind}: {'en' if line.lang == 'en' else 'the other'}"


if __name__ == "__main__":
    run_app(app)
