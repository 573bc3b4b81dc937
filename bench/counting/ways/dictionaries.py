"""Plain Python: a Counter over the pairs of every context."""

from __future__ import annotations

import time
from collections import Counter
from itertools import product

import numpy as np
import pyarrow.parquet as pq

from bench.counting.answers import Pairs, parquet_files, write_pairs
from bench.counting.ways import Done, Job


def run(job: Job) -> Done:
    """Count language pair by language pair, so that only one Counter is held at a time."""
    folder = job.out / "pairs"
    folder.mkdir()
    n_distinct = 0
    started = time.perf_counter()
    for x, y in job.prepared.language_pairs():
        of_y = _contexts(job, y)
        counts: Counter[tuple[int, int]] = Counter()
        for context, nodes in _contexts(job, x).items():
            counts.update(product(nodes, of_y.get(context, ())))
        n_distinct += len(counts)
        min_count = job.prepared.facts.min_count
        kept = [(a, b, n) for (a, b), n in counts.items() if n >= min_count]
        columns = np.array(kept, np.int64).reshape(-1, 3).T
        write_pairs(folder / f"{x}-{y}.parquet", Pairs(*columns))
    seconds = time.perf_counter() - started
    return Done(seconds, tuple(parquet_files(folder)), extra={"distinct_pairs": float(n_distinct)})


def _contexts(job: Job, language: int) -> dict[int, list[int]]:
    rows = pq.read_table(job.prepared.file("lists", language))
    return dict(zip(rows["context"].to_pylist(), rows["nodes"].to_pylist(), strict=True))
