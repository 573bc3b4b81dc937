"""PivotMine's counting stages, and what a user would count with instead.

    python -m bench.counting.contenders FOLDER WAY

runs one way alone in a process: `FOLDER/job.json` holds a `Job`, and the answer, a `Done`, is
written to `FOLDER/done.json`. The rivals count one language pair after another, so that no pair
within a language is made.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter, defaultdict
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import TypeAdapter

from bench.counting.answers import Pairs, write_pairs
from bench.counting.prepare import Prepared
from bench.counting.ways import Done, Job, way

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

DUCKDB_MEMORY_SHARE = 0.8
"""Share of the memory limit that DuckDB may fill before it spills; it overshoots a little."""

_JOIN = """
    SELECT x.node AS a, y.node AS b, count(*) AS n FROM {x} x JOIN {y} y USING (context)
    GROUP BY x.node, y.node HAVING count(*) >= {min_count}
"""


@way("pivotmine", "PivotMine")
def stage(job: Job) -> Done:
    """Stages `contexts` and `count` through the runner: reads a committed lake, cuts contexts,
    counts pairs by fold and margins, commits.
    """
    from rich.console import Console

    from bench.counting.lakes import commit_files
    from pivotmine.engine.runner import run_stages
    from pivotmine.engine.session import build_session
    from pivotmine.lake.lake import Lake
    from pivotmine.recipe.reading import load_recipe
    from pivotmine.show.progress import PlainDisplay
    from pivotmine.stages.road import choose_stages

    facts = job.prepared.facts
    recipe = load_recipe(
        None,
        [
            f"spark.master=local[{job.threads}]",
            *job.overrides,
            f"lake.warehouse={job.out / 'lake'}",
            f"languages=[{', '.join(facts.languages)}]",
            f"count.context={facts.context}",
            # The other ways count all lines, too, and know no layouts.
            "count.max_line_documents=0",
            "count.block_layouts=false",
        ],
    )
    started = time.perf_counter()
    lake = Lake(recipe.lake)
    tables = {"tokens": job.prepared.token_files, "vocabulary": [job.prepared.vocabulary_file]}
    commit_files(lake, tables)
    aside_seconds = time.perf_counter() - started
    spark = build_session(recipe.spark)
    display = PlainDisplay(Console(stderr=True, emoji=False))
    started = time.perf_counter()
    stages = (*choose_stages("contexts"), *choose_stages("count"))
    run_stages(recipe, stages, lambda: spark, display, force=True)
    seconds = time.perf_counter() - started
    paths = tuple(path.removeprefix("file://") for path in Lake(recipe.lake).files("counts"))
    return Done(seconds, paths, aside_seconds=aside_seconds)


@way("duckdb", "DuckDB self-join")
def duckdb_sql(job: Job) -> Done:
    """Self-join on the context, GROUP BY, HAVING; may spill."""
    import duckdb

    folder = _pairs_folder(job)
    connection = duckdb.connect()
    connection.execute(f"SET threads = {job.threads}")
    connection.execute(f"SET memory_limit = '{job.memory_bytes * DUCKDB_MEMORY_SHARE:.0f}B'")
    connection.execute(f"SET temp_directory = '{job.out / 'spill'}'")
    connection.execute("SET preserve_insertion_order = false")
    started = time.perf_counter()
    for x, y in job.prepared.language_pairs():
        sides = (f"read_parquet('{job.prepared.contexts_file(side)}')" for side in (x, y))
        query = _JOIN.format(x=next(sides), y=next(sides), min_count=job.prepared.facts.min_count)
        to = folder / f"{x}-{y}.parquet"
        connection.execute(f"COPY ({query}) TO '{to}' (FORMAT parquet, COMPRESSION zstd)")
    return _done(started, folder)


@way("polars", "Polars", packages=("polars",))
def polars_frames(job: Job) -> Done:
    """Lazy join on the context, group_by, filter, on the streaming engine."""
    import polars as pl

    folder = _pairs_folder(job)
    started = time.perf_counter()
    for x, y in job.prepared.language_pairs():
        of_x = pl.scan_parquet(job.prepared.contexts_file(x)).rename({"node": "a"})
        of_y = pl.scan_parquet(job.prepared.contexts_file(y)).rename({"node": "b"})
        (
            of_x.join(of_y, on="context")
            .group_by("a", "b")
            .agg(pl.len().alias("n"))
            .filter(pl.col("n") >= job.prepared.facts.min_count)
            .sink_parquet(folder / f"{x}-{y}.parquet", engine="streaming")
        )
    return _done(started, folder)


@way("spark-sql", "Spark SQL self-join")
def spark_sql(job: Job) -> Done:
    """Self-join on the context, GROUP BY, HAVING; PivotMine's own session settings."""
    from pivotmine.engine.session import build_session
    from pivotmine.recipe.reading import load_recipe

    recipe = load_recipe(None, [f"spark.master=local[{job.threads}]", *job.overrides])
    spark = build_session(recipe.spark)
    for language in range(len(job.prepared.facts.languages)):
        rows = spark.read.parquet(job.prepared.contexts_file(language))
        rows.createOrReplaceTempView(f"contexts_{language}")
    folder = job.out / "pairs"
    started = time.perf_counter()
    for x, y in job.prepared.language_pairs():
        query = _JOIN.format(
            x=f"contexts_{x}", y=f"contexts_{y}", min_count=job.prepared.facts.min_count
        )
        spark.sql(query).write.mode("append").parquet(str(folder))
    return _done(started, folder)


@way("dicts", "Python dictionaries", one_thread=True)
def dictionaries(job: Job) -> Done:
    """A Counter over the pairs of every context, as He et al. (2025) counted."""
    folder = _pairs_folder(job)
    started = time.perf_counter()
    n_distinct = 0
    for x, y in job.prepared.language_pairs():
        of_y = _nodes_by_context(job.prepared, y)
        counts: Counter[tuple[int, int]] = Counter()
        for context, nodes in _nodes_by_context(job.prepared, x).items():
            counts.update(product(nodes, of_y.get(context, ())))
        n_distinct += len(counts)
        kept = [(a, b, n) for (a, b), n in counts.items() if n >= job.prepared.facts.min_count]
        columns = np.array(kept, np.int64).reshape(-1, 3).T
        write_pairs(folder / f"{x}-{y}.parquet", [Pairs(*columns)])
    return _done(started, folder, n_distinct)


@way("scipy", "scipy sparse product", one_thread=True)
def scipy_product(job: Job) -> Done:
    """Incidence matrices of the two languages, A^T B."""
    folder, facts = _pairs_folder(job), job.prepared.facts
    started = time.perf_counter()
    n_distinct = 0
    for x, y in job.prepared.language_pairs():
        met = _incidence(job.prepared, x).T.tocsr() @ _incidence(job.prepared, y)
        n_distinct += met.nnz
        kept = np.flatnonzero(met.data >= facts.min_count)
        a = np.searchsorted(met.indptr, kept, side="right") - 1 + x * facts.vocab_size
        b = met.indices[kept].astype(np.int64) + y * facts.vocab_size
        pairs = Pairs(a.astype(np.int64), b, met.data[kept].astype(np.int64))
        write_pairs(folder / f"{x}-{y}.parquet", [pairs])
    return _done(started, folder, n_distinct)


def _incidence(prepared: Prepared, language: int) -> csr_matrix:
    """CSR matrix of ones, [n_contexts, tokens of the language]."""
    from scipy.sparse import csr_matrix

    facts = prepared.facts
    context, node = _columns(prepared, language)
    offsets = np.searchsorted(context, np.arange(facts.n_contexts + 1))
    column = node - language * facts.vocab_size
    width = int(column.max()) + 1 if len(column) else 0
    ones = np.ones(len(column), np.int32)
    return csr_matrix((ones, column, offsets), shape=(facts.n_contexts, width))


def _columns(prepared: Prepared, language: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Context and node of a language, sorted by context."""
    rows = pq.read_table(prepared.contexts_file(language))
    return rows["context"].to_numpy(), rows["node"].to_numpy()


def _nodes_by_context(prepared: Prepared, language: int) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    context_and_node = (column.tolist() for column in _columns(prepared, language))
    for context, node in zip(*context_and_node, strict=True):
        found[context].append(node)
    return found


def _pairs_folder(job: Job) -> Path:
    folder = job.out / "pairs"
    folder.mkdir()
    return folder


def _done(started: float, folder: Path, n_distinct: int | None = None) -> Done:
    seconds = time.perf_counter() - started
    files = tuple(sorted(map(str, folder.rglob("*.parquet"))))
    return Done(seconds, files, n_distinct=n_distinct)


WAYS = {
    way.name: way
    for way in (stage, spark_sql, duckdb_sql, polars_frames, scipy_product, dictionaries)
}
"""By name; PivotMine first, since the others are compared with it."""


def main() -> None:
    """Run the way that the arguments name, on as many cores as its job allows."""
    folder, name = Path(sys.argv[1]), sys.argv[2]
    job = TypeAdapter(Job).validate_json((folder / "job.json").read_bytes())
    # Libraries differ in the variable that they obey. All of them, and the JVM, obey the affinity.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: job.threads])
    for variable in ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = str(job.threads)
    done = WAYS[name].count(job)
    (folder / "done.json").write_bytes(TypeAdapter(Done).dump_json(done))


if __name__ == "__main__":
    main()
