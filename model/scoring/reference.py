"""The plain way: every sequence goes through the model alone, and all logits are kept.

It is slow, and it is the reference that `engine.py` is checked against. With `n_batch` = 10 it is
the way of He et al. 2025 (arXiv 2505.16385): padded batches of ten, logits of every position.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pivotmine.model.scoring.tokens import Question

if TYPE_CHECKING:
    from pivotmine.model.load import LoadedModel


def log_probs_plain(
    model: LoadedModel, questions: Sequence[Question], n_batch: int = 1
) -> list[float]:
    """Natural log-probability of each answer after its context, summed over its tokens."""
    import torch

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
    return sums
