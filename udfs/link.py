"""Counted pairs to candidates for links, contexts to strata, permutations, and links that win."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.engine.numbered_tasks import FileRange, numbers
from pivotmine.engine.table_files import read_row_range
from pivotmine.lake.tables import CONTEXTS
from pivotmine.numeric.folded_contexts import FoldedContexts, pack
from pivotmine.stages.contexts.context_files import load, load_each
from pivotmine.stages.count.count_rows import PairNames, count_rows
from pivotmine.stages.count.pair_runs import packed_rows
from pivotmine.stages.count.pair_sums import add_run, new_sums, summed
from pivotmine.stages.count.tasks import CountPlan, counted_runs
from pivotmine.stages.link.associate import PairTest, candidates
from pivotmine.stages.link.contest import Contest, contest, won_rows
from pivotmine.stages.link.permuted_contexts import deal, permuted_contexts
from pivotmine.stages.link.strata import Strata, cells
from pivotmine.stages.link.stratum_margins import stratum_runs

Batches = Iterator[pa.RecordBatch]

BLOCKS = pa.schema([pa.field("block", pa.int32()), *CONTEXTS.schema])
"""Rows of table `contexts`, each of one block."""


RANGES = pa.schema([(name, pa.int32()) for name in ("block", "file", "start", "end")])
"""Rows start to end - 1 of a file, by its number, that hold a block."""


class Permutations(NamedTuple):
    """What all tasks on permuted contexts share."""

    blocks: tuple[tuple[FileRange, ...], ...]
    first_node: NDArray[np.int64]
    """[n_languages + 1] where the nodes of each language begin."""

    strata: Strata


class ContestTask(NamedTuple):
    """Contexts in which links compete."""

    permutation: int
    """0: the contexts as they are, read row by row. From 1 on: a permutation of a block."""

    contexts: tuple[FileRange, ...]


def bind_candidates(test: PairTest) -> Callable[[Batches], Batches]:
    """Batches of table `counts` to batches of `associate.CANDIDATES`, pairs of the corpus."""

    def find(batches: Batches) -> Batches:
        return (candidates(batch, 0, test) for batch in batches)

    return find


def bind_cells(
    shares: Sequence[Sequence[FileRange]],
    first_node: NDArray[np.int64],
    by_source: bool,
    by_size: bool,
) -> Callable[[Batches], Batches]:
    """Numbers of shares of table `contexts` to rows of `strata.CELLS`, a language pair at a time.

    Memory: a row of table `contexts`.
    """

    def count(batches: Batches) -> Batches:
        for number in numbers(batches):
            for contexts in load_each(shares[number]):
                yield from cells(contexts, first_node, by_source, by_size)

    return count


def bind_stratum_margins(
    shares: Sequence[Sequence[FileRange]],
    first_node: NDArray[np.int64],
    strata: Strata,
    max_strata: int,
    n_buckets: int,
) -> Callable[[Batches], Batches]:
    """Numbers of shares of table `contexts` to rows of `RUNS`, the margins by stratum.

    Memory: a file's part of a share, 8 B for each node of a language and stratum of a language
    pair, and 24 B for each margin.
    """

    def margins(batches: Batches) -> Batches:
        sums = new_sums(1)
        for number in numbers(batches):
            for part in shares[number]:
                for run in stratum_runs(load([part]), first_node, strata, max_strata):
                    sums = add_run(sums, run)
        yield from packed_rows(summed(sums, 1), n_buckets)

    return margins


def bind_deal(files: Sequence[tuple[str, int]], n_blocks: int) -> Callable[[Batches], Batches]:
    """Numbers of files of table `contexts` to rows of `BLOCKS`."""

    def send(batches: Batches) -> Batches:
        for number in numbers(batches):
            path, n_rows = files[number]
            for contexts in load_each([FileRange(path, 0, n_rows)]):
                for block, part in deal(contexts, n_blocks):
                    columns = [pa.array([value]) for value in pack(part)]
                    yield pa.RecordBatch.from_arrays(
                        [pa.array([block], pa.int32()), *columns], schema=BLOCKS
                    )

    return send


def bind_ranges(files: Sequence[tuple[str, int]]) -> Callable[[Batches], Batches]:
    """Numbers of files with rows of `BLOCKS`, by block, to rows of `RANGES`."""

    def find(batches: Batches) -> Batches:
        for number in numbers(batches):
            path, n_rows = files[number]
            parts = read_row_range(FileRange(path, 0, n_rows))
            block = np.concatenate([part["block"].to_numpy() for part in parts])
            start = np.flatnonzero(np.diff(block, prepend=-1))
            end = np.append(start[1:], len(block))
            columns = (block[start], np.full(len(start), number), start, end)
            yield pa.RecordBatch.from_arrays(
                [pa.array(column.astype(np.int32)) for column in columns], schema=RANGES
            )

    return find


def pass_on(batches: Batches) -> Batches:
    """Batches as they are, for workers that write what a shuffle brought them."""
    return batches


def permutation_of(strata: Strata, number: int) -> Callable[..., FoldedContexts]:
    """What changes contexts for counting (`CountPlan.change`); permutations count from 1."""
    return partial(permuted_contexts, strata=strata, number=number - 1)


def bind_permuted(
    plans: Sequence[CountPlan], names: PairNames, min_count: int, test: PairTest
) -> Callable[[Batches], Batches]:
    """Numbers of tasks to rows of `associate.CANDIDATES`; the contexts must be one block.

    Parameters
    ----------
    plans
        Of each permutation; the tasks of all are numbered one after another.
    """
    tasks = [(plan, task, number) for number, plan in enumerate(plans, 1) for task in plan.tasks]

    def find(batches: Batches) -> Batches:
        for number in numbers(batches):
            plan, task, permutation = tasks[number]
            for run in counted_runs(plan, task, min_count=min_count):
                yield candidates(count_rows(run, names), permutation, test)

    return find


def bind_permuted_sums(
    named: Callable[[Batches], Batches], permutation: int, test: PairTest
) -> Callable[[Batches], Batches]:
    """Summed pairs of a permutation to rows of `associate.CANDIDATES`.

    Parameters
    ----------
    named
        Makes them rows of table `counts` (`udfs.count.bind_named`).
    """

    def find(batches: Batches) -> Batches:
        return (candidates(batch, permutation, test) for batch in named(batches))

    return find


def bind_contest(
    tasks: Sequence[ContestTask], held: Sequence[Contest], permutations: Permutations
) -> Callable[[Batches], Batches]:
    """Numbers of tasks to rows of `contest.WON`: links, and the number of contexts that they won.

    Memory: the links, 8 B more for each, and a row of table `contexts`, or a block that is permuted
    (48 B a token).

    Parameters
    ----------
    held
        The links that compete in the corpus, and in each permutation.
    """

    def hold(batches: Batches) -> Batches:
        for number in numbers(batches):
            task = tasks[number]
            links = held[task.permutation]
            won = np.zeros(len(links.links.a), np.int64)
            for contexts in _contexts_of(task, permutations):
                won += contest(contexts, links.language, links.links)
            yield won_rows(links, won, task.permutation)

    return hold


def _contexts_of(task: ContestTask, permutations: Permutations) -> Iterator[FoldedContexts]:
    if task.permutation == 0:
        yield from load_each(task.contexts)
    else:
        change = permutation_of(permutations.strata, task.permutation)
        yield change(load(task.contexts), permutations.first_node)
