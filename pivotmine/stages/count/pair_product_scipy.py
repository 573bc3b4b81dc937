"""The same product by scipy, where nothing can be compiled; two to three times slower."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.arrays import row_index
from pivotmine.stages.count.language_pairs import Runs
from pivotmine.stages.count.pair_blocks import PairBlock, PairWork, row_blocks

__all__ = ["scipy_product"]


def scipy_product(work: PairWork, block_pairs: int) -> Iterator[PairBlock]:
    """Blocks of counted rows, by scipy."""
    from scipy import sparse  # slow to import, and only this path needs it

    n_contexts = len(work.folds)

    def numbered(runs: Runs, of: range) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Context, and place in `of`, of every token that is in it."""
        sizes = runs.end - runs.start
        before = np.cumsum(sizes) - sizes
        place = np.repeat(runs.start - before, sizes) + np.arange(sizes.sum())
        step, skipped = np.divmod(work.tokens[place].astype(np.int64) - of.start, of.step)
        chosen = (skipped == 0) & (step >= 0) & (step < len(of))
        return np.repeat(np.arange(n_contexts), sizes)[chosen], step[chosen]

    n_partners, first_partner = len(work.partners), work.partners.start
    context, row = numbered(work.pair.a, work.rows)
    ones = np.ones(len(row), np.int32)
    rows = sparse.csr_matrix((ones, (row, context)), (len(work.rows), n_contexts))
    context, partner = numbered(work.pair.b, work.partners)
    # One column for each (partner, fold): a product counts all folds at once.
    column = partner * work.n_folds + work.folds[context]
    ones = np.ones(len(column), np.int32)
    columns = sparse.csr_matrix((ones, (context, column)), (n_contexts, n_partners * work.n_folds))
    partners = np.diff(columns.indptr)[rows.indices]
    # Float sums of integers are exact below 2**53 pair events.
    events = np.bincount(row_index(rows.indptr), partners, len(work.rows)).astype(np.int64)
    for start, end, _, _ in row_blocks(rows.indptr, events, n_partners, block_pairs):
        product = rows[start:end] @ columns
        product.sort_indices()
        a = row_index(product.indptr)
        b, fold = np.divmod(product.indices, work.n_folds)
        begins = np.append(True, (a[1:] != a[:-1]) | (b[1:] != b[:-1]))[: len(a)]
        fold_counts = np.zeros((int(begins.sum()), work.n_folds), np.int32)
        fold_counts[np.cumsum(begins) - 1, fold] = product.data
        kept = fold_counts.sum(axis=1) >= work.min_count
        of_row = np.array(work.rows[start:end], np.int32)
        yield PairBlock(
            len(kept),
            of_row[a[begins][kept]],
            (first_partner + b[begins][kept]).astype(np.int32),
            fold_counts[kept],
        )
