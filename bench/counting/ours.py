"""PivotMine's ways: the stages through the runner, and the kernel on contexts in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bench.counting.answers import Pairs, write_pairs
from bench.counting.rivals import columns, pairs_of, products
from bench.counting.ways import Done, Job, way

if TYPE_CHECKING:
    from pivotmine.numeric.folded_contexts import FoldedContexts
    from pivotmine.stages.count.pair_blocks import PairBlock

FOLDS = 4


@way("pivotmine", "PivotMine")
def stage(job: Job) -> Done:
    """Stages `contexts` and `count` through the runner: reads a committed lake, cuts contexts,
    counts pairs by fold and margins, commits.
    """
    from rich.console import Console

    from bench.corpora.lakes import commit_files
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
            # The other ways count all lines, too.
            "count.max_line_documents=0",
        ],
    )
    started = time.perf_counter()
    lake = Lake(recipe.lake)
    tokens = [f"file://{path}" for path in job.prepared.token_files]
    vocabulary = [f"file://{job.prepared.vocabulary_file}"]
    commit_files(lake, {"tokens": tokens, "vocabulary": vocabulary})
    aside_seconds = time.perf_counter() - started
    spark = build_session(recipe.spark)
    display = PlainDisplay(Console(stderr=True, emoji=False))
    started = time.perf_counter()
    stages = (*choose_stages("contexts"), *choose_stages("count"))
    run_stages(recipe, stages, lambda: spark, display, force=True)
    seconds = time.perf_counter() - started
    paths = tuple(path.removeprefix("file://") for path in Lake(recipe.lake).files("counts"))
    return Done(seconds, paths, aside_seconds=aside_seconds)


@way("kernel", "PivotMine kernel", one_thread=True)
def kernel(job: Job) -> Done:
    """count_pairs with one fold, which is what the sparse product computes."""
    return _kernel(job, n_folds=1, min_count=1)


@way("kernel-folds", "PivotMine kernel, 4 folds", one_thread=True)
def kernel_folds(job: Job) -> Done:
    """count_pairs as the stage calls it: counts by fold, pairs below min_count left out."""
    return _kernel(job, FOLDS, job.prepared.facts.min_count)


@way("kernel-scipy", "scipy sparse product", one_thread=True)
def kernel_scipy(job: Job) -> Done:
    """A^T B from the same arrays in memory; nothing filtered or written."""
    facts = job.prepared.facts
    sides = [columns(job.prepared, language) for language in range(len(facts.languages))]
    return _timed(
        job,
        lambda: products(job.prepared, sides.__getitem__),
        pairs=lambda found: pairs_of(*found, facts),
        n_distinct=lambda found: int(found[1].nnz),
    )


def _kernel(job: Job, n_folds: int, min_count: int) -> Done:
    from pivotmine.numeric.folded_contexts import FoldedContexts
    from pivotmine.stages.count.pair_counts import count_pairs

    facts = job.prepared.facts
    first_node = np.arange(len(facts.languages) + 1) * facts.vocab_size
    contexts = _contexts(job, n_folds)

    def count(some: FoldedContexts) -> Iterator[PairBlock]:
        return count_pairs(some, first_node, n_folds, min_count=min_count)

    def pairs(block: PairBlock) -> Pairs:
        n = block.fold_counts.sum(axis=1)
        kept = n >= facts.min_count
        return Pairs(*(part[kept].astype(np.int64) for part in (block.a, block.b, n)))

    # Counting one context compiles the loop, or loads it from numba's cache.
    ends = contexts.offsets[:2]
    for _ in count(FoldedContexts(ends, contexts.token_ids[: ends[-1]], contexts.folds[:1])):
        pass
    return _timed(job, lambda: count(contexts), pairs, n_distinct=lambda block: block.n_met)


def _timed(
    job: Job,
    count: Callable[[], Iterator[Any]],
    pairs: Callable[[Any], Pairs],
    n_distinct: Callable[[Any], int],
) -> Done:
    """Time a pass that keeps nothing; a second pass writes the pairs, to be compared."""
    started = time.perf_counter()
    distinct = sum(map(n_distinct, count()))
    seconds = time.perf_counter() - started
    file = write_pairs(job.out / "pairs.parquet", map(pairs, count()))
    aside_seconds = time.perf_counter() - started - seconds
    return Done(seconds, (file,), aside_seconds, distinct)


def _contexts(job: Job, n_folds: int) -> FoldedContexts:
    from pivotmine.numeric.folded_contexts import FoldedContexts

    facts = job.prepared.facts
    parts = [columns(job.prepared, language) for language in range(len(facts.languages))]
    context, node = (np.concatenate(part) for part in zip(*parts, strict=True))
    # Nodes are numbered by (language, token), so this is the order that the kernel needs.
    order = np.lexsort((node, context))
    offsets: NDArray[np.int64] = np.searchsorted(context[order], np.arange(facts.n_contexts + 1))
    folds = (np.arange(facts.n_contexts) % n_folds).astype(np.uint8)
    return FoldedContexts(offsets, node[order], folds)
