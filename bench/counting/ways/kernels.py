"""The kernel alone, on contexts in memory: the only place here that calls kernels directly.

What is timed begins with flat arrays of contexts and ends when the last pair was handed out; the
pairs are not kept. Their answer is taken in a second, untimed pass.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import sparse

from bench.counting.answers import Answer, Pairs, answer
from bench.counting.ways import Done, Job
from bench.counting.ways.sparse import at_least, incidence
from pivotmine.numeric.folded_contexts import FoldedContexts
from pivotmine.numeric.jit import Engine
from pivotmine.stages.count.pair_counts import PairCounts, count_pairs

FOLDS = 4


def run_kernel(job: Job) -> Done:
    """Compiled, one fold."""
    return _time(job, partial(_blocks, engine="numba", n_folds=1))


def run_kernel_folds(job: Job) -> Done:
    """Compiled, as the stage calls it."""
    min_count = job.prepared.facts.min_count
    return _time(job, partial(_blocks, engine="numba", n_folds=FOLDS, min_count=min_count))


def run_kernel_numpy(job: Job) -> Done:
    """Without numba."""
    return _time(job, partial(_blocks, engine="numpy", n_folds=1))


def run_scipy(job: Job) -> Done:
    """A^T B for each pair of languages."""
    facts = job.prepared.facts
    sides = [_columns(job, language) for language in range(len(facts.languages))]

    def products() -> Iterator[tuple[int, int, sparse.csr_matrix]]:
        for x, y in job.prepared.language_pairs():
            of_x, of_y = (
                incidence(context, node - language * facts.vocab_size, facts.n_contexts)
                for language, (context, node) in ((x, sides[x]), (y, sides[y]))
            )
            yield x, y, of_x.T.tocsr() @ of_y

    started = time.perf_counter()
    distinct = sum(product.nnz for _, _, product in products())
    seconds = time.perf_counter() - started

    def kept() -> Iterator[Pairs]:
        for x, y, product in products():
            a, b, n = at_least(product, facts.min_count)
            yield Pairs(a + x * facts.vocab_size, b + y * facts.vocab_size, n)

    return _done(started, seconds, answer(kept()), distinct)


def _time(
    job: Job, count: Callable[[FoldedContexts, NDArray[np.int64]], Iterator[PairCounts]]
) -> Done:
    facts = job.prepared.facts
    first_node = np.arange(len(facts.languages) + 1) * facts.vocab_size
    contexts = _contexts(job)
    # One context compiles the loop, or loads it from numba's cache.
    ends = contexts.offsets[:2]
    first = FoldedContexts(ends, contexts.token_ids[: ends[-1]], contexts.folds[:1])
    for _ in count(first, first_node):
        pass
    started = time.perf_counter()
    distinct = sum(block.n_met for block in count(contexts, first_node))
    seconds = time.perf_counter() - started

    def kept() -> Iterator[Pairs]:
        for block in count(contexts, first_node):
            n = block.fold_counts.sum(axis=1)
            columns = (block.a, block.b, n)
            yield Pairs(*(column[n >= facts.min_count].astype(np.int64) for column in columns))

    return _done(started, seconds, answer(kept()), distinct)


def _done(started: float, seconds: float, found: Answer, distinct: int) -> Done:
    aside_seconds = time.perf_counter() - started - seconds
    return Done(
        seconds,
        answer=found,
        aside_seconds=aside_seconds,
        extra={"distinct_pairs": float(distinct)},
    )


def _blocks(
    contexts: FoldedContexts,
    first_node: NDArray[np.int64],
    engine: Engine,
    n_folds: int,
    min_count: int = 1,
) -> Iterator[PairCounts]:
    folds = (np.arange(len(contexts.folds)) % n_folds).astype(np.uint8)
    folded = contexts._replace(folds=folds)
    return count_pairs(folded, first_node, n_folds, min_count=min_count, engine=engine)


def _contexts(job: Job) -> FoldedContexts:
    columns = [_columns(job, language) for language in range(len(job.prepared.facts.languages))]
    context, node = (np.concatenate(parts) for parts in zip(*columns, strict=True))
    # Nodes are numbered by (language, token), so this is the order that the kernel asks for.
    order = np.lexsort((node, context))
    n_contexts = job.prepared.facts.n_contexts
    offsets = np.searchsorted(context[order], np.arange(n_contexts + 1))
    return FoldedContexts(offsets, node[order], np.zeros(n_contexts, np.uint8))


def _columns(job: Job, language: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    rows = pq.read_table(job.prepared.file("long", language))
    return rows["context"].to_numpy(), rows["node"].to_numpy()
