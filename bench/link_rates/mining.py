"""Contexts to links in one process: the kernels of the link stage in its order, without Spark."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pivotmine.numeric.folded_contexts import FoldedContexts
from pivotmine.numeric.nodes import NodeTable, node_table
from pivotmine.recipe.linking import LinkConfig
from pivotmine.stages.count.count_rows import PairNames, count_rows
from pivotmine.stages.count.margins import count_margins, margin_table
from pivotmine.stages.count.pair_counts import count_pairs
from pivotmine.stages.count.pair_runs import PairRun
from pivotmine.stages.link.associate import CANDIDATES, LEAST_CAP, PairTest, candidates
from pivotmine.stages.link.contest import WON, Contest, contenders, contest, won_rows
from pivotmine.stages.link.families import family_sizes
from pivotmine.stages.link.permuted_contexts import permuted_contexts
from pivotmine.stages.link.rows_here import RowsHere
from pivotmine.stages.link.selection import Selected, select_links
from pivotmine.stages.link.strata import CELLS, cells, plan_strata
from pivotmine.stages.link.stratum_margins import stratum_margins, stratum_runs

LANGUAGES = ("aa", "bb")
MIN_COUNT = 5
N_FOLDS = 4


def mine(
    contexts: FoldedContexts, n_words: int, settings: Sequence[LinkConfig]
) -> list[Selected[RowsHere]]:
    """Links of contexts of two languages with `n_words` nodes each; node i is token i.

    Parameters
    ----------
    settings
        They may differ in their rate, the highest of which comes last.
    """
    rows, tests = _tested(contexts, n_words, settings[-1])
    return [select_links(rows, tests, each.permutations, each) for each in settings]


def _tested(
    contexts: FoldedContexts, n_words: int, settings: LinkConfig
) -> tuple[RowsHere, pa.Table]:
    """Candidates, and the sizes of the families of tests."""
    nodes, first = _nodes(n_words), np.array([0, n_words, 2 * n_words])
    by = ("source" in settings.strata, "size" in settings.strata)
    found = [pa.Table.from_batches([row]) for row in cells(contexts, first, *by)]
    strata = plan_strata(
        pa.concat_tables([CELLS.empty_table(), *found]),
        settings.min_stratum_contexts,
        settings.max_strata,
    )
    runs = list(stratum_runs(contexts, first, strata, settings.max_strata))
    run = PairRun(*(np.concatenate(column) for column in zip(*runs, strict=True)))
    margins = stratum_margins(run, strata, 2 * n_words, 2, settings.max_strata)
    # Copies are told by spelling, and no word is spelled like its translation here.
    spelling = np.arange(2 * n_words, dtype=np.int32)
    test = PairTest(
        *(LANGUAGES, nodes, spelling, margins, settings.measure),
        *(settings.min_npmi, settings.min_folds, max(settings.max_q_value, LEAST_CAP)),
    )
    names = _names(contexts, first, nodes)
    worlds = [contexts]
    worlds += [
        permuted_contexts(contexts, first, strata, number)
        for number in range(settings.permutations)
    ]
    rows = pa.concat_tables(
        _candidates(world, first, names, number, test) for number, world in enumerate(worlds)
    )

    def hold(links: pa.Table) -> pa.Table:
        return _won(links, worlds, nodes)

    here = RowsHere(rows.combine_chunks(), hold, settings.max_contenders)
    return here, family_sizes(names, spelling, MIN_COUNT)


def _nodes(n_words: int) -> NodeTable:
    """Tokens of the two languages are apart, so that none is a copy."""
    token = np.arange(2 * n_words, dtype=np.int32)
    language = np.repeat(np.array([0, 1], np.int8), n_words)
    return node_table(token, language, 2 * n_words, 2)


def _names(contexts: FoldedContexts, first: NDArray[np.int64], nodes: NodeTable) -> PairNames:
    counted = count_margins(contexts, first)
    margins = margin_table(counted.token_id, counted.other_language, counted.n, len(nodes.token))
    return PairNames(LANGUAGES, nodes.token, nodes.language[:-1], margins, counted.n_contexts)


def _candidates(
    contexts: FoldedContexts,
    first: NDArray[np.int64],
    names: PairNames,
    permutation: int,
    test: PairTest,
) -> pa.Table:
    batches = [
        candidates(
            count_rows(PairRun(block.a, block.b, block.fold_counts), names), permutation, test
        )
        for block in count_pairs(contexts, first, N_FOLDS, min_count=MIN_COUNT)
        if len(block.a)
    ]
    return pa.Table.from_batches(batches, CANDIDATES)


def _won(links: pa.Table, worlds: list[FoldedContexts], nodes: NodeTable) -> pa.Table:
    found = []
    for number, contexts in enumerate(worlds):
        of_world = links.filter(pc.field("permutation") == number)
        order = np.lexsort(
            (of_world["b"].to_numpy(), of_world["a"].to_numpy(), -of_world["strength"].to_numpy())
        )
        a, b = (of_world[side].to_numpy()[order] for side in ("a", "b"))
        held = contenders(a, b, len(nodes.token))
        won = contest(contexts, nodes.language[:-1], held)
        competing = Contest(held, LANGUAGES, nodes.token, nodes.language[:-1])
        found.append(won_rows(competing, won, number))
    return pa.Table.from_batches(found, WON)
