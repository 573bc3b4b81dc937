"""DuckDB: one self-join for each pair of languages."""

from __future__ import annotations

import time

import duckdb

from bench.counting.answers import parquet_files
from bench.counting.ways import Done, Job

MEMORY_SHARE = 0.8
"""Share of the limit that DuckDB may fill before it spills; it overshoots a little."""

_QUERY = """
    COPY (
        SELECT x.node AS a, y.node AS b, count(*) AS n
        FROM read_parquet('{x}') x JOIN read_parquet('{y}') y USING (context)
        GROUP BY ALL HAVING count(*) >= {min_count}
    ) TO '{to}' (FORMAT parquet, COMPRESSION zstd)
"""


def run(job: Job) -> Done:
    """Join, group and filter, from Parquet to Parquet."""
    folder = job.out / "pairs"
    folder.mkdir()
    connection = duckdb.connect()
    connection.execute(f"SET threads = {job.threads}")
    connection.execute(f"SET memory_limit = '{job.memory_bytes * MEMORY_SHARE:.0f}B'")
    connection.execute(f"SET temp_directory = '{job.out / 'spill'}'")
    connection.execute("SET preserve_insertion_order = false")
    started = time.perf_counter()
    for x, y in job.prepared.language_pairs():
        query = _QUERY.format(
            x=job.prepared.file("long", x),
            y=job.prepared.file("long", y),
            min_count=job.prepared.facts.min_count,
            to=folder / f"{x}-{y}.parquet",
        )
        connection.execute(query)
    return Done(time.perf_counter() - started, tuple(parquet_files(folder)))
