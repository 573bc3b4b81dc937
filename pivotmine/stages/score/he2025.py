"""Score he2025: the share of a document's tokens that are in the pivot set (He et al. 2025)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pivotmine import plugins
from pivotmine.numeric.arrays import check_range, offsets_array, readonly
from pivotmine.stages.score.documents import Documents


@plugins.score("he2025")
class He2025:
    """Share of tokens in the pivot set of method he2025."""

    def score(self, documents: Documents) -> plugins.Scored:
        """Pivot tokens per token; evidence: `pivot_tokens`."""
        in_set = share_in_set(documents.token_ids, documents.offsets, documents.corpus.in_pivot_set)
        return plugins.Scored(in_set / documents.length, {"pivot_tokens": in_set})


def share_in_set(
    token_ids: NDArray[np.int32], document_offsets: NDArray[np.integer], member: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """[D] token occurrences of each document that are in a set: the numerator of its share.

    Parameters
    ----------
    member
        [V] whether a token is in the set.

    Raises
    ------
    InputError
        Ids outside the vocabulary of `member`, or broken offsets.
    """
    tokens = readonly(token_ids, np.int32, "token_ids")
    check_range(tokens, 0, len(member), "token_ids")
    offsets = offsets_array(document_offsets, len(tokens), "document_offsets")
    before = np.concatenate(([0], np.cumsum(member[tokens])))
    return (before[offsets[1:]] - before[offsets[:-1]]).astype(np.int32)
