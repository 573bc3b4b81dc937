"""Link coverage: how many tokens of a document meet a linked token of another language.

In a sentence beside its translation most content words have a linked partner nearby; on a page that
merely mixes languages few have one. Contexts are cut as for counting (`context_bounds`), so a link
counts where it could have been learned.

The work is one write per token and one look-up per link of each distinct token in a context. Each
link is stored once, at the token that has fewer links. That halves the table and keeps hubs cheap:
a token with thousands of links is in almost every context, but its links are looked up from the
other side.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.numeric.arrays import check_range, offsets_array, readonly, row_index
from pivotmine.numeric.jit import njit


class LinkTable(NamedTuple):
    """Links as adjacency lists over token ids; plain arrays, so it pickles as such.

    8 B per vocabulary entry plus 4 B per link.
    """

    offsets: NDArray[np.int64]
    """[V + 1] token t holds the links to partners[offsets[t]:offsets[t + 1]]."""

    partners: NDArray[np.int32]
    """[links] ascending for each token; the end with fewer links, or the lower id, holds a link."""


class Coverage(NamedTuple):
    """Figures of each document."""

    covered_tokens: NDArray[np.int32]
    """[D] occurrences with a linked partner of another language in the same context."""

    n_links: NDArray[np.int32]
    """[D] distinct links realised in the document. A link counts once a document, not once a
    context: a line of boilerplate in every window is one thing to learn."""


def link_table(a: NDArray[np.int32], b: NDArray[np.int32], vocab_size: int) -> LinkTable:
    """Build the adjacency of links {a, b}, in any order and direction, repeated or not.

    Raises
    ------
    InputError
        Ids outside 0..vocab_size - 1, sides of different length, or a token linked to itself.
    """
    one, other = readonly(a, np.int32, "a"), readonly(b, np.int32, "b")
    if len(one) != len(other):
        raise InputError(f"links have {len(one)} tokens a and {len(other)} tokens b")
    check_range(one, 0, vocab_size, "a")
    check_range(other, 0, vocab_size, "b")
    if np.any(one == other):
        raise InputError(f"token {one[one == other][0]} is linked to itself")
    low, high = np.minimum(one, other), np.maximum(one, other)
    links = np.unique(low.astype(np.int64) * vocab_size + high)
    low, high = np.divmod(links, max(vocab_size, 1))
    degree = np.bincount(np.concatenate((low, high)), minlength=vocab_size)
    swap = degree[low] > degree[high]
    holder, partner = np.where(swap, high, low), np.where(swap, low, high)
    order = np.lexsort((partner, holder))
    offsets = np.concatenate(([0], np.cumsum(np.bincount(holder, minlength=vocab_size))))
    return LinkTable(offsets, partner[order].astype(np.int32))


def link_places(table: LinkTable, a: NDArray[np.int32], b: NDArray[np.int32]) -> NDArray[np.int64]:
    """[links] place of each link {a, b} of a table in its `partners`.

    Raises
    ------
    InputError
        The table does not hold one of them.
    """
    vocab_size = len(table.offsets) - 1
    keys = row_index(table.offsets) * vocab_size + table.partners
    places = np.full(len(a), -1, np.int64)
    for holder, partner in ((a, b), (b, a)):
        wanted = holder.astype(np.int64) * vocab_size + partner
        place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
        held = keys[place] == wanted if len(keys) else np.zeros(len(a), np.bool_)
        places[held] = place[held]
    if bool(np.any(places < 0)):
        missing = int(np.flatnonzero(places < 0)[0])
        raise InputError(f"the table holds no link {a[missing]}, {b[missing]}")
    return places


def checked_text(
    token_ids: NDArray[np.int32], token_language: NDArray[np.int8], table: LinkTable
) -> tuple[NDArray[np.int32], NDArray[np.int8], NDArray[np.int64], NDArray[np.int32]]:
    """Tokens, languages, offsets and partners, checked for compiled code.

    Raises
    ------
    InputError
        Ids outside the vocabulary, or a table of another vocabulary.
    """
    tokens = readonly(token_ids, np.int32, "token_ids")
    language = readonly(token_language, np.int8, "token_language")
    check_range(tokens, 0, len(language), "token_ids")
    partners = readonly(table.partners, np.int32, "table.partners")
    check_range(partners, 0, len(language), "table.partners")
    offsets = offsets_array(table.offsets, len(partners), "table.offsets")
    if len(offsets) != len(language) + 1:
        raise InputError(
            f"the links are over {len(offsets) - 1} token ids, token_language over"
            f" {len(language)}; both must come from the same vocabulary"
        )
    return tokens, language, offsets, partners


def link_coverage(
    token_ids: NDArray[np.int32],
    bounds: NDArray[np.int64],
    document: NDArray[np.int32],
    n_documents: int,
    token_language: NDArray[np.int8],
    table: LinkTable,
) -> Coverage:
    """Match documents against the links, context by context.

    Links between tokens of one language, or to a token without language, are ignored.

    Memory: 12 B per vocabulary entry and 4 B per link.

    Parameters
    ----------
    token_ids, bounds, document
        [T] ids, and the contexts of D = `n_documents` documents, as `context_bounds` cuts them.
    token_language
        [V] language index of each token, -1 for none.
    table
        Links over the same V token ids.

    Raises
    ------
    InputError
        Ids outside the vocabulary, a table of another vocabulary, broken bounds.
    """
    tokens, language, offsets, partners = checked_text(token_ids, token_language, table)
    bounds = offsets_array(bounds, len(tokens), "bounds")
    if len(document) != len(bounds) - 1:
        raise InputError(f"{len(document)} documents for {len(bounds) - 1} contexts")
    check_range(document, 0, n_documents, "document")
    return Coverage(*_cover(bounds, document, n_documents, tokens, language, offsets, partners))


@njit
def _cover(
    bounds: NDArray[np.int64],
    document: NDArray[np.int32],
    n_documents: int,
    tokens: NDArray[np.int32],
    language: NDArray[np.int8],
    offsets: NDArray[np.int64],
    partners: NDArray[np.int32],
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    covered_tokens = np.zeros(n_documents, np.int32)
    n_links = np.zeros(n_documents, np.int32)
    present = np.full(len(language), -1, np.int32)
    covered = np.full(len(language), -1, np.int32)
    looked_up = np.full(len(language), -1, np.int32)
    seen = np.full(len(partners), -1, np.int32)
    for c in range(len(document)):
        d = document[c]
        for i in range(bounds[c], bounds[c + 1]):
            present[tokens[i]] = c
        for i in range(bounds[c], bounds[c + 1]):
            t = tokens[i]
            if language[t] < 0 or looked_up[t] == c:
                continue
            looked_up[t] = c
            for k in range(offsets[t], offsets[t + 1]):
                p = partners[k]
                if present[p] == c and language[p] >= 0 and language[p] != language[t]:
                    covered[t] = c
                    covered[p] = c
                    if seen[k] != d:
                        seen[k] = d
                        n_links[d] += 1
        for i in range(bounds[c], bounds[c + 1]):
            if covered[tokens[i]] == c:
                covered_tokens[d] += 1
    return covered_tokens, n_links
