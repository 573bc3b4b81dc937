"""Languages of lines, beside other identifiers: `python -m bench.segment_language --help`.

Two corpora of real text with known languages (`bench/corpora/messages.py`). Figures are of the test
half unless `--dev` is given. Identifiers that are not installed are listed and left out.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bench.corpora import messages
from bench.segment_language.pages import KINDS, ONE, Page, pages
from bench.segment_language.score import (
    BUCKET_NAMES,
    Line,
    accuracy,
    bucket,
    cross,
    draw,
    named,
    show_accuracy,
    show_interval,
    show_macro,
)
from bench.segment_language.ways import ALONE, PAGE, WAYS, Way
from bench.tables import interval
from pivotmine.show.console import run_app
from pivotmine.text.language import load_identifier

FOUR = ("en", "fr", "zh", "ja")
MANY = tuple("bg ca cs da de el en es et fi fr he hu id it ja ko".split()) + tuple(
    "lt lv nl no pl pt ro ru sk sl sv tr uk vi zh".split()
)
FOREIGN = ("de", "es", "it", "nl", "pl", "pt", "ru", "tr", "ko", "vi")
PLACES = tuple(f"{kind}: {which}" for kind in KINDS for which in ("en", "the other"))

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    out: Annotated[Path, typer.Option(help="Markdown file; figures lie beside it.")],
    catalogues: Annotated[
        Path | None, typer.Option(help="Parquet of aligned messages: source, key, lang, text.")
    ] = None,
    homeassistant: Annotated[Path | None, typer.Option(help="Wheel of homeassistant.")] = None,
    dev: Annotated[bool, typer.Option(help="The half for tuning.")] = False,
    only: Annotated[str, typer.Option(help="Ways whose names contain this.")] = "",
    groups: Annotated[int, typer.Option(help="Most groups of a corpus.")] = 40,
    rows: Annotated[int, typer.Option(help="Most messages of a group.")] = 100,
) -> None:
    """Ask all identifiers, and write tables."""
    ways = [way for way in WAYS if way.installed and only in way.name]
    missing = [way.name for way in WAYS if not way.installed]
    text = [f"Not installed: {', '.join(missing)}.\n"] if missing else []
    part = messages.Part(not dev, groups, rows)
    if catalogues:
        read = messages.read_catalogues(catalogues, part)
        text += _corpus("catalogues", list(pages(read, FOUR)), FOUR, ways, out)
    if homeassistant:
        read = messages.read_homeassistant(homeassistant, MANY, part)
        text += _corpus("homeassistant", list(pages(read, MANY)), MANY, ways, out)
        text += _outside(list(pages(read, FOREIGN)), ways)
    out.write_text("\n".join(text))


def _corpus(
    name: str, chosen: list[Page], languages: Sequence[str], ways: Sequence[Way], out: Path
) -> list[str]:
    lines: list[Line] = []
    for way in ways:
        identify = way.make(languages)
        started = time.process_time()
        lines += named(way.name, identify, chosen)
        print(f"{name}, {way.name}: {time.process_time() - started:.1f} CPU s", flush=True)
    alone = [line for line in lines if line.kind == ONE]
    ours = [line for line in lines if line.way in (PAGE, ALONE)]
    figure = out.with_name(f"{out.stem}-{name}.svg")
    draw(alone, PAGE, languages, figure)
    n_groups = len({line.group for line in alone})
    return [
        f"## {name}: {', '.join(languages)}\n",
        f"{n_groups} groups. Pages in one language, by letters in the line, mean over languages "
        "(lines):\n",
        *cross(alone, _way, _bucket, BUCKET_NAMES, show_macro),
        "The same by language:\n",
        *cross(alone, _way, lambda line: line.lang, languages, show_accuracy),
        "By kind of page, lines in en and in the other language:\n",
        *cross(lines, _way, _place, PLACES, show_accuracy),
        "Ours, by kind of page, with 95 % intervals over groups:\n",
        *cross(ours, lambda x: f"{x.way}: {_place(x)}", _bucket, BUCKET_NAMES, show_interval),
        f"![accuracy by length, and confusion]({figure.name})\n",
        _whole_pages(chosen),
    ]


def _whole_pages(chosen: Sequence[Page]) -> str:
    """Share of pages in one language that are named rightly, as a paragraph."""
    whole = [page for page in chosen if page.kind == ONE]
    found = load_identifier().identify_documents(["".join(page.lines) for page in whole])
    lines = [
        Line("page", page.group, page.kind, page.lang, lang, 0)
        for page, (lang, _) in zip(whole, found, strict=True)
    ]
    return (
        f"Whole pages (of {len(lines):,}, no list of languages given): "
        f"{interval(*accuracy(lines))} named rightly.\n"
    )


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
        *cross(lines, _way, _bucket, BUCKET_NAMES, show_accuracy),
    ]


def _way(line: Line) -> str:
    return line.way


def _bucket(line: Line) -> str:
    return bucket(line.letters)


def _place(line: Line) -> str:
    return f"{line.kind}: {'en' if line.lang == 'en' else 'the other'}"


if __name__ == "__main__":
    run_app(app)
