"""Does the answer need the pivot? Take its direction out of the pivot layers and see what is lost.

At every pivot layer the state at the answer position is moved along one direction of the residual
stream, that of a word's tokens in the unembedding, so that its part along it becomes the mean over
train words (mean ablation). The word is the pivot, or one that should not matter:

- `control`: another concept's word, set to its mean too (it holds little, so little is taken);
- `matched`: the same word's direction, with as much taken along it, layer by layer, as was taken
  of the pivot: the comparison that counts, as any push of this size costs something (amounts
  measured anew at every layer would add up, since what is measured is then never removed);
- `near`: a word near the pivot in meaning, matched in size too.

Directions are centred (less the vocabulary's mean) and made orthogonal to the target's, since the
unembeddings of `dog` and `犬` are alike and the target would be pushed down by arithmetic alone.
Only the answer position is touched: a pivot that other positions hold stays there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pivotmine.model.lens.candidates import Categories
from pivotmine.model.lens.lenses import Statistics
from pivotmine.model.lens.network import Parts, hooked
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

    from pivotmine.model.load import LoadedModel

ABLATIONS = pa.schema(
    [
        pa.field("concept", pa.string()),
        pa.field("condition", pa.string()),  # pivot, control:0, matched:0, near:0, ...
        pa.field("log_mass", pa.float64()),  # the target's first tokens without the ablation, nats
        pa.field("drop", pa.float64()),  # by how much the ablation lowers it
    ]
)


def ablate(
    model: LoadedModel,
    parts: Parts,
    contexts: Sequence[Tokens],
    watched: Sequence[Categories],
    statistics: Sequence[Statistics],
    pivot: str,
    target: str,
    layers: Sequence[int],
    n_controls: int,
    limits: Limits,
    advance: Callable[[int], None] = lambda _: None,
) -> pa.Table:
    """The target's loss by ablation, as `ABLATIONS`; concepts without target tokens are left out.

    Parameters
    ----------
    statistics
        Those of each context's kind of position.
    pivot, target
        Languages.
    """
    import torch

    asked = [
        place
        for place, item in enumerate(watched)
        if {f"word:{pivot}", f"word:{target}"} <= item.tokens.keys()
    ]
    if not asked or not layers:
        return ABLATIONS.empty_table()
    rows: list[dict[str, Any]] = []
    by_context: dict[Tokens, list[int]] = {}
    for place in asked:
        by_context.setdefault(contexts[place], []).append(place)
    distinct = list(by_context)
    with torch.inference_mode():
        mean_row = parts.mean_direction()
        # one token less is shared, so that every context has a token before its last
        n_shared = min(shared_length(distinct), min(map(len, distinct)) - 2)
        prefix = prefill(model, distinct[0][:n_shared]) if n_shared > 0 else None
        for batch in batches(distinct, limits, 0):
            tails = [context[max(n_shared, 0) : -1] for context in batch]
            _, cache = extend(model, prefix, tails)
            places = [by_context[context][0] for context in batch]
            last = torch.tensor([context[-1:] for context in batch], device=model.device)
            means = torch.stack([torch.from_numpy(statistics[place].mean) for place in places]).to(
                model.device
            )
            before = _run(model, cache, last)
            taken: dict[int, torch.Tensor] = {}
            for condition, directions, as_pivot in _conditions(
                parts, mean_row, [watched[place] for place in places], pivot, target, n_controls
            ):
                edits = {
                    parts.layers[layer]: _push(taken[layer], directions)
                    if as_pivot
                    else _to_mean(
                        means[:, layer], directions, taken if condition == "pivot" else {}, layer
                    )
                    for layer in layers
                }
                with hooked(edits):
                    after = _run(model, cache, last)
                for row, context in enumerate(batch):
                    for place in by_context[context]:
                        item = watched[place]
                        ids = list(item.tokens[f"word:{target}"])
                        full = float(torch.logsumexp(before[row, ids], 0))
                        cut = float(torch.logsumexp(after[row, ids], 0))
                        if bool(directions[row].any()):
                            rows.append(
                                {
                                    "concept": item.concept.id,
                                    "condition": condition,
                                    "log_mass": full,
                                    "drop": full - cut,
                                }
                            )
            advance(len(batch))
    rows.sort(key=lambda row: (row["concept"], row["condition"]))
    return pa.Table.from_pylist(rows, schema=ABLATIONS)


def _run(model: LoadedModel, cache: Any, last: torch.Tensor) -> torch.Tensor:
    """Log-probabilities [rows, vocabulary] after the last token."""
    out = model.network(
        input_ids=last, past_key_values=copied(cache), use_cache=True, logits_to_keep=1
    )
    return out.logits[:, -1].float().log_softmax(-1)


def _to_mean(
    mean: torch.Tensor, directions: torch.Tensor, taken: dict[int, torch.Tensor], layer: int
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Set the state's part along unit directions [rows, width] to the mean's; note how much."""

    def edit(output: torch.Tensor) -> torch.Tensor:
        taken[layer] = ((output[:, -1].float() - mean) * directions).sum(-1, keepdim=True)
        return _less(output, taken[layer] * directions)

    return edit


def _push(amount: torch.Tensor, directions: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor]:
    """Take a given amount [rows, 1] along unit directions [rows, width]."""

    def edit(output: torch.Tensor) -> torch.Tensor:
        return _less(output, amount * directions)

    return edit


def _less(output: torch.Tensor, part: torch.Tensor) -> torch.Tensor:
    """A copy of the output with `part` taken from its last position."""
    changed = output.clone()
    changed[:, -1] = (output[:, -1].float() - part).to(output.dtype)
    return changed


def _conditions(
    parts: Parts,
    mean_row: torch.Tensor,
    items: Sequence[Categories],
    pivot: str,
    target: str,
    n_controls: int,
) -> list[tuple[str, torch.Tensor, bool]]:
    """(name, directions to take out, whether as much as of the pivot); the pivot comes first."""
    import torch

    def directions(name: str) -> torch.Tensor:
        return torch.stack(
            [_direction(parts, mean_row, item.tokens, name, f"word:{target}") for item in items]
        )

    found = [("pivot", directions(f"word:{pivot}"), False)]
    for number in range(n_controls):
        control = directions(f"control:{pivot}:{number}")
        near = directions(f"near:{pivot}:{number}")
        found.append((f"control:{number}", control, False))
        found.append((f"matched:{number}", control, True))
        found.append((f"near:{number}", near, True))
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
