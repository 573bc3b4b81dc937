"""Does the answer need the pivot? Remove its direction at the pivot layers and measure the loss.

At every pivot layer the state at the answer position is moved along one direction of the residual
stream, that of a word's tokens in the unembedding, so that its component along it becomes the mean
over train words (mean ablation). The word is the pivot, or one that should not matter:

- `control`: a word of another concept, also set to its mean. The state holds little of it, so
  little is removed.
- `matched`: the direction of the same control word, with the amount that was removed of the pivot,
  layer by layer. This is the comparison that counts, because any push of this size costs something.
  The amounts are those of the pivot's run; measured again at every layer, they would add up.
- `near`: a word near the pivot in meaning, matched in size too.

Directions are centred (the vocabulary's mean is subtracted) and made orthogonal to the target's.
The unembeddings of `dog` and `犬` are similar, so without this the target would lose probability by
arithmetic alone. Only the answer position is changed; a pivot that other positions hold stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from pivotmine.model.lens.candidates import Categories
from pivotmine.model.lens.lenses import Statistics
from pivotmine.model.lens.network import Parts, hooked
from pivotmine.model.load import LoadedModel
from pivotmine.model.scoring.shared_cache import (
    Limits,
    Tokens,
    batches,
    copied,
    extend,
    prefill,
    shared_length,
)

if TYPE_CHECKING:
    import torch

ABLATIONS = pa.schema(
    [
        pa.field("concept", pa.string()),
        pa.field("condition", pa.string()),  # pivot, control:0, matched:0, near:0, ...
        pa.field("log_mass", pa.float64()),  # of the target's first tokens, not ablated; nats
        pa.field("drop", pa.float64()),  # what the ablation takes from it; nats
    ]
)


class Ablation(NamedTuple):
    """What is ablated where."""

    pivot: str
    """Language of the pivot."""
    target: str
    """Language of the answer."""
    layers: tuple[int, ...]
    n_controls: int
    """Control words of each kind."""


def ablate(
    model: LoadedModel,
    parts: Parts,
    contexts: Sequence[Tokens],
    watched: Sequence[Categories],
    statistics: Sequence[Statistics],
    ablation: Ablation,
    limits: Limits,
    advance: Callable[[int], None] = lambda _: None,
) -> pa.Table:
    """The target's loss by ablation, as `ABLATIONS`; concepts without target tokens are left out.

    `statistics` are those of each context's kind of position.
    """
    import torch

    ends = {f"word:{ablation.pivot}", f"word:{ablation.target}"}
    by_context: dict[Tokens, list[int]] = {}
    for place, item in enumerate(watched):
        if ends <= item.tokens.keys():
            by_context.setdefault(contexts[place], []).append(place)
    if not by_context or not ablation.layers:
        return ABLATIONS.empty_table()
    rows: list[dict[str, Any]] = []
    distinct = list(by_context)
    with torch.inference_mode():
        mean_row = parts.mean_direction()
        # One token less is shared than possible, so every context has a token before its last.
        n_shared = max(min(shared_length(distinct), min(map(len, distinct)) - 2), 0)
        prefix = prefill(model, distinct[0][:n_shared]) if n_shared else None
        for batch in batches(distinct, limits, 0):
            _, cache = extend(model, prefix, [context[n_shared:-1] for context in batch])
            last = torch.tensor([context[-1:] for context in batch], device=model.device)
            places = [by_context[context][0] for context in batch]
            items = [watched[place] for place in places]
            means = torch.stack([torch.from_numpy(statistics[place].mean) for place in places])
            before = _run(model, cache, last)
            taken: dict[int, torch.Tensor] = {}
            for condition in _conditions(parts, mean_row, items, ablation):
                edits = _edits(parts, condition, means.to(model.device), taken, ablation.layers)
                with hooked(edits):
                    after = _run(model, cache, last)
                for row, context in enumerate(batch):
                    if bool(condition.directions[row].any()):
                        asked = [watched[place] for place in by_context[context]]
                        rows += _drops(before[row], after[row], asked, condition, ablation)
            advance(len(batch))
    rows.sort(key=lambda row: (row["concept"], row["condition"]))
    return pa.Table.from_pylist(rows, schema=ABLATIONS)


class _Condition(NamedTuple):
    name: str
    directions: torch.Tensor
    """[rows, width], unit vectors or zeros."""
    is_matched: bool
    """Whether as much is taken along them as was taken of the pivot."""


def _edits(
    parts: Parts,
    condition: _Condition,
    means: torch.Tensor,
    taken: dict[int, torch.Tensor],
    layers: Sequence[int],
) -> dict[Any, Callable[[torch.Tensor], torch.Tensor]]:
    """Functions that change the last position of each layer's output.

    `means` is [rows, layers, width]. `taken` maps a layer to the amount taken of the pivot [rows,
    1]; the pivot's own condition fills it.
    """

    def edit(layer: int) -> Callable[[torch.Tensor], torch.Tensor]:
        def change(output: torch.Tensor) -> torch.Tensor:
            state = output[:, -1].float()
            if condition.is_matched:
                amount = taken[layer]
            else:
                away = (state - means[:, layer]) * condition.directions
                amount = away.sum(-1, keepdim=True)
            if condition.name == "pivot":
                taken[layer] = amount
            changed = output.clone()
            changed[:, -1] = (state - amount * condition.directions).to(output.dtype)
            return changed

        return change

    return {parts.layers[layer]: edit(layer) for layer in layers}


def _drops(
    before: torch.Tensor,
    after: torch.Tensor,
    items: Sequence[Categories],
    condition: _Condition,
    ablation: Ablation,
) -> list[dict[str, Any]]:
    """Rows of the concepts of one context, from log-probabilities [vocabulary]."""
    rows = []
    for item in items:
        ids = list(item.tokens[f"word:{ablation.target}"])
        full, cut = (float(each[ids].logsumexp(0)) for each in (before, after))
        rows.append(
            {
                "concept": item.concept.id,
                "condition": condition.name,
                "log_mass": full,
                "drop": full - cut,
            }
        )
    return rows


def _run(model: LoadedModel, cache: Any, last: torch.Tensor) -> torch.Tensor:
    """Log-probabilities [rows, vocabulary] after the last token."""
    out = model.network(
        input_ids=last, past_key_values=copied(cache), use_cache=True, logits_to_keep=1
    )
    return out.logits[:, -1].float().log_softmax(-1)


def _conditions(
    parts: Parts, mean_row: torch.Tensor, items: Sequence[Categories], ablation: Ablation
) -> list[_Condition]:
    """The conditions, the pivot's first."""
    import torch

    def directions(name: str) -> torch.Tensor:
        target = f"word:{ablation.target}"
        return torch.stack(
            [_direction(parts, mean_row, item.tokens, name, target) for item in items]
        )

    found = [_Condition("pivot", directions(f"word:{ablation.pivot}"), False)]
    for number in range(ablation.n_controls):
        control = directions(f"control:{ablation.pivot}:{number}")
        near = directions(f"near:{ablation.pivot}:{number}")
        found.append(_Condition(f"control:{number}", control, False))
        found.append(_Condition(f"matched:{number}", control, True))
        found.append(_Condition(f"near:{number}", near, True))
    return found


def _direction(
    parts: Parts,
    mean_row: torch.Tensor,
    tokens: Mapping[str, Sequence[int]],
    name: str,
    target: str,
) -> torch.Tensor:
    """Unit vector [width] of a word's tokens, orthogonal to the target's; zero without tokens."""
    import torch

    if name not in tokens:
        return torch.zeros_like(mean_row)
    word, away = (
        torch.stack([parts.direction(token) for token in tokens[each]]).mean(0) - mean_row
        for each in (name, target)
    )
    away = away / away.norm()
    word = word - (word @ away) * away
    return word / word.norm().clamp_min(1e-12)
