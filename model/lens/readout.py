"""States at the answer position after every block, and their reading by the unembedding.

A reading has the probabilities and ranks of the watched tokens at every layer, and each layer's
likeliest tokens. Memory: logits of `limits.logit_tokens` states, three times.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.errors import ModelError
from pivotmine.model.lens.candidates import Categories
from pivotmine.model.lens.network import Parts, check_head, hooked
from pivotmine.model.load import LoadedModel
from pivotmine.model.scoring.shared_cache import Limits, Tokens, batched

if TYPE_CHECKING:
    import torch

READINGS = pa.schema(
    [
        pa.field("concept", pa.string()),
        pa.field("layer", pa.int32()),
        pa.field("category", pa.list_(pa.string())),
        pa.field("log_mass", pa.list_(pa.float64())),  # nats, sum over the category's tokens
        pa.field("rank", pa.list_(pa.int64())),  # of its best token, from 1; 0 if it is no word
        pa.field("top_token", pa.list_(pa.int32())),
        pa.field("top_text", pa.list_(pa.string())),
        pa.field("top_mass", pa.list_(pa.float64())),
    ]
)
"""A row for every concept and layer."""


def read_states(
    model: LoadedModel,
    parts: Parts,
    contexts: Sequence[Tokens],
    limits: Limits,
    advance: Callable[[int], None] = lambda _: None,
) -> torch.Tensor:
    """States [contexts, layers, width] after every block, at the last token of each context.

    One vector a block is kept of each context; 400 contexts of Gemma 3 270M take 18 MB.

    Raises
    ------
    ModelError
        The lens on the last block does not give the model's own logits.
    """
    import torch

    distinct = list(dict.fromkeys(contexts))
    found: dict[Tokens, torch.Tensor] = {}
    seen: dict[int, torch.Tensor] = {}
    edits = {layer: _keep(seen, number) for number, layer in enumerate(parts.layers)}
    with torch.inference_mode(), hooked(edits):
        for batch, logits, _ in batched(model, distinct, limits):
            states = torch.stack([seen[number] for number in range(len(parts.layers))], 1)
            if not found:
                check_head(parts, states[:, -1], logits[:, -1])
            found.update(zip(batch, states, strict=True))
            advance(len(batch))
        return torch.stack([found[context] for context in contexts]).float()


def read(
    parts: Parts,
    tokenizer: Any,
    states: NDArray[np.float32],
    watched: Sequence[Categories],
    n_top: int,
    limits: Limits,
    advance: Callable[[int], None] = lambda _: None,
) -> pa.Table:
    """Unembed states [concepts, layers, width] to which a lens was applied; gives `READINGS`.

    Raises
    ------
    ModelError
        A probability is not finite.
    """
    import torch

    n_layers = states.shape[1]
    per_batch = max(1, limits.logit_tokens // n_layers)
    weight = parts.head.weight
    rows: list[dict[str, Any]] = []
    texts: dict[int, str] = {}
    with torch.inference_mode():
        for start in range(0, len(watched), per_batch):
            batch = torch.from_numpy(states[start : start + per_batch].copy())
            logits = parts.logits(batch.to(weight.device, weight.dtype)).float()
            for place, item in enumerate(watched[start : start + per_batch]):
                rows += _rows(logits[place], item, n_top, tokenizer, texts)
                advance(1)
    return pa.Table.from_pylist(rows, schema=READINGS)


class Readings:
    """A table of readings as arrays, with concepts in the table's order."""

    def __init__(self, table: pa.Table) -> None:
        n_layers = 1 + max(table["layer"].to_pylist())
        self.concepts: list[str] = table["concept"].to_pylist()[::n_layers]
        shape = (len(self.concepts), n_layers)
        names = sorted({name for row in table["category"].to_pylist() for name in row})
        self.log_mass: dict[str, NDArray[np.float64]] = {n: np.full(shape, np.nan) for n in names}
        self.rank: dict[str, NDArray[np.float64]] = {
            n: np.full(shape, np.nan) for n in names if n.startswith("word:")
        }
        for number, row in enumerate(table.to_pylist()):
            place = divmod(number, n_layers)
            for name, mass, rank in zip(row["category"], row["log_mass"], row["rank"], strict=True):
                self.log_mass[name][place] = mass
                if name in self.rank:
                    self.rank[name][place] = rank
        self.top_token = np.array(table["top_token"].to_pylist()).reshape(*shape, -1)
        self.top_text = np.array(table["top_text"].to_pylist(), dtype=object).reshape(*shape, -1)
        self.top_mass = np.array(table["top_mass"].to_pylist()).reshape(*shape, -1)

    def group(self, prefix: str) -> NDArray[np.float64]:
        """Log-masses [members, concepts, layers] of the categories with this prefix, 0 or more."""
        chosen = [values for name, values in self.log_mass.items() if name.startswith(prefix)]
        return np.stack(chosen) if chosen else np.empty((0, *self.top_token.shape[:2]))


def mean_mass(log_mass: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean mass over members [members, ...] without NaN; NaN if there is none."""
    there = ~np.isnan(log_mass)
    total: NDArray[np.float64] = np.where(there, np.exp(np.where(there, log_mass, 0.0)), 0.0).sum(0)
    count = there.sum(0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _keep(seen: dict[int, torch.Tensor], number: int) -> Callable[[torch.Tensor], None]:
    def keep(output: torch.Tensor) -> None:
        seen[number] = output[:, -1].clone()

    return keep


def _rows(
    logits: torch.Tensor, item: Categories, n_top: int, tokenizer: Any, texts: dict[int, str]
) -> list[dict[str, Any]]:
    """Rows of one concept; logits [layers, vocabulary]."""
    import torch

    total = torch.logsumexp(logits, -1)
    if not bool(torch.isfinite(total).all()):
        raise ModelError(
            f"the lens gives no finite probability for {item.concept.id!r}: the model's weights "
            "hold NaN or overflow. Try model.dtype=float32."
        )
    masses: dict[str, list[float]] = {}
    ranks: dict[str, list[int]] = {}
    for name, ids in item.tokens.items():
        chosen = logits[:, list(ids)]
        masses[name] = (torch.logsumexp(chosen, -1) - total).tolist()
        if name.startswith("word:"):
            ranks[name] = ((logits > chosen.amax(-1, keepdim=True)).sum(-1) + 1).tolist()
    top = logits.topk(n_top, -1)
    shares = (top.values - total[:, None]).exp().tolist()
    rows = []
    for layer, tokens in enumerate(top.indices.tolist()):
        for token in tokens:
            if token not in texts:
                texts[token] = tokenizer.decode([token])
        rows.append(
            {
                "concept": item.concept.id,
                "layer": layer,
                "category": list(masses),
                "log_mass": [values[layer] for values in masses.values()],
                "rank": [ranks[name][layer] if name in ranks else 0 for name in masses],
                "top_token": tokens,
                "top_text": [texts[token] for token in tokens],
                "top_mass": shares[layer],
            }
        )
    return rows
