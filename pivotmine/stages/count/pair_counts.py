"""Exact co-occurrence of tokens across languages, by a row-wise sparse product.

With A and B the context-token incidence of two languages, the counts are A^T B. Gustavson's
row-wise product (ACM Transactions on Mathematical Software 4(3), 1978) takes one token a at a time
and adds up its partners in a dense accumulator (`pair_product.py`). So no pair is hashed or sorted,
each pair is yielded once, already summed, and pairs that met in too few contexts are dropped.

Tasks that hold the same contexts share the work by ranges of rows. The caller adds the counts of
several sets of contexts (`pair_sums.py`).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import ConfigError, InputError
from pivotmine.numeric.arrays import check_range, readonly
from pivotmine.numeric.folded_contexts import FoldedContexts
from pivotmine.stages.count.language_pairs import language_pairs
from pivotmine.stages.count.pair_blocks import PairBlock, PairWork
from pivotmine.stages.count.pair_product import multiply_rows

MAX_TOKENS = 2**34
"""Most tokens of the contexts of one call; an entry of a row has 34 bits for them."""

MAX_LANGUAGE_TOKENS = 2**22 - 1
"""Most token ids of a language, and so most of them in a context."""


def count_pairs(
    contexts: FoldedContexts,
    first_token: NDArray[np.int64],
    n_folds: int,
    *,
    rows: range | None = None,
    min_count: int = 1,
    block_pairs: int = 2**18,
) -> Iterator[PairBlock]:
    """Count every cross-language pair that meets `min_count` times or more, in blocks.

    Language pairs come in ascending order, each in one block or several, and rows are in order
    within and across the blocks of a language pair. Every block owns its memory.

    Memory beyond `language_pairs`: 8 B for each token of the rows in mixed contexts, at most
    16 + 8 * n_folds B a row of a block (or a partner of one token, where it has more),
    4 * n_folds + 4 B a token of the second language, and 2 or 4 B for each of them in contexts.

    Parameters
    ----------
    contexts, first_token
        As for `language_pairs`, with folds 0..n_folds - 1; at most `MAX_TOKENS` tokens.
    rows
        Count only pairs whose first token is in this range, which may have a step; all by
        default.
    min_count
        Pairs that meet in fewer contexts, all folds together, are left out.
    block_pairs
        Most pairs that a block looks at. The default writes blocks of about 6 MB, whose memory is
        reused before it leaves the cache.

    Raises
    ------
    ConfigError
        `block_pairs` or `min_count` is below 1, or `n_folds` is not in 1..256.
    InputError
        Folds, ids or languages out of range, or rows not in order.
    """
    fold = _checked_folds(contexts, first_token, n_folds)
    for name, value in (("block_pairs", block_pairs), ("min_count", min_count)):
        if value < 1:
            raise ConfigError(f"{name}={value}; use 1 or more")
    tokens = readonly(contexts.token_ids, np.int32, "token_ids")
    for pair in language_pairs(contexts.offsets, tokens, first_token):
        languages = (pair.language_a, pair.language_b)
        of_x, of_y = (range(int(first_token[z]), int(first_token[z + 1])) for z in languages)
        counted = of_x if rows is None else _within(rows, of_x)
        if counted:
            work = PairWork(tokens, pair, fold[pair.context], counted, of_y, n_folds, min_count)
            yield from multiply_rows(work, block_pairs)


def _checked_folds(
    contexts: FoldedContexts, first_token: NDArray[np.int64], n_folds: int
) -> NDArray[np.uint8]:
    if not 1 <= n_folds <= 256:
        raise ConfigError(f"n_folds={n_folds}; use 1..256")
    fold = readonly(contexts.folds, np.uint8, "folds")
    check_range(fold, 0, n_folds, "folds")
    if len(fold) != len(contexts.offsets) - 1:
        raise InputError(f"{len(fold)} folds for {len(contexts.offsets) - 1} contexts")
    for name, n, most in (
        ("tokens", len(contexts.token_ids), MAX_TOKENS),
        ("ids of a language", int(np.diff(first_token).max(initial=0)), MAX_LANGUAGE_TOKENS),
    ):
        if n > most:
            raise InputError(f"{n} {name}; at most {most} can be counted at once")
    return fold


def _within(rows: range, language: range) -> range:
    """The rows that are tokens of a language."""
    skipped = max(-(-(language.start - rows.start) // rows.step), 0)
    return range(rows.start + skipped * rows.step, min(rows.stop, language.stop), rows.step)
