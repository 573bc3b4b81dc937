"""Score entropy: how evenly the languages of a document share its tokens."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pivotmine import plugins
from pivotmine.stages.score.documents import Documents


@plugins.score("entropy")
class Entropy:
    """Entropy of a document's languages in bits."""

    def score(self, documents: Documents) -> plugins.Scored:
        """Entropy in bits; evidence: tokens in segments of each language."""
        tokens = documents.language_tokens
        languages = documents.corpus.languages
        by_name = {name: tokens[:, number] for number, name in enumerate(languages)}
        return plugins.Scored(language_entropy(tokens), by_name)


def language_entropy(language_tokens: NDArray[np.int64]) -> NDArray[np.float64]:
    """Shannon entropy in bits of each document's languages: [D] from token counts [D, L].

    0 for one language or none, 1 for two in equal parts, at most log2 L.
    """
    counts = np.asarray(language_tokens, np.float64)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    bits = np.log2(share, out=np.zeros_like(share), where=share > 0)
    entropy: NDArray[np.float64] = -np.sum(share * bits, axis=1)
    return np.maximum(entropy, 0.0)
