"""Scores and selections judged: `python -m bench.selection --help`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pivotmine.show.console import plain_console, run_app

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.command()
def planted(
    out: Annotated[Path, typer.Argument(help="Folder for corpora, lakes and figures.")],
    text: Annotated[str, typer.Option(help="English text to plant (Parquet, as for `planted`).")],
    seeds: Annotated[list[int] | None, typer.Option("--seed", help="Repeatable; 2 to 6.")] = None,
    documents: Annotated[int, typer.Option(help="Documents of each corpus.")] = 12_000,
) -> None:
    """Plant, mine and judge a corpus for each seed, then sum up (an hour on two quiet cores).

    What is committed, and figures that are written, are not made again.
    """
    from bench.selection.planted import judge, mine, write_rows

    for seed in seeds or range(2, 7):
        figures = out / f"seed-{seed}.jsonl"
        if not figures.exists():
            recipe = mine(out / f"s{seed}", text, documents, seed)
            write_rows(figures, judge(recipe, seed))
        plain_console().print(f"{figures}")
    summarise(out)


@app.command("judge")
def judge_mined(
    out: Annotated[Path, typer.Argument(help="Folder for figures.")],
    recipe: Annotated[Path, typer.Argument(help="Recipe of a planted corpus, truth beside it.")],
    seed: Annotated[int, typer.Option(help="Its seed.")],
    warehouse: Annotated[str | None, typer.Option(help="Its lake, mined until `score`.")] = None,
) -> None:
    """Judge one corpus that is mined already."""
    from bench.selection.planted import judge, write_rows

    write_rows(out / f"seed-{seed}.jsonl", judge(recipe, seed, warehouse))


@app.command()
def real(
    out: Annotated[Path, typer.Argument(help="Folder for pages, their lake and figures.")],
    recipe: Annotated[Path, typer.Option(help="Recipe of a lake of real text, mined to `pivot`.")],
    segments: Annotated[str, typer.Option(help="Aligned segments: source, key, lang, text.")],
    lexicon: Annotated[str, typer.Option(help="Dictionary: lang_a, word_a, lang_b, word_b.")],
    mined_source: Annotated[
        str, typer.Option(help="SQL pattern of sources whose lines the pages must not hold.")
    ] = "pages-%",
    warehouse: Annotated[str | None, typer.Option(help="Its lake, if not the recipe's.")] = None,
    pages: Annotated[int, typer.Option(help="Pages of each language pair and kind.")] = 300,
    others: Annotated[int, typer.Option(help="Real documents among which they hide.")] = 20_000,
) -> None:
    """Hide bilingual pages of known alignment among real documents, and judge who finds them."""
    from bench.selection.pages import Sizes
    from bench.selection.planted import write_rows
    from bench.selection.plot import draw_real
    from bench.selection.real import RECIPE, judge, make
    from bench.selection.summary import read_rows

    if not (out / RECIPE).exists():
        lake = [f"lake.warehouse={warehouse}"] if warehouse else []
        make(out, str(recipe), lake, segments, mined_source, Sizes(pages, others))
    write_rows(out / "real.jsonl", judge(out / RECIPE, lexicon))
    draw_real(read_rows([out / "real.jsonl"]), out / "real.svg")


@app.command()
def scale(
    work: Annotated[Path, typer.Argument(help="Folder for synthetic lakes, which are removed.")],
    documents: Annotated[int, typer.Option(help="Of the largest corpus.")] = 10_000_000,
    step: Annotated[int, typer.Option(help="Each size is the one before times this.")] = 4,
    sizes: Annotated[int, typer.Option(help="How many sizes.")] = 3,
    layout_documents: Annotated[
        int, typer.Option(help="Documents of the corpus whose layout is changed; 0: none.")
    ] = 100_000,
    budget: Annotated[float, typer.Option(help="Share of all tokens that an arm may buy.")] = 0.05,
    heaps: Annotated[float, typer.Option(help="Power by which links grow with documents.")] = 0.0,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="As for `pivotmine run`; repeatable.")
    ] = None,
) -> None:
    """Time, memory and layouts of stage `select` itself, over synthetic tables of any size."""
    from bench.selection.scale import layouts, table

    counts = [documents // step**n for n in range(sizes - 1, -1, -1)]
    for line in table(work, counts, budget, heaps, settings or ()):
        typer.echo(line)
    if layout_documents:
        for line in layouts(work, layout_documents, budget):
            typer.echo(line)


@app.command()
def summarise(
    out: Annotated[Path, typer.Argument(help="Folder with figures of seeds.")],
) -> None:
    """Means over seeds with intervals, as Markdown tables, and planted.svg."""
    from bench.selection.plot import draw_planted
    from bench.selection.summary import read_rows, tables

    rows = read_rows(sorted(out.glob("seed-*.jsonl")))
    draw_planted(rows, out / "planted.svg")
    plain_console().print(tables(rows), markup=False, soft_wrap=True)


if __name__ == "__main__":
    run_app(app)
