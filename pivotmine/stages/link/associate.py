"""The test of a pair: how strong the association of its nodes is, and how sure.

Pairs of the corpus and pairs of permuted contexts are tested by the same code, with the same
criteria. What is left of them goes on: pairs that are strong enough, in enough folds, and that
could pass at the rate of the recipe.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.lake.tables import COUNTS
from pivotmine.numeric.arrow_batches import language_index
from pivotmine.numeric.association import expected, log_likelihood_ratio, p_value_bin
from pivotmine.numeric.measures import strength
from pivotmine.numeric.nodes import NodeTable
from pivotmine.numeric.stratified_association import log10_stratified_p_value, stratified_npmi
from pivotmine.stages.link.stratum_margins import StratumMargins, chance_meetings

Floats = NDArray[np.float64]

LEAST_CAP = 0.05
"""Pairs whose p-value is above both this and `link.max_q_value` are no links, whatever the
permutations say. It bounds what is kept of the counts."""

_COUNTED = tuple(name for name in COUNTS.schema.names if name != "fold_counts")

CANDIDATES = pa.schema(
    [
        ("permutation", pa.int32()),
        *(COUNTS.schema.field(name) for name in _COUNTED),
        ("expected", pa.float64()),
        ("npmi", pa.float64()),
        ("g2", pa.float64()),
        ("strength", pa.float64()),
        ("p_bin", pa.int32()),
        ("folds", pa.int32()),
        ("is_copy", pa.bool_()),
    ]
)
"""Pairs that could be links, with the figures of table `links`; permutation 0 is the corpus.
`strength` is by the measure that ranks partners, `p_bin` by `numeric.association.p_value_bin`."""


class PairTest(NamedTuple):
    """What a pair is tested with."""

    languages: tuple[str, ...]
    nodes: NodeTable
    spelling: NDArray[np.int32]
    """[vocab_size] equal for tokens that are copies of each other."""

    margins: StratumMargins | None
    """None: there are no strata, and chance is over all contexts of the two languages."""

    measure: str
    """Name of the registered measure that gives `strength`."""

    min_npmi: float
    min_folds: int
    max_p_value: float


def candidates(batch: pa.RecordBatch, permutation: int, test: PairTest) -> pa.RecordBatch:
    """Rows of `CANDIDATES` for those of some rows of table `counts` that could be links."""
    n_ab, n_a, n_b, n = (
        batch.column(name).to_numpy().astype(np.float64)
        for name in ("n_ab", "n_a", "n_b", "n_contexts")
    )
    mean, most = _chance(batch, test)
    folds = batch.column("fold_counts").flatten().to_numpy().reshape(len(batch), -1)
    above = (folds > (mean / max(folds.shape[1], 1))[:, None]).sum(axis=1).astype(np.int32)
    npmi = stratified_npmi(n_ab, mean, n)
    kept = np.flatnonzero((n_ab > mean) & (npmi >= test.min_npmi) & (above >= test.min_folds))
    log10_p = log10_stratified_p_value(n_ab[kept], mean[kept], most[kept])
    could = log10_p <= np.log10(test.max_p_value)
    kept, log10_p = kept[could], log10_p[could]
    table = (n_ab[kept], n_a[kept], n_b[kept], n[kept])
    g2 = log_likelihood_ratio(*table)
    rows = batch.take(pa.array(kept))
    a, b = (rows.column(name).to_numpy() for name in ("a", "b"))
    columns = [
        np.full(len(kept), permutation, np.int32),
        *(rows.column(name) for name in _COUNTED),
        mean[kept],
        npmi[kept],
        g2,
        g2 if test.measure == "g2" else strength(test.measure, *table),
        p_value_bin(log10_p),
        above[kept],
        test.spelling[a] == test.spelling[b],
    ]
    return pa.RecordBatch.from_arrays([pa.array(column) for column in columns], schema=CANDIDATES)


def _chance(batch: pa.RecordBatch, test: PairTest) -> tuple[Floats, Floats]:
    """Mean and largest number of the contexts that hold both nodes of each row by chance."""
    if test.margins is None:
        n_a, n_b, n = (
            batch.column(name).to_numpy().astype(np.float64)
            for name in ("n_a", "n_b", "n_contexts")
        )
        return expected(n_a, n_b, n), np.minimum(n_a, n_b)
    a, b = (
        test.nodes.node_of[
            language_index(batch.column(f"lang_{side}"), test.languages),
            batch.column(side).to_numpy(),
        ]
        for side in ("a", "b")
    )
    return chance_meetings(test.margins, a, b, test.nodes.language)
