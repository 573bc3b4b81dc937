"""Spark itself: SQL over contexts that are already cut, and its count-min sketch.

Language pairs are queries of their own, so that no pair within a language is ever made.
"""

from __future__ import annotations

import time

import numpy as np
import pyarrow as pa
from pyspark.sql import SparkSession

from bench.counting.answers import parquet_files, read_pairs
from bench.counting.prepare import Facts
from bench.counting.ways import Done, Job
from pivotmine.engine.session import build_session
from pivotmine.recipe.reading import load_recipe

SKETCH_ERROR = 1e-6
SKETCH_CONFIDENCE = 0.95
"""2 / error counters a row, and 5 rows for this confidence: 80 MB, as a user might afford."""

_JOIN = """
    WITH x AS (SELECT context, explode(nodes) AS a FROM lists_{x}),
         y AS (SELECT context, explode(nodes) AS b FROM lists_{y})
    SELECT a, b, count(*) AS n FROM x JOIN y USING (context)
    GROUP BY a, b HAVING count(*) >= {min_count}
"""

_EVENTS = """
    SELECT a, b FROM (
        SELECT explode(x.nodes) AS a, y.nodes AS of_y
        FROM lists_{x} x JOIN lists_{y} y USING (context)
    ) LATERAL VIEW explode(of_y) AS b
"""

_LISTS = f"""
    SELECT a, b, count(*) AS n FROM ({_EVENTS})
    GROUP BY a, b HAVING count(*) >= {{min_count}}
"""


def run_join(job: Job) -> Done:
    """Explode, then join tokens on their context."""
    return _run(job, _JOIN)


def run_lists(job: Job) -> Done:
    """Join the lists of a context, then explode."""
    return _run(job, _LISTS)


def run_sketch(job: Job, error: float = SKETCH_ERROR) -> Done:
    """`count_min_sketch` over all pair events, and how much it over-counts the heaviest pairs.

    Pairs are hashed to one key first. Packed into a long as a * 2**32 + b they would collide in
    every row of the sketch wherever a + b is equal: its own hash is one multiplication, after which
    the halves of the product are added.
    """
    spark = _session(job)
    started = time.perf_counter()
    events = " UNION ALL ".join(
        f"({_EVENTS.format(x=x, y=y)})" for x, y in job.prepared.language_pairs()
    )
    sketch = f"count_min_sketch(xxhash64(a, b), {error}D, {SKETCH_CONFIDENCE}D, 1)"
    row = spark.sql(f"SELECT {sketch} FROM ({events})").first()
    seconds = time.perf_counter() - started
    assert row is not None
    extra = {"sketch_bytes": float(len(row[0]))}
    if job.heaviest is not None:
        extra |= _over_count(spark, bytes(row[0]), job.heaviest, job.prepared.facts)
    return Done(seconds, aside_seconds=time.perf_counter() - started - seconds, extra=extra)


def _run(job: Job, query: str) -> Done:
    spark = _session(job)
    folder = job.out / "pairs"
    started = time.perf_counter()
    for x, y in job.prepared.language_pairs():
        rows = spark.sql(query.format(x=x, y=y, min_count=job.prepared.facts.min_count))
        rows.write.mode("append").parquet(str(folder))
    return Done(time.perf_counter() - started, tuple(parquet_files(folder)))


def _session(job: Job) -> SparkSession:
    config = load_recipe(None, [f"spark.master=local[{job.threads}]", *job.overrides])
    spark = build_session(config.spark)
    for language in range(len(job.prepared.facts.languages)):
        lists = spark.read.parquet(job.prepared.file("lists", language))
        lists.createOrReplaceTempView(f"lists_{language}")
    return spark


def _over_count(
    spark: SparkSession, sketch: bytes, heaviest: str, facts: Facts
) -> dict[str, float]:
    """Mean and largest over-count of the heaviest pairs. Only the JVM can read a sketch."""
    (pairs,) = read_pairs([heaviest], facts)
    jvm = spark._jvm
    assert jvm is not None
    read = jvm.org.apache.spark.util.sketch.CountMinSketch.readFrom(bytearray(sketch))
    ids = spark.createDataFrame(pa.table({"a": pairs.a, "b": pairs.b}))
    keys = ids.selectExpr("xxhash64(int(a), int(b)) AS pair").toArrow()["pair"].to_pylist()
    estimates = np.array([read.estimateCount(key) for key in keys])
    over = estimates - pairs.n
    if len(over) and over.min() < 0:
        raise AssertionError("a count-min sketch never under-counts, and this one did")
    if not len(over):
        return {}
    return {
        "heaviest_pairs": float(len(over)),
        "heaviest_mean": float(pairs.n.mean()),
        "over_count_mean": float(over.mean()),
        "over_count_max": float(over.max()),
    }
