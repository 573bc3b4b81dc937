"""Log-probabilities of many answers, with everything that is shared computed once.

The questions of a direction begin with the same instruction and examples, and each question has
several answers. So the work has three steps:

1. The tokens that all contexts share go through the model once; their keys and values are kept.
2. Every distinct context adds its remaining tokens to a copy of that cache. The logits after its
   last token give the first token of each of its answers.
3. Answers of several tokens continue from there, with a row for every distinct answer prefix.

Contexts of a batch have equal length, and padding comes only after the last token of an answer, so
no mask is needed and positions cannot go wrong. Logits are computed at answer positions only. The
results equal those of a plain loop over sequences, up to the order of float additions. Tests show
this, and `check` (`reference.py`) verifies it on the model at hand.

Memory besides the model: keys and values of `batch_tokens` tokens, twice, and logits of
`logit_tokens` positions, three times.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pivotmine.errors import ModelError
from pivotmine.model.load import LoadedModel
from pivotmine.model.scoring.shared_cache import Limits, Tokens, batched, copied
from pivotmine.model.scoring.tokens import Question

if TYPE_CHECKING:
    import torch

MAX_PADDING_TOKENS = 32
"""Padding tokens of a batch. Reading the weights once takes as long as computing 30 tokens with
them (135M parameters, float32, one core)."""


_LIMITS = Limits()


def log_probs(
    model: LoadedModel,
    questions: Sequence[Question],
    limits: Limits = _LIMITS,
    advance: Callable[[int], None] = lambda _: None,
) -> list[float]:
    """Natural log-probability of each answer after its context, summed over its tokens.

    Raises
    ------
    ModelError
        A log-probability is not finite.
    """
    import torch

    answers: dict[Tokens, set[Tokens]] = defaultdict(set)
    for question in questions:
        answers[question.context].add(question.answer)
    known: dict[Tokens, dict[Tokens, float]] = {}
    with torch.inference_mode():
        longest = max(len(question.answer) for question in questions)
        for batch, logits, cache in batched(model, list(answers), limits, longest):
            _answer(model, batch, answers, logits, cache, limits, known)
            advance(len(batch))
    sums = [known[question.context][question.answer] for question in questions]
    _refuse_nan(sums, questions)
    return sums


def _answer(
    model: LoadedModel,
    batch: Sequence[Tokens],
    answers: dict[Tokens, set[Tokens]],
    logits: torch.Tensor,
    cache: Any,
    limits: Limits,
    known: dict[Tokens, dict[Tokens, float]],
) -> None:
    """Fill `known` for the answers of a batch of contexts.

    `logits` [contexts, 1, vocabulary] are those after the last token of each context, and `cache`
    has a row for each.
    """
    import torch

    # (row of the context, prefix of an answer) -> the tokens whose log-probabilities are wanted
    wanted: dict[tuple[int, Tokens], set[int]] = defaultdict(set)
    for row, context in enumerate(batch):
        for answer in answers[context]:
            for place, token in enumerate(answer):
                wanted[row, answer[:place]].add(token)
    steps: dict[tuple[int, Tokens], dict[int, float]] = {}
    _read_off(logits, [[(row, ())] for row in range(len(batch))], wanted, steps)

    beginnings = [key for key in wanted if key[1]]
    covered = {(row, path[:place]) for row, path in beginnings for place in range(1, len(path))}
    rows = [key for key in beginnings if key not in covered]
    for part in _level(rows, len(batch[0]), limits):
        n_tokens = len(part[-1][1])
        selected = copied(cache)
        selected.batch_select_indices(torch.tensor([row for row, _ in part], device=model.device))
        # Later tokens do not change earlier ones, so short rows can be padded with any token.
        ids = [path + path[-1:] * (n_tokens - len(path)) for _, path in part]
        out = model.network(
            input_ids=torch.tensor(ids, device=model.device),
            past_key_values=selected,
            use_cache=True,
        )
        keys = [[(row, path[: place + 1]) for place in range(len(path))] for row, path in part]
        _read_off(out.logits, keys, wanted, steps)
    for row, context in enumerate(batch):
        known[context] = {
            answer: math.fsum(
                steps[row, answer[:place]][token] for place, token in enumerate(answer)
            )
            for answer in answers[context]
        }


def _read_off(
    logits: torch.Tensor,
    keys: Sequence[Sequence[tuple[int, Tokens]]],
    wanted: dict[tuple[int, Tokens], set[int]],
    steps: dict[tuple[int, Tokens], dict[int, float]],
) -> None:
    """Log-probabilities of the wanted tokens; `keys` names what precedes each position."""
    import torch

    places = [
        (row, place, key, token)
        for row, row_keys in enumerate(keys)
        for place, key in enumerate(row_keys)
        if key not in steps
        for token in sorted(wanted.get(key, ()))
    ]
    if not places:
        return
    rows, positions, _, tokens = (list(column) for column in zip(*places, strict=True))
    # Row by row, because a float copy of all rows would double the memory.
    totals = torch.stack([torch.logsumexp(row.float(), dim=-1) for row in logits])
    values = logits[rows, positions, tokens].double() - totals[rows, positions].double()
    for (_, _, key, token), value in zip(places, values.tolist(), strict=True):
        steps.setdefault(key, {})[token] = value


def _level(
    rows: Sequence[tuple[int, Tokens]], n_context: int, limits: Limits
) -> Iterator[list[tuple[int, Tokens]]]:
    """Batches of rows of about equal length, shortest first, within the limits.

    A row joins the batch of a longer one as long as the padding costs less than reading the
    weights once more for a batch of its own.
    """
    batch: list[tuple[int, Tokens]] = []
    n_padding = 0
    for row in sorted(rows, key=lambda item: (-len(item[1]), item)):
        longest = len(batch[0][1]) if batch else len(row[1])
        n_padding += longest - len(row[1])
        size = min(limits.batch_tokens // (n_context + longest), limits.logit_tokens // longest)
        if batch and (len(batch) >= size or n_padding > MAX_PADDING_TOKENS):
            yield batch[::-1]
            batch, n_padding = [], 0
        batch.append(row)
    if batch:
        yield batch[::-1]


def _refuse_nan(sums: Sequence[float], questions: Sequence[Question]) -> None:
    wrong = [number for number, value in enumerate(sums) if not math.isfinite(value)]
    if wrong:
        raise ModelError(
            f"the model gives no finite probability for {len(wrong)} of {len(sums)} answers (the "
            f"first: token ids {list(questions[wrong[0]].answer)}): its weights hold NaN or "
            "overflow. Try model.dtype=float32, or load the model again."
        )
