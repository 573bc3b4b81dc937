"""The loss of held-out text, a language or source at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pivotmine.model.shards.packing import Packing
from pivotmine.model.shards.stream import Stream

ORDER_SEED = (0, 2)
"""Decides the order of held-out documents; training uses (seed, 0) and (seed, 1)."""


class HeldoutTexts:
    """The first sequences of held-out streams.

    `n_tokens` of each stream are read, rounded down to whole sequences but at least one. With
    `masks_documents` a token sees its own document only.
    """

    def __init__(
        self,
        streams: Mapping[str, Stream],
        n_tokens: int,
        sequence_tokens: int,
        masks_documents: bool = True,
    ) -> None:
        self._packings = {
            name: Packing(stream, sequence_tokens, ORDER_SEED) for name, stream in streams.items()
        }
        self._n_sequences = max(1, n_tokens // sequence_tokens)
        self._masks_documents = masks_documents

    def losses(self, network: Any, batch: int = 1) -> dict[str, float]:
        """Mean loss of each stream, nats a token, of `batch` sequences at once."""
        return {
            name: self._loss(network, packing, batch) for name, packing in self._packings.items()
        }

    def _loss(self, network: Any, packing: Packing, batch: int) -> float:
        import torch

        device = next(network.parameters()).device
        losses = []
        for first in range(0, self._n_sequences, batch):
            numbers = range(first, min(first + batch, self._n_sequences))
            cut = [packing.take(number) for number in numbers]
            ids = torch.from_numpy(np.stack([ids for ids, _ in cut])).to(device)
            inputs = {"input_ids": ids, "labels": ids, "use_cache": False}
            if self._masks_documents:
                positions = np.stack([positions for _, positions in cut])
                inputs["position_ids"] = torch.from_numpy(positions).to(device)
            with torch.inference_mode():
                losses.append((float(network(**inputs).loss), len(cut)))
        return sum(loss * n for loss, n in losses) / sum(n for _, n in losses)
