"""Contexts to the links that are won in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.stages.link.contest import Contenders, contest
from pivotmine.udfs.context_files import load_each
from pivotmine.udfs.numbered_tasks import FileRange, numbers

Batches = Iterator[pa.RecordBatch]

SCHEMA = pa.schema(
    [
        ("a", pa.int32()),
        ("b", pa.int32()),
        ("lang_a", pa.string()),
        ("lang_b", pa.string()),
        ("n_won", pa.int64()),
    ]
)


class ContestPlan(NamedTuple):
    """What every task that holds contests has to know."""

    shares: Sequence[tuple[FileRange, ...]]
    """Rows of files of table `contexts` for each task."""

    links: Contenders
    languages: tuple[str, ...]
    token: NDArray[np.int32]
    """[n_nodes]"""

    language: NDArray[np.int8]
    """[n_nodes]"""


def bind(plan: ContestPlan) -> Callable[[Batches], Batches]:
    """Numbers of tasks to rows of `SCHEMA`: links, and the contexts in which a task saw them won.

    Memory: the links, 8 B more for each, and a row of contexts.
    """

    def hold(batches: Batches) -> Batches:
        won = np.zeros(len(plan.links.a), np.int64)
        for number in numbers(batches):
            for contexts in load_each(plan.shares[number]):
                won += contest(contexts, plan.language, plan.links)
        yield _rows(plan, won)

    return hold


def _rows(plan: ContestPlan, won: NDArray[np.int64]) -> pa.RecordBatch:
    some = np.flatnonzero(won)
    a, b = plan.links.a[some], plan.links.b[some]
    languages = pa.array(plan.languages, pa.string())
    columns = {
        "a": pa.array(plan.token[a]),
        "b": pa.array(plan.token[b]),
        "lang_a": languages.take(pa.array(plan.language[a])),
        "lang_b": languages.take(pa.array(plan.language[b])),
        "n_won": pa.array(won[some]),
    }
    return pa.RecordBatch.from_pydict(columns, schema=SCHEMA)
