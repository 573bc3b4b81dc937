"""The stages that count, as `pivotmine run --only contexts` and `--only count` run them."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from rich.console import Console

from bench.counting.prepare import Prepared
from bench.counting.ways import Done, Job
from pivotmine.engine.runner import run_stages
from pivotmine.engine.session import build_session
from pivotmine.lake.lake import Lake
from pivotmine.recipe.reading import load_recipe
from pivotmine.show.progress import PlainDisplay
from pivotmine.stages.road import choose_stages


def run(job: Job) -> Done:
    """Time `run_stages` with an open session: reading, counting, committing."""
    facts = job.prepared.facts
    config = load_recipe(
        None,
        [
            f"spark.master=local[{job.threads}]",
            *job.overrides,
            f"lake.warehouse={job.out / 'lake'}",
            f"languages=[{', '.join(facts.languages)}]",
            f"count.context={facts.context}",
            # Lines are as they are for the other ways.
            "count.max_line_documents=0",
        ],
    )
    started = time.perf_counter()
    commit_input(Lake(config.lake), job.prepared)
    aside_seconds = time.perf_counter() - started
    spark = build_session(config.spark)
    display = PlainDisplay(Console(stderr=True, emoji=False))
    started = time.perf_counter()
    stages = (*choose_stages("contexts"), *choose_stages("count"))
    run_stages(config, stages, lambda: spark, display, force=True)
    seconds = time.perf_counter() - started
    files = Lake(config.lake).files("counts")
    paths = tuple(path.removeprefix("file://") for path in files)
    return Done(seconds, paths, aside_seconds=aside_seconds)


def commit_input(lake: Lake, prepared: Prepared) -> None:
    """Make the prepared files the tables `tokens` and `vocabulary` of a lake, where they lie."""
    now = datetime.now(UTC)
    run_id = "prepared"
    row = {"run_id": run_id, "stage": "prepared", "fingerprint": run_id, "inputs": {}, "rows": {}}
    tables = {
        "tokens": [f"file://{path}" for path in prepared.token_files],
        "vocabulary": [f"file://{prepared.vocabulary_file}"],
    }
    lake.commit({**row, "started_at": now, "finished_at": now}, tables)
