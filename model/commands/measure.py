"""Commands that measure a model, and compare the results with a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pivotmine.model.commands.options import (
    RESULTS,
    WORDS,
    ConfigOption,
    ModelArgument,
    OutOption,
    SetOption,
    WordsOption,
)
from pivotmine.model.progress import progress_bar
from pivotmine.show.console import plain_console


def score(
    model: ModelArgument,
    words: WordsOption = WORDS,
    out: OutOption = RESULTS,
    config: ConfigOption = None,
    set_: SetOption = None,
) -> None:
    """Score a model on the word task, in all directions; an interrupted run continues.

    Example: pivotmine-model score gemma3-270m --set scoring.limit=100
    """
    from pivotmine.model.commands.tables import score_table
    from pivotmine.model.config.recipe import load_model_recipe
    from pivotmine.model.load import load_model
    from pivotmine.model.scoring.run import score as run
    from pivotmine.model.words.dataset import load

    console = plain_console()
    recipe = load_model_recipe(config, set_ or ())
    word_set = load(words)
    loaded = load_model(model, recipe.model, progress=console.print)
    with progress_bar(console) as progress:
        summary = run(loaded, word_set, recipe.scoring, out, progress)
    console.print(score_table(summary))
    console.print(f"answers, scores of words and this table are in {out}", soft_wrap=True)


def lens(
    model: ModelArgument,
    words: WordsOption = WORDS,
    out: OutOption = RESULTS / "lens",
    labels: Annotated[
        Path | None,
        typer.Option(
            help="TSV of hand-labelled traces (dev words): report how rules and readers agree."
        ),
    ] = None,
    config: ConfigOption = None,
    set_: SetOption = None,
) -> None:
    """Read a model's layers: pivots on the way to a translation, and whether it needs them.

    An interrupted run continues. Example: pivotmine-model lens gemma3-270m --set lens.limit=40
    """
    from pivotmine.show.look.drawing import require_drawing

    require_drawing()
    from pivotmine.model.commands.tables import cell, lens_table, thirds_table
    from pivotmine.model.config.recipe import load_model_recipe
    from pivotmine.model.lens.agreement import read_labels
    from pivotmine.model.lens.run import trace
    from pivotmine.model.load import load_model
    from pivotmine.model.words.dataset import load

    console = plain_console()
    recipe = load_model_recipe(config, set_ or ())
    word_set = load(words)
    known = read_labels(labels) if labels else None
    loaded = load_model(model, recipe.model, progress=console.print)
    with progress_bar(console) as progress:
        summary = trace(loaded, word_set, recipe.scoring, recipe.lens, out, progress, known)
    console.print(lens_table(summary))
    thirds = thirds_table(summary)
    if thirds.row_count:
        console.print(thirds)
    for reader, others in summary.get("agreement", {}).items():
        for other, found in others.items():
            n_traces = found["kappa"]["n_words"]
            console.print(f"{reader}, {other}: kappa {cell(found['kappa'])}, {n_traces} traces")
    console.print(f"readings, traces, figures and this table are in {out}", soft_wrap=True)


def evaluate(
    model: Annotated[str, typer.Argument(help="Model as for `score`, or one that `train` kept.")],
    words: Annotated[
        Path | None, typer.Option("--words", "-w", help="Word set, for retrieval in the layers.")
    ] = None,
    out: OutOption = RESULTS,
    config: ConfigOption = None,
    set_: SetOption = None,
) -> None:
    """Measure a model beyond words: conditional loss, chrF, held-out loss, benchmarks, plugins.

    Runs whatever section `evaluation` of the recipe sets. Benchmarks such as XNLI, XCOPA and
    Belebele run through lm-eval, with data from the hub or from files.
    """
    from pivotmine.model.commands.tables import evaluation_table
    from pivotmine.model.config.recipe import load_model_recipe
    from pivotmine.model.evaluation.run import evaluate as run
    from pivotmine.model.evaluation.run import table_rows
    from pivotmine.model.load import load_model
    from pivotmine.model.words.dataset import load

    console = plain_console()
    recipe = load_model_recipe(config, set_ or ())
    word_set = load(words) if words else None
    loaded = load_model(model, recipe.model, progress=console.print)
    found, path = run(loaded, word_set, recipe, out, console.print)
    console.print(evaluation_table(loaded.name, table_rows(found)))
    console.print(f"results: {path}", soft_wrap=True)


def attribute(
    counts: Annotated[
        Path,
        typer.Argument(
            help="Counts of the words: a lake's folder, a PivotMine recipe (.yaml), or a Parquet "
            "export of term_counts."
        ),
    ],
    scores: Annotated[
        Path | None, typer.Option(help="Score run: scores-….json, or the folder that holds one.")
    ] = None,
    lens: Annotated[
        Path | None, typer.Option(help="Lens run: lens-….json, or the folder that holds one.")
    ] = None,
    words: WordsOption = WORDS,
    out: OutOption = RESULTS,
    config: ConfigOption = None,
    set_: SetOption = None,
) -> None:
    """Relate scores and behaviours to how often the words occur together in a corpus.

    Example: pivotmine-model attribute .pivotmine/lake --scores .pivotmine/model
    """
    from pivotmine.model.attribution.counts import read_counts
    from pivotmine.model.attribution.run import attribute as run
    from pivotmine.model.config.recipe import load_model_recipe
    from pivotmine.model.results import read_run
    from pivotmine.model.words.dataset import load

    console = plain_console()
    recipe = load_model_recipe(config, set_ or ())
    summary = run(
        load(words),
        read_counts(counts, recipe.attribution.in_lang),
        read_run(scores, "scores") if scores else None,
        read_run(lens, "lens") if lens else None,
        recipe.attribution,
        out,
    )
    for line in summary["verdict"]:
        console.print(f"* {line}", soft_wrap=True)
    console.print(f"every word and all numbers are in {out}", soft_wrap=True)


def report(
    scores: Annotated[
        list[Path] | None, typer.Option(help="Score run; repeat it for several models.")
    ] = None,
    lens: Annotated[list[Path] | None, typer.Option(help="Lens run; repeatable.")] = None,
    attribution: Annotated[
        list[Path] | None, typer.Option(help="Attribution run; repeatable.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="The page.")] = RESULTS / "report.html",
) -> None:
    """Put runs on one HTML page that needs no other file.

    A run is its summary (scores-….json, lens-….json, attribution-….json), or a folder with one.
    """
    from pivotmine.show.look.drawing import require_drawing

    require_drawing()
    from pivotmine.model.report.build import report as build
    from pivotmine.model.results import read_run, write_page

    runs = (
        [read_run(path, kind) for path in paths or ()]
        for paths, kind in ((scores, "scores"), (lens, "lens"), (attribution, "attribution"))
    )
    write_page(out, build(*runs))
    plain_console().print(f"report: {out}", soft_wrap=True)
