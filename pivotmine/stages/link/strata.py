"""Strata: the contexts among which texts may change places by chance.

Words of one source meet in any two of its pages, whatever they mean, and large texts hold more
words of every kind. So the contexts of two languages are split by the source of their document and
by the half octaves of the sizes of both texts, and a pair is tested for what its strata do not
explain.

Both sizes count. Windows are of limited length, so where one text is long, the other is short. If
strata were of the size of the whole context, words would meet less often than those of texts that
change places, and the rate would come out too high. Texts that translate each other are of equal
size, so whole octaves are too wide.

A small stratum would explain too much: in five contexts, two words that always meet are expected to
meet five times. So neighbouring sizes of a source are joined until each stratum has
`min_contexts`, those of the first text before those of the second. Sources that have fewer contexts
in all are one source, *the rest*, and so are the smallest sources beyond `max_strata` strata of a
language pair. If the sizes of the rest alone are too many, more of them are joined. This depends
on the corpus alone, not on how it is split into tasks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.numeric.arrays import readonly
from pivotmine.numeric.folded_contexts import FoldedContexts
from pivotmine.stages.count.language_pairs import language_pairs

_STEPS = 44
"""Half octaves of sizes; a context holds below 2**22 nodes of a language (`pair_counts`)."""

SIZES = _STEPS**2
"""Classes of contexts by size: half octave of the first text * 44 + that of the second."""

CELLS = pa.schema(
    [
        ("language_a", pa.int32()),
        ("language_b", pa.int32()),
        ("source", pa.int64()),
        ("size", pa.int32()),
        ("n", pa.int64()),
        ("events", pa.int64()),
    ]
)
"""Contexts of a language pair by source and class of size, and the pairs of nodes in them."""


class PairStrata(NamedTuple):
    """The strata of a language pair."""

    sources: NDArray[np.uint32]
    """[M] hashes of sources that have strata of their own, ascending."""

    stratum: NDArray[np.int16]
    """[M + 1, SIZES] stratum of each source and class of size; the last row is the rest."""

    sizes: NDArray[np.int64]
    """[S] contexts of each stratum."""


class MixedContexts(NamedTuple):
    """The contexts of two languages a < b, with what strata are made of."""

    languages: tuple[int, int]
    context: NDArray[np.int32]
    """[M] ascending."""

    starts: tuple[NDArray[np.int64], NDArray[np.int64]]
    """[M] each: where the nodes of a, and of b, begin."""

    lengths: tuple[NDArray[np.int64], NDArray[np.int64]]
    """[M] each: how many nodes of a, and of b."""

    sources: NDArray[np.uint32]
    """[M]"""

    size_class: NDArray[np.int64]
    """[M] in 0..SIZES - 1."""


Strata = Mapping[tuple[int, int], PairStrata]
"""Strata of every language pair that meets, by the indices of its languages."""


def mixed_contexts(
    contexts: FoldedContexts, first_node: NDArray[np.int64]
) -> Iterator[MixedContexts]:
    """The contexts of every two languages that meet; parameters and errors of `language_pairs`."""
    nodes = readonly(contexts.token_ids, np.int32, "token_ids")
    for pair in language_pairs(contexts.offsets, nodes, first_node):
        lengths = (pair.a.end - pair.a.start, pair.b.end - pair.b.start)
        first, second = (np.floor(2 * np.log2(length)).astype(np.int64) for length in lengths)
        languages = (pair.language_a, pair.language_b)
        starts = (pair.a.start, pair.b.start)
        sources = contexts.sources[pair.context]
        yield MixedContexts(
            languages, pair.context, starts, lengths, sources, first * _STEPS + second
        )


def cells(
    contexts: FoldedContexts, first_node: NDArray[np.int64], by_source: bool, by_size: bool
) -> Iterator[pa.RecordBatch]:
    """Rows of `CELLS` for some contexts; what does not split them is 0."""
    for mixed in mixed_contexts(contexts, first_node):
        source = mixed.sources.astype(np.int64) * by_source
        keys, place, n = np.unique(
            source * SIZES + mixed.size_class * by_size, return_inverse=True, return_counts=True
        )
        events = np.zeros(len(keys), np.int64)
        np.add.at(events, place, mixed.lengths[0] * mixed.lengths[1])
        columns = (
            np.full(len(keys), mixed.languages[0], np.int32),
            np.full(len(keys), mixed.languages[1], np.int32),
            keys // SIZES,
            (keys % SIZES).astype(np.int32),
            n.astype(np.int64),
            events,
        )
        yield pa.RecordBatch.from_arrays([pa.array(column) for column in columns], schema=CELLS)


def plan_strata(
    found: pa.Table, min_contexts: int, max_strata: int
) -> dict[tuple[int, int], PairStrata]:
    """Strata of every language pair.

    Parameters
    ----------
    found
        Rows of `CELLS`, summed. Sources of fewer than `min_contexts` contexts may come together, as
        a source of -1.
    min_contexts
        Fewest contexts of a stratum; only the rest may be smaller.
    max_strata
        Most strata of a language pair.
    """
    a, b, source, size, n = (found[name].to_numpy() for name in CELLS.names[:5])
    strata = {}
    for pair in sorted(set(zip(a.tolist(), b.tolist(), strict=True))):
        of_pair = (a == pair[0]) & (b == pair[1])
        strata[pair] = _of_pair(
            source[of_pair], size[of_pair], n[of_pair], min_contexts, max_strata
        )
    return strata


def strata_of(mixed: MixedContexts, strata: Strata) -> NDArray[np.int64]:
    """[M] stratum of each context of a language pair.

    Raises
    ------
    InputError
        The language pair has no strata: the contexts are not those that were counted.
    """
    if mixed.languages not in strata:
        raise InputError(f"languages {mixed.languages} meet, and have no strata")
    own, stratum, _ = strata[mixed.languages]
    row = np.searchsorted(own, mixed.sources)
    row[row == len(own)] = max(len(own) - 1, 0)
    is_own = own[row] == mixed.sources if len(own) else np.zeros(len(row), np.bool_)
    return stratum[np.where(is_own, row, len(own)), mixed.size_class].astype(np.int64)


def _of_pair(
    source: NDArray[np.int64],
    size: NDArray[np.int64],
    n: NDArray[np.int64],
    min_contexts: int,
    max_strata: int,
) -> PairStrata:
    names, place = np.unique(source, return_inverse=True)
    table = np.zeros((len(names), SIZES), np.int64)
    np.add.at(table, (place, size), n)
    totals = table.sum(axis=1)
    # Largest first, ties by hash.
    order = np.lexsort((names, -totals))
    order = order[(totals[order] >= min_contexts) & (names[order] >= 0)]
    while True:
        rest = np.ones(len(names), np.bool_)
        rest[order] = False
        rows = [*(table[i] for i in order), table[rest].sum(axis=0)]
        if not rest.any():
            rows.pop()
        groups = [_joined_sizes(row, min_contexts) for row in rows]
        if sum(int(group.max()) + 1 for group in groups) <= max_strata:
            break
        if len(order):
            order = order[:-1]
        else:
            min_contexts *= 2
    starts = np.cumsum([0, *(int(group.max()) + 1 for group in groups)])
    stratum = np.stack([group + start for group, start in zip(groups, starts[:-1], strict=True)])
    sizes = np.zeros(starts[-1], np.int64)
    np.add.at(sizes, stratum, np.stack(rows))
    if not rest.any():
        # No context is looked up there.
        stratum = np.concatenate((stratum, stratum[-1:]))
    by_hash = np.argsort(names[order], kind="stable")
    own = names[order][by_hash].astype(np.uint32)
    return PairStrata(
        own, np.append(stratum[:-1][by_hash], stratum[-1:], 0).astype(np.int16), sizes
    )


def _joined_sizes(n: NDArray[np.int64], min_contexts: int) -> NDArray[np.int64]:
    """[SIZES] groups from 0 up, each of `min_contexts` or more if all classes hold so many."""
    by_steps = n.reshape(_STEPS, _STEPS)
    rows = _joined_steps(by_steps.sum(axis=1), min_contexts)
    group = np.zeros_like(by_steps)
    n_groups = 0
    for row in range(int(rows[-1]) + 1):
        columns = _joined_steps(by_steps[rows == row].sum(axis=0), min_contexts)
        group[rows == row] = n_groups + columns
        n_groups += int(columns[-1]) + 1
    return group.reshape(-1)


def _joined_steps(n: NDArray[np.int64], min_contexts: int) -> NDArray[np.int64]:
    """[_STEPS] groups from 0 up, each of `min_contexts` or more if all steps hold so many."""
    group = np.zeros(_STEPS, np.int64)
    current, held, left = 0, 0, int(n.sum())
    for step in range(_STEPS):
        # A group is closed where what follows suffices for another one.
        if held >= min_contexts and left >= min_contexts:
            current, held = current + 1, 0
        group[step] = current
        held += int(n[step])
        left -= int(n[step])
    return group
