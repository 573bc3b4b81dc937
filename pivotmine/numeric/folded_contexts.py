"""Mixed contexts as they are stored for the steps that count them.

Counting needs the distinct nodes of mixed contexts, some 7 % of the tokens of real text. The nodes
of a context ascend, so they are kept as differences, whose upper bytes are mostly zero: zstd, which
Parquet applies, leaves 1.5 bytes a token.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError


class FoldedContexts(NamedTuple):
    """Contexts as CSR rows of distinct token ids in ascending order, with folds and sources."""

    offsets: NDArray[np.int64]
    """[C + 1] context c is token_ids[offsets[c]:offsets[c + 1]]."""

    token_ids: NDArray[np.int32]
    """[N]"""

    folds: NDArray[np.uint8]
    """[C] hash fold of the document."""

    sources: NDArray[np.uint32]
    """[C] hash of the document's source."""


class PackedContexts(NamedTuple):
    """Contexts as bytes."""

    n_tokens: int
    sizes: bytes
    """int32[C] tokens of each context."""

    folds: bytes
    """uint8[C]"""

    sources: bytes
    """uint32[C]"""

    steps: bytes
    """int32[N] differences from token to token."""


def join(parts: Sequence[FoldedContexts]) -> FoldedContexts:
    """Contexts of several parts as one."""
    sizes = [np.diff(part.offsets) for part in parts]
    return FoldedContexts(
        np.concatenate(([0], np.cumsum(np.concatenate([*sizes, np.empty(0, np.int64)])))),
        np.concatenate([*(part.token_ids for part in parts), np.empty(0, np.int32)]),
        np.concatenate([*(part.folds for part in parts), np.empty(0, np.uint8)]),
        np.concatenate([*(part.sources for part in parts), np.empty(0, np.uint32)]),
    )


def regrouped(parts: Iterable[FoldedContexts], max_tokens: int) -> Iterator[FoldedContexts]:
    """The same contexts, none empty, in parts of `max_tokens` at most, or of one longer context."""
    gathered: list[FoldedContexts] = []
    n_tokens = 0
    for part in parts:
        gathered.append(part)
        n_tokens += len(part.token_ids)
        if n_tokens >= max_tokens:
            *full, rest = _cut(join(gathered), max_tokens)
            yield from full
            gathered, n_tokens = [rest], len(rest.token_ids)
    if n_tokens:
        yield from _cut(join(gathered), max_tokens)


def pack(contexts: FoldedContexts) -> PackedContexts:
    """Contexts as bytes, to be compressed."""
    steps = np.diff(contexts.token_ids, prepend=np.int32(0))
    sizes = np.diff(contexts.offsets).astype(np.int32)
    return PackedContexts(
        len(steps),
        sizes.tobytes(),
        contexts.folds.tobytes(),
        contexts.sources.tobytes(),
        steps.tobytes(),
    )


def unpack(parts: Sequence[PackedContexts]) -> FoldedContexts:
    """All contexts of several parts.

    Memory: 4 B a token, 13 B a context, and the bytes that are given.

    Raises
    ------
    InputError
        Bytes that do not fit together.
    """
    sizes = np.concatenate([np.empty(0, np.int32), *(_ints(part.sizes) for part in parts)])
    folds = b"".join(part.folds for part in parts)
    sources = b"".join(part.sources for part in parts)
    token_ids = np.empty(sum(part.n_tokens for part in parts), np.int32)
    fits = len(folds) == len(sizes) and len(sources) == 4 * len(sizes)
    if not fits or int(sizes.sum(dtype=np.int64)) != len(token_ids):
        raise InputError(
            f"packed contexts hold {len(sizes)} sizes, {len(folds)} folds, {len(sources) // 4}"
            f" sources and {len(token_ids)} tokens, which do not fit together; the file is damaged"
        )
    start = 0
    for part in parts:
        # Sums wrap around as the differences did, so ids come back as they were.
        np.cumsum(_ints(part.steps), dtype=np.int32, out=token_ids[start : start + part.n_tokens])
        start += part.n_tokens
    offsets = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))
    return FoldedContexts(
        offsets, token_ids, np.frombuffer(folds, np.uint8), np.frombuffer(sources, np.uint32)
    )


def _cut(contexts: FoldedContexts, max_tokens: int) -> list[FoldedContexts]:
    offsets, token_ids, folds, sources = contexts
    parts = []
    start = 0
    while start < len(folds):
        fits = int(np.searchsorted(offsets, offsets[start] + max_tokens, side="right")) - 1
        end = max(fits, start + 1)
        of_part = offsets[start : end + 1]
        tokens = token_ids[of_part[0] : of_part[-1]]
        parts.append(
            FoldedContexts(of_part - of_part[0], tokens, folds[start:end], sources[start:end])
        )
        start = end
    return parts


def _ints(data: bytes) -> NDArray[np.int32]:
    return np.frombuffer(data, np.int32)
