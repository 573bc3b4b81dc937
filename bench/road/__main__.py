"""Where the time of a run goes: `python -m bench.road --help`."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import sentencepiece
import typer
from pyspark.sql import SparkSession

from bench import machine
from bench.road.page import plot, table
from bench.road.processes import Sampler, Usage
from bench.road.spark_counts import Counts, counts
from bench.road.stages import StageTime
from pivotmine.api import load_recipe, open_lake
from pivotmine.engine.display import Report
from pivotmine.engine.runner import run_stages
from pivotmine.engine.session import build_session
from pivotmine.show.console import run_app
from pivotmine.stages.road import choose_stages

START = "start of Spark"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@dataclass
class Profile:
    """A display that notes what each stage used."""

    times: list[StageTime] = field(default_factory=list)
    _sampler: Sampler = field(default_factory=Sampler)
    _usage: Usage = field(init=False)
    _counts: Counts = field(default_factory=Counts)
    _clock: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        self._usage = self._sampler.usage()
        self._sampler.start()

    def lap(self, name: str) -> None:
        """What was used since the last call belongs to `name`. Reading Spark's stores does not."""
        now, clock, peak = self._sampler.usage(), time.perf_counter(), self._sampler.take()
        moved = counts(SparkSession.getActiveSession())
        used = now.since(self._usage)
        self.times.append(
            StageTime(name, clock - self._clock, *used, *moved.since(self._counts), peak)
        )
        typer.echo(f"{name}: {clock - self._clock:.1f} s", err=True)
        self._counts = moved
        self._usage, self._clock = self._sampler.usage(), time.perf_counter()

    def note(self, text: str) -> None:
        """Nothing."""

    def start(self, stage: str, doc: str) -> None:
        """Nothing."""

    def progress(self, text: str) -> None:
        """Nothing."""

    def finish(self, report: Report) -> None:
        """A stage has ended."""
        self.lap(report.stage)

    @contextlib.contextmanager
    def watch(self, spark: SparkSession) -> Iterator[None]:
        """Nothing to watch."""
        yield


@app.command()
def main(
    corpus: Annotated[list[Path], typer.Argument(help="Files or folders with text.")],
    languages: Annotated[str, typer.Option(help="Languages of the recipe.")] = "en,fr,zh,ja",
    config: Annotated[str | None, typer.Option(help="A recipe for the rest.")] = None,
    lake: Annotated[Path | None, typer.Option(help="Folder of the lake, which is kept.")] = None,
    only: Annotated[
        str | None, typer.Option(help="Stages to run again in that lake, with commas.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="SVG of the stages.")] = None,
) -> None:
    """Run the road over a corpus, and show where the time went.

    Without --lake, the lake is thrown away. Beside it, the floor: encoding the texts of all
    documents once with the lake's own sentencepiece model, one core.
    """
    chosen = choose_stages()
    if only:
        chosen = tuple(stage for name in only.split(",") for stage in choose_stages(name))
    with tempfile.TemporaryDirectory() as folder:
        warehouse = str(lake or f"{folder}/lake")
        settings = {
            "languages": languages.split(","),
            "lake.warehouse": warehouse,
            "ingest.inputs": [{"uris": [str(path.resolve()) for path in corpus]}],
        }
        recipe = load_recipe(config, settings)
        profile = Profile()

        def session() -> SparkSession:
            fresh = SparkSession.getActiveSession() is None
            spark = build_session(recipe.spark)
            if fresh:
                profile.lap(START)
            return spark

        run_stages(recipe, chosen, session, profile, force=bool(only))
        n_bytes, floor = (0, 0.0) if only else encode_once(warehouse)
    n_cores = len(os.sched_getaffinity(0))
    print(f"{machine.describe()}, commit {machine.commit()}\n")
    print("\n".join(table(profile.times, n_cores, n_bytes, floor)))
    if out:
        plot(profile.times, n_cores, floor, out)


def encode_once(lake: str) -> tuple[int, float]:
    """Bytes of all documents, and processor seconds to encode them with the lake's tokenizer."""
    reader = open_lake(lake)
    model = reader.table("tokenizer").to_arrow()["model"][0].as_py()
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    n_bytes, seconds = 0, 0.0
    for batch in reader.sql("SELECT text FROM documents").batches(1000):
        texts = batch.column("text").to_pylist()
        n_bytes += sum(len(text.encode()) for text in texts)
        start = time.process_time()
        processor.encode(texts, num_threads=1)
        seconds += time.process_time() - start
    return n_bytes, seconds


if __name__ == "__main__":
    run_app(app)
