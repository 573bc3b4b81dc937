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
        self._sequence_tokens = sequence_tokens
        self._n_sequences = max(1, n_tokens // sequence_tokens)
        self._masks_documents = masks_documents

    @property
    def names(self) -> list[str]:
        """Names of the texts."""
        return list(self._packings)

    def loss(self, network: Any, name: str, logit_mib: int = 256) -> float:
        """Mean loss of a text, nats a token, in the network's own precision.

        As many sequences are read at once as have `logit_mib` MiB of logits (4 bytes a token and
        vocabulary entry), and at least one. The loss needs about three times that.
        """
        import torch

        packing = self._packings[name]
        device = next(network.parameters()).device
        n_vocabulary = network.get_output_embeddings().weight.shape[0]
        of_one = 4 * n_vocabulary * self._sequence_tokens
        batch = max(1, logit_mib * 2**20 // of_one)
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
