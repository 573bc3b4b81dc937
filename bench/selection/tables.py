"""Tables that stage `select` reads, of any size: synthetic, in files that no driver ever holds.

A task makes documents block by block with the generator of `bench/coverage.py` (links by a Zipf
law, 1 to 100 of them a document, 10 to 20 tokens a link) and writes them as the stages do: four
rows of `scores` a document, method by method in batches of 1,024. Texts and token ids are left
out, since `select` reads neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import SparkSession

from bench.coverage import block, n_links_of
from pivotmine.engine.numbered_tasks import numbers
from pivotmine.engine.stage import ArrowRows
from pivotmine.engine.staging import write_rows
from pivotmine.lake.lake import Lake
from pivotmine.lake.tables import TABLES

LANGUAGES = ("en", "fr", "zh", "ja")
_LANGUAGE_SHARES = (0.5, 0.2, 0.2, 0.1)
_N_SOURCES = 1000
_BLOCK = 50_000
_BATCH = 1024

Columns = Mapping[str, pa.Array]
Batches = Iterator[pa.RecordBatch]


class Size(NamedTuple):
    """What to make."""

    n_documents: int
    files: int = 8
    """Of each table; documents lie in them in the order of their numbers."""

    heaps: float = 0.0
    """Power by which known links grow with documents; 0: as many whatever the corpus."""

    seed: int = 0


class _Documents(NamedTuple):
    doc_id: pa.Array
    lang: pa.Array
    other_lang: pa.Array
    n_tokens: NDArray[np.int32]
    links: pa.ListArray
    draws: NDArray[np.float64]
    """[D, 4] a score by each method."""


def make(spark: SparkSession, lake: Lake, size: Size) -> int:
    """Commit `tokens`, `scores`, `documents` and `links`; returns tokens of the corpus."""
    n_files = min(size.files, size.n_documents)
    tasks = spark.range(0, n_files, numPartitions=n_files)
    staged = {
        name: write_rows(
            lake,
            ArrowRows(tasks, partial(rows_of_files, name, size, n_files), TABLES[name].schema),
            lake.staging_path(name, "made"),
        )
        for name in _MAKE
    }
    links = _links(n_links_of(size.n_documents, size.heaps))
    staged["links"] = write_rows(lake, links, lake.staging_path("links", "made"))
    now = datetime.now(UTC)
    run = {"run_id": "made", "stage": "bench", "fingerprint": "", "inputs": {}, "rows": {}}
    lake.commit({**run, "started_at": now, "finished_at": now}, staged)
    sums = spark.read.parquet(*staged["tokens"]).agg({"n_tokens": "sum"}).first()
    return int(sums[0]) if sums else 0


def rows_of_files(name: str, size: Size, n_files: int, batches: Batches) -> Batches:
    """Rows of a table that belong to the files of these numbers."""
    schema = TABLES[name].schema
    for file in numbers(batches):
        begin, end = (size.n_documents * n // n_files for n in (file, file + 1))
        for documents in _blocks(size, begin, end):
            for columns in _MAKE[name](documents):
                arrays = _complete(columns, len(columns["doc_id"]), schema)
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _blocks(size: Size, begin: int, end: int) -> Iterator[_Documents]:
    """Documents begin to end, the same whatever the files."""
    known = n_links_of(size.n_documents, size.heaps)
    for first in range(begin // _BLOCK * _BLOCK, end, _BLOCK):
        n = min(_BLOCK, size.n_documents - first)
        links, sizes, n_tokens = block(n, known, size.seed, first)
        offsets = np.concatenate(([0], np.cumsum(sizes))).astype(np.int32)
        generator = np.random.default_rng([size.seed, first, 1])
        ids = generator.bytes(16 * _BLOCK).hex()[: 32 * n].encode()
        id_offsets = pa.array(np.arange(n + 1, dtype=np.int32) * 32).buffers()[1]
        draws = generator.random((_BLOCK, 6))[:n]
        spoken = np.searchsorted(np.cumsum(_LANGUAGE_SHARES), draws[:, 4], "right")
        other = (spoken + 1 + (draws[:, 5] * 3).astype(int)) % len(LANGUAGES)
        whole = _Documents(
            pa.StringArray.from_buffers(n, id_offsets, pa.py_buffer(ids)),
            *(pa.array(LANGUAGES).take(pa.array(which)) for which in (spoken, other)),
            n_tokens,
            pa.ListArray.from_arrays(pa.array(offsets), pa.array(links)),
            draws[:, :4],
        )
        low, high = max(begin - first, 0), min(end - first, n)
        for start in range(low, high, _BATCH):
            yield _Documents(*(part[start : min(start + _BATCH, high)] for part in whole))


def _tokens(documents: _Documents) -> Iterator[Columns]:
    yield {
        "doc_id": documents.doc_id,
        "lang": documents.lang,
        "n_tokens": pa.array(documents.n_tokens),
    }


def _documents(documents: _Documents) -> Iterator[Columns]:
    source = (documents.draws[:, 0] * _N_SOURCES).astype(int)
    names = pa.array([f"source {n}" for n in range(_N_SOURCES)])
    yield {"doc_id": documents.doc_id, "source": names.take(pa.array(source))}


def _scores(documents: _Documents) -> Iterator[Columns]:
    """A batch of rows for each method, its two figures as evidence."""
    n_tokens = documents.n_tokens
    covered = pa.array([f"covered_{lang}" for lang in LANGUAGES])
    sides = [
        covered.take(pa.array([LANGUAGES.index(name.as_py()) for name in column]))
        for column in (documents.lang, documents.other_lang)
    ]
    figures = {
        "he2025": [pa.array(["pivot_tokens"] * len(n_tokens)), None],
        "entropy": [documents.lang, documents.other_lang],
        "links": [pa.array(["covered_tokens"] * len(n_tokens)), None],
        "translation": sides,
    }
    for number, (method, keys) in enumerate(figures.items()):
        score = documents.draws[:, number]
        values = [np.floor(n_tokens * (1 - score / 2)), np.ceil(n_tokens * score / 2)]
        rows: dict[str, pa.Array] = {
            "doc_id": documents.doc_id,
            "method": pa.array([method] * len(n_tokens)),
            "score": pa.array(score),
            "n_tokens": pa.array(n_tokens),
            "evidence": _maps(keys, values),
        }
        if method == "translation":
            kinds = np.where(score > 0.5, "parallel", "monolingual")
            rows |= {"type": pa.array(kinds.tolist()), "links": documents.links}
        yield rows


def _maps(keys: list[pa.Array | None], values: list[NDArray[np.float64]]) -> pa.MapArray:
    """Maps of as many entries as there are keys."""
    present = [(key, value) for key, value in zip(keys, values, strict=True) if key is not None]
    n, width = len(values[0]), len(present)
    order = pa.array(np.arange(n * width).reshape(width, n).T.ravel())
    return pa.MapArray.from_arrays(
        pa.array(np.arange(n + 1, dtype=np.int32) * width),
        pa.concat_arrays([key for key, _ in present]).take(order),
        pa.array(np.concatenate([value for _, value in present])).take(order),
    )


_MAKE: dict[str, Callable[[_Documents], Iterator[Columns]]] = {
    "tokens": _tokens,
    "scores": _scores,
    "documents": _documents,
}


def _links(n: int) -> pa.Table:
    """Links from the strongest, of the language pairs in turn."""
    pairs = [(a, b) for a in sorted(LANGUAGES) for b in sorted(LANGUAGES) if a < b]
    number = np.arange(n)
    sides = [[pairs[i % len(pairs)][side] for i in range(n)] for side in (0, 1)]
    columns = {
        "a": number,
        "b": number,
        "lang_a": sides[0],
        "lang_b": sides[1],
        "n_a": np.ones(n, int),
        "n_b": np.ones(n, int),
        "n_contexts": np.full(n, 1024),
        "g2": n - number.astype(float),
        "is_copy": np.zeros(n, bool),
        "prevails": np.ones(n, bool),
    }
    schema = TABLES["links"].schema
    arrays = {name: pa.array(values) for name, values in columns.items()}
    return pa.Table.from_arrays(_complete(arrays, n, schema), schema=schema)


def _complete(columns: Columns, n_rows: int, schema: pa.Schema) -> list[pa.Array]:
    """All columns of a table, null where nothing reads them."""
    return [
        columns[field.name].cast(field.type)
        if field.name in columns
        else pa.nulls(n_rows, field.type)
        for field in schema
    ]
