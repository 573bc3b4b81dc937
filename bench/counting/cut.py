"""Contexts cut by the definitions of docs/architecture.md, without PivotMine's own code.

The alternatives get their contexts from here, so their agreement with the counting stage also says
that the stage cuts windows, chooses languages and drops repetitions as documented. Plain Python and
numpy: about 2 s a million segments, spent before anything is timed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


class Cut(NamedTuple):
    """Distinct nodes of the contexts of some documents; node = language index * vocabulary + token.

    Rows are sorted by (context, node). Only contexts that hold nodes of two languages are here.
    """

    context: NDArray[np.int64]
    """[N] numbered from 0."""

    node: NDArray[np.int32]
    """[N]"""


def window_ends(segment_ends: Sequence[int], limit: int | None) -> list[int]:
    """Where the windows of one document end.

    Whole segments as long as they fit into `limit` tokens; a longer segment begins a window and is
    cut every `limit` tokens, and what is left of it is packed on. None: one window.
    """
    if limit is None:
        return [segment_ends[-1]] if segment_ends and segment_ends[-1] else []
    windows: list[int] = []
    start = packed = 0
    for end in segment_ends:
        if end - start > limit and packed > start:
            windows.append(packed)
            start = packed
        while end - start > limit:
            start += limit
            windows.append(start)
        packed = end
    return [*windows, packed] if packed > start else windows


def is_word(
    langs: pa.ListArray, frequent: NDArray[np.bool_], languages: Sequence[str]
) -> NDArray[np.bool_]:
    """[languages + 1, vocabulary] whether a token counts in text of a language; last row: none."""
    table = np.zeros((len(languages) + 1, len(langs)), np.bool_)
    row = pc.index_in(langs.flatten(), value_set=pa.array(languages, pa.string())).fill_null(-1)
    table[row.to_numpy(), pc.list_parent_indices(langs).to_numpy()] = True
    table[-1] = False
    return table & frequent


def cut_batch(
    batch: pa.RecordBatch,
    languages: Sequence[str],
    words: NDArray[np.bool_],
    window_tokens: int | None,
    min_language_share: float,
) -> Cut:
    """Cut rows of table `tokens`.

    Parameters
    ----------
    words
        As `is_word` gives them.
    window_tokens
        Longest window; None makes every document one context.
    """
    n_rows, vocab_size = words.shape
    tokens = batch.column("token_ids").flatten().to_numpy()
    lengths = pc.list_value_length(batch.column("token_ids")).to_numpy()
    in_text = batch.column("segment_langs").flatten()
    names = pc.index_in(in_text, value_set=pa.array(languages, pa.string()))
    of_segment = names.fill_null(len(languages)).to_numpy()
    segment_tokens, context_tokens = _lengths(batch.column("segment_ends"), window_tokens)
    if segment_tokens.sum() != lengths.sum():
        raise ValueError("segments do not tile their documents")

    language = np.repeat(of_segment, segment_tokens)
    context = np.repeat(np.arange(len(context_tokens)), context_tokens)
    held = np.bincount(context * n_rows + language, minlength=len(context_tokens) * n_rows)
    takes_part = held.reshape(-1, n_rows) >= min_language_share * context_tokens[:, None]
    counted = words[language, tokens] & takes_part[context, language]

    n_nodes = n_rows * vocab_size
    node = language[counted].astype(np.int64) * vocab_size + tokens[counted]
    context, node = np.divmod(np.unique(context[counted] * n_nodes + node), n_nodes)
    mixed = _is_mixed(context, node // vocab_size, len(context_tokens))
    kept = mixed[context]
    renumbered = np.cumsum(mixed) - 1
    return Cut(renumbered[context[kept]], node[kept].astype(np.int32))


def pair_events(context: NDArray[np.int64], language: NDArray[np.int64], n_languages: int) -> int:
    """Pairs of nodes of different languages, over all contexts; each counts once a context."""
    n_contexts = int(context[-1]) + 1 if len(context) else 0
    held = np.bincount(context * n_languages + language, minlength=n_contexts * n_languages)
    held = held.reshape(n_contexts, n_languages)
    return int(((held.sum(axis=1) ** 2 - (held**2).sum(axis=1)) // 2).sum())


def _lengths(
    segment_ends: pa.ListArray, window_tokens: int | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Tokens of every segment, and of every context."""

    def differences(ends: list[int]) -> Iterator[int]:
        before = 0
        for end in ends:
            yield end - before
            before = end

    documents = segment_ends.to_pylist()
    segments = [n for ends in documents for n in differences(ends)]
    contexts = [n for ends in documents for n in differences(window_ends(ends, window_tokens))]
    return np.array(segments, np.int64), np.array(contexts, np.int64)


def _is_mixed(
    context: NDArray[np.int64], language: NDArray[np.int64], n_contexts: int
) -> NDArray[np.bool_]:
    mixed = np.zeros(n_contexts, np.bool_)
    # Rows are sorted by (context, language): a context is mixed if its language changes somewhere.
    changes = (context[1:] == context[:-1]) & (language[1:] != language[:-1])
    mixed[context[1:][changes]] = True
    return mixed
