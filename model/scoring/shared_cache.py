"""Keys and values of tokens that many contexts begin with, computed once.

Contexts of a batch have equal length, so there is no mask and positions cannot go wrong.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pivotmine.model.config.measuring import ScoringConfig
from pivotmine.model.load import LoadedModel

if TYPE_CHECKING:
    import torch

Tokens = tuple[int, ...]


class Limits(NamedTuple):
    """Bounds on the memory of a batch."""

    batch_tokens: int = 8192
    """Tokens whose keys and values a batch holds."""
    logit_tokens: int = 256
    """Positions whose logits a batch holds."""


def limits_of(model: LoadedModel, config: ScoringConfig) -> Limits:
    """The bounds on memory that the settings give, for this model's vocabulary."""
    n_vocabulary = model.network.get_output_embeddings().weight.shape[0]
    return Limits(config.batch_tokens, max(1, config.logit_mib * 2**20 // (4 * n_vocabulary)))


def shared_length(contexts: Sequence[Tokens]) -> int:
    """Number of tokens that all contexts begin with, below the length of the shortest."""
    first, last = min(contexts), max(contexts)
    limit = min(map(len, contexts)) - 1
    return next((n for n in range(limit) if first[n] != last[n]), max(limit, 0))


def batches(contexts: Sequence[Tokens], limits: Limits, n_answer: int) -> Iterator[list[Tokens]]:
    """Batches of contexts of equal length, as large as the limits allow."""
    by_length: dict[int, list[Tokens]] = defaultdict(list)
    for context in contexts:
        by_length[len(context)].append(context)
    for length, group in sorted(by_length.items()):
        size = min(limits.batch_tokens // (length + n_answer), limits.logit_tokens)
        size = max(1, size)
        yield from (group[start : start + size] for start in range(0, len(group), size))


def batched(
    model: LoadedModel, contexts: Sequence[Tokens], limits: Limits, n_answer: int = 0
) -> Iterator[tuple[list[Tokens], torch.Tensor, Any]]:
    """Batches of contexts, their logits [contexts, 1, vocabulary] and their cache.

    The tokens that all contexts begin with go through the model once. The batches leave room for
    answers of `n_answer` tokens.
    """
    n_shared = shared_length(contexts)
    prefix = prefill(model, contexts[0][:n_shared]) if n_shared else None
    for batch in batches(contexts, limits, n_answer):
        yield batch, *extend(model, prefix, [context[n_shared:] for context in batch])


def prefill(model: LoadedModel, tokens: Tokens) -> Any:
    """Keys and values of the shared tokens."""
    import torch
    from transformers import DynamicCache

    cache = DynamicCache(config=model.network.config)
    ids = torch.tensor([tokens], device=model.device)
    model.network(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
    return cache


def extend(model: LoadedModel, prefix: Any, tails: Sequence[Tokens]) -> tuple[torch.Tensor, Any]:
    """Logits after the last token of every tail [tails, 1, vocabulary], and the grown cache."""
    import torch
    from transformers import DynamicCache

    if prefix is None:
        cache = DynamicCache(config=model.network.config)
    else:
        cache = copied(prefix)
        cache.batch_repeat_interleave(len(tails))
    ids = torch.tensor(tails, device=model.device)
    out = model.network(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
    return out.logits, cache


def copied(cache: Any) -> Any:
    """A cache that can grow without changing this one; tensors are shared until then."""
    new = copy.copy(cache)
    new.layers = [copy.copy(layer) for layer in cache.layers]
    return new
