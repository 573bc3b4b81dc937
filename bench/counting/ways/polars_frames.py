"""Polars: one lazy join for each pair of languages, on the streaming engine."""

from __future__ import annotations

import time

import polars as pl

from bench.counting.answers import parquet_files
from bench.counting.ways import Done, Job


def run(job: Job) -> Done:
    """Join, group and filter, from Parquet to Parquet.

    The number of threads is read from POLARS_MAX_THREADS when the library is imported; `child` has
    set it before.
    """
    folder = job.out / "pairs"
    folder.mkdir()
    started = time.perf_counter()
    for x, y in job.prepared.language_pairs():
        of_x = pl.scan_parquet(job.prepared.file("long", x)).rename({"node": "a"})
        of_y = pl.scan_parquet(job.prepared.file("long", y)).rename({"node": "b"})
        (
            of_x.join(of_y, on="context")
            .group_by("a", "b")
            .agg(pl.len().alias("n"))
            .filter(pl.col("n") >= job.prepared.facts.min_count)
            .sink_parquet(folder / f"{x}-{y}.parquet", engine="streaming")
        )
    return Done(time.perf_counter() - started, tuple(parquet_files(folder)))
