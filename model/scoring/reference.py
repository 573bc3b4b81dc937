"""The plain loop: every sequence goes through the model alone, and all logits are kept.

It is slow, and it is the reference that `engine.py` is checked against. With `n_batch` = 10 it
scores as He et al. 2025 do (arXiv 2505.16385): padded batches of ten, logits of every position.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pivotmine.errors import ModelError
from pivotmine.model.load import LoadedModel
from pivotmine.model.scoring.engine import log_probs
from pivotmine.model.scoring.shared_cache import Limits
from pivotmine.model.scoring.tokens import Question

CHECK_TOLERANCE = {"float32": 1e-2, "bfloat16": 1.0, "float16": 0.5}
"""Largest difference between the shared cache and the plain loop, in nats, that counts as rounding.
float32 was within 1e-4 on Gemma 3 270M and SmolLM2 135M; bfloat16 moves by .3 with the batch."""


def check(model: LoadedModel, questions: Sequence[Question], limits: Limits) -> float:
    """Largest difference, in nats, between the shared cache and a plain loop on these questions.

    Raises
    ------
    ModelError
        It is more than rounding: this model's cache cannot be shared.
    """
    import torch

    fast = log_probs(model, questions, limits)
    plain = log_probs_plain(model, questions)
    difference = max(abs(one - other) for one, other in zip(fast, plain, strict=True))
    dtype = str(next(model.network.parameters()).dtype).removeprefix("torch.")
    if difference > CHECK_TOLERANCE.get(dtype, torch.finfo(torch.float32).max):
        raise ModelError(
            f"{model.name}: the shared cache gives other numbers than the plain loop (by "
            f"{difference:.3g} nats, {dtype}); this architecture cannot be scored this way. Please "
            "report it with the model's config.json."
        )
    return difference


def shares_cache(model: LoadedModel) -> bool:
    """Whether contexts can share keys and values in this architecture.

    Models with a recurrent state (Mamba) have none; they are scored by the plain loop. Two short
    questions are tried.
    """
    tried = [Question((1, 2, 3), (4, 5)), Question((1, 2, 4), (3,))]
    try:
        check(model, tried, Limits())
    except (AttributeError, IndexError, KeyError, NotImplementedError, TypeError, ValueError):
        return False  # what transformers raises for a cache that does not fit varies by model
    return True


def log_probs_plain(
    model: LoadedModel,
    questions: Sequence[Question],
    n_batch: int = 1,
    advance: Callable[[int], None] = lambda _: None,
) -> list[float]:
    """Natural log-probability of each answer after its context, summed over its tokens.

    `advance` is called with the number of new contexts.
    """
    import torch

    contexts: set[tuple[int, ...]] = set()

    sums: list[float] = []
    with torch.inference_mode():
        for start in range(0, len(questions), n_batch):
            batch = questions[start : start + n_batch]
            n_tokens = [len(question.context) + len(question.answer) for question in batch]
            ids = torch.zeros(len(batch), max(n_tokens), dtype=torch.long)
            mask = torch.zeros_like(ids)
            for row, question in enumerate(batch):
                ids[row, : n_tokens[row]] = torch.tensor([*question.context, *question.answer])
                mask[row, : n_tokens[row]] = 1
            logits = model.network(
                input_ids=ids.to(model.device),
                attention_mask=mask.to(model.device) if n_batch > 1 else None,
                use_cache=False,
            ).logits
            for row, question in enumerate(batch):
                first = len(question.context)
                scores = torch.log_softmax(logits[row, first - 1 : n_tokens[row] - 1].float(), -1)
                answer = torch.tensor(question.answer, device=model.device)
                sums.append(float(scores.gather(1, answer[:, None]).double().sum()))
            new = {question.context for question in batch} - contexts
            contexts |= new
            advance(len(new))
    return sums
