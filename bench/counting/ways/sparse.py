"""Sparse products on one thread: scipy from nodes, and scikit-learn from words."""

from __future__ import annotations

import time

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import sparse

from bench.counting.answers import Pairs, parquet_files, write_pairs
from bench.counting.ways import Done, Job


def run_scipy(job: Job) -> Done:
    """Incidence matrices from columns (context, node), and their product."""
    folder = job.out / "pairs"
    folder.mkdir()
    facts = job.prepared.facts
    n_products = 0
    started = time.perf_counter()
    for x, y in job.prepared.language_pairs():
        sides = []
        for language in (x, y):
            rows = pq.read_table(job.prepared.file("long", language))
            context, node = (rows[name].to_numpy() for name in ("context", "node"))
            sides.append(incidence(context, node - language * facts.vocab_size, facts.n_contexts))
        product = sides[0].T.tocsr() @ sides[1]
        n_products += product.nnz
        a, b, n = at_least(product, facts.min_count)
        pairs = Pairs(a + x * facts.vocab_size, b + y * facts.vocab_size, n)
        write_pairs(folder / f"{x}-{y}.parquet", pairs)
    seconds = time.perf_counter() - started
    return Done(seconds, tuple(parquet_files(folder)), extra={"distinct_pairs": float(n_products)})


def run_sklearn(job: Job) -> Done:
    """A vectorizer for each language, its rows brought together by context, and the product."""
    import sklearn.feature_extraction.text  # noqa: F401  # imported before the clock starts

    folder = job.out / "pairs"
    folder.mkdir()
    started = time.perf_counter()
    sides = [_vectorize(job, language) for language in range(len(job.prepared.facts.languages))]
    for x, y in job.prepared.language_pairs():
        of_x, of_y = sides[x], sides[y]
        if of_x is None or of_y is None:
            continue
        _, rows_x, rows_y = np.intersect1d(of_x[0], of_y[0], True, return_indices=True)
        product = of_x[1][rows_x].T.tocsr() @ of_y[1][rows_y]
        a, b, n = at_least(product, job.prepared.facts.min_count)
        write_pairs(folder / f"{x}-{y}.parquet", Pairs(of_x[2][a], of_y[2][b], n))
    return Done(time.perf_counter() - started, tuple(parquet_files(folder)))


def _vectorize(
    job: Job, language: int
) -> tuple[NDArray[np.int32], sparse.csr_matrix, NDArray[np.int64]] | None:
    """Contexts, their matrix, and the node of every column; None where there are no contexts."""
    from sklearn.feature_extraction.text import CountVectorizer

    rows = pq.read_table(job.prepared.file("text", language))
    if not len(rows):
        return None
    vectorizer = CountVectorizer(binary=True, analyzer=str.split, dtype=np.int32)
    matrix = vectorizer.fit_transform(rows["text"].to_pylist())
    return rows["context"].to_numpy(), matrix, vectorizer.get_feature_names_out().astype(np.int64)


def incidence(
    context: NDArray[np.int32], column: NDArray[np.int32], n_contexts: int
) -> sparse.csr_matrix:
    """CSR matrix of ones, [n_contexts, largest column + 1], from rows in the order of contexts."""
    offsets = np.searchsorted(context, np.arange(n_contexts + 1))
    width = int(column.max()) + 1 if len(column) else 0
    ones = np.ones(len(column), np.int32)
    return sparse.csr_matrix((ones, column, offsets), shape=(n_contexts, width))


def at_least(product: sparse.csr_matrix, min_count: int) -> Pairs:
    """Entries at or above a count, as (row, column, value)."""
    kept = np.flatnonzero(product.data >= min_count)
    row = np.searchsorted(product.indptr, kept, side="right") - 1
    columns = (row, product.indices[kept], product.data[kept])
    return Pairs(*(column.astype(np.int64) for column in columns))
