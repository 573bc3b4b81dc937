"""Hidden states at the answer position, after every block.

The tokens that all contexts share go through the model once, as in scoring/engine.py. One vector a
block is kept of each context; 400 contexts of Gemma 3 270M take 18 MB.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pivotmine.model.lens.network import Parts, check_head, hooked
from pivotmine.model.load import LoadedModel
from pivotmine.model.scoring.shared_cache import (
    Limits,
    Tokens,
    batches,
    extend,
    prefill,
    shared_length,
)

if TYPE_CHECKING:
    import torch


def read_states(
    model: LoadedModel,
    parts: Parts,
    contexts: Sequence[Tokens],
    limits: Limits,
    advance: Callable[[int], None] = lambda _: None,
) -> torch.Tensor:
    """States [contexts, layers, width] after every block, at the last token of each context.

    Raises
    ------
    ModelError
        The lens on the last block does not give the model's own logits.
    """
    import torch

    distinct = list(dict.fromkeys(contexts))
    found: dict[Tokens, torch.Tensor] = {}
    with torch.inference_mode():
        n_shared = shared_length(distinct)
        prefix = prefill(model, distinct[0][:n_shared]) if n_shared else None
        for batch in batches(distinct, limits, 0):
            seen: dict[int, torch.Tensor] = {}
            edits = {layer: _keep(seen, number) for number, layer in enumerate(parts.layers)}
            with hooked(edits):
                logits, _ = extend(model, prefix, [context[n_shared:] for context in batch])
            states = torch.stack([seen[number] for number in range(len(parts.layers))], 1)
            if not found:
                check_head(parts, states[:, -1], logits[:, -1])
            found.update(zip(batch, states, strict=True))
            advance(len(batch))
        return torch.stack([found[context] for context in contexts]).float()


def _keep(seen: dict[int, torch.Tensor], number: int) -> Callable[[torch.Tensor], None]:
    def keep(output: torch.Tensor) -> None:
        seen[number] = output[:, -1].clone()

    return keep
