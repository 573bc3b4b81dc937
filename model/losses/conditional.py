"""Cross-lingual conditional loss: how much a sentence's source helps a model to predict it.

A target segment is read three times, each time as a line of its own: after its source, after the
source of another pair, and after an empty line. The gain over the empty line includes what any line
before it gives, such as language and subject. The gain over another pair's source leaves the effect
of the translation itself, so arms are compared by it. Both gains are in nats a target token.

A token that stands in a source can be copied from it, which needs no translation. So the gain over
another pair's source is also given for the other tokens of a target alone (`worth`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import ModelError
from pivotmine.model.load import LoadedModel
from pivotmine.model.losses.pairs import Pair
from pivotmine.model.scoring.tokens import Question, tokenize

Array = NDArray[np.float64]


class ConditionalLosses(NamedTuple):
    """Losses of P target segments, nats a token, float64[P] each."""

    given: Array
    """After its source."""
    other: Array
    """After the source of the next pair."""
    alone: Array
    """After an empty line."""
    worth: Array
    """Gain over the source of the next pair, of the target's tokens that are in neither source; 0
    where all are."""

    @property
    def gain(self) -> Array:
        """Loss after another source less loss after its own; above 0 if the source helps."""
        return self.other - self.given


def conditional_losses(
    model: LoadedModel, pairs: Sequence[Pair], batch_tokens: int = 1024
) -> ConditionalLosses:
    """Losses of the targets of all pairs.

    At most `batch_tokens` tokens, with padding, are read at once. This bounds memory: logits take 4
    bytes a token and vocabulary entry.

    Raises
    ------
    ModelError
        A loss is not finite.
    """
    texts, losses = _read(model, pairs, batch_tokens, [""] * len(pairs))
    means = np.array([found.mean() for found in losses]).reshape(3, -1)
    given, other, alone = means
    return ConditionalLosses(given, other, alone, _worths(texts, losses, len(pairs)))


def source_worth(
    model: LoadedModel, pairs: Sequence[Pair], batch_tokens: int = 1024
) -> tuple[Array, Array]:
    """`given` and `worth` of `ConditionalLosses` alone, [P] each, for two thirds of the time.

    Raises
    ------
    ModelError
        A loss is not finite.
    """
    texts, losses = _read(model, pairs, batch_tokens)
    given = np.array([found.mean() for found in losses[: len(pairs)]])
    return given, _worths(texts, losses, len(pairs))


class TokenGain(NamedTuple):
    """What its source does for one token of a target."""

    pair: int
    """Place of the pair."""
    token: int
    """Id of the token, which is in neither source."""
    gain: float
    """Loss after the source of the next pair less loss after its own, nats."""


def token_gains(
    model: LoadedModel, pairs: Sequence[Pair], batch_tokens: int = 1024
) -> list[TokenGain]:
    """The gains that `ConditionalLosses.worth` is the mean of, token by token.

    Raises
    ------
    ModelError
        A loss is not finite.
    """
    texts, losses = _read(model, pairs, batch_tokens)
    n, found = len(pairs), []
    for k in range(n):
        gains = losses[n + k] - losses[k]
        for place in np.flatnonzero(~_copied(texts[k], texts[n + k])).tolist():
            found.append(TokenGain(k, texts[k].answer[place], float(gains[place])))
    return found


def _read(
    model: LoadedModel, pairs: Sequence[Pair], batch_tokens: int, further: Sequence[str] = ()
) -> tuple[list[Question], list[Array]]:
    """Every target after its source, after the next source and after `further` lines, and the
    losses of its tokens."""
    sources = [pair.source for pair in pairs]
    before = [*sources, *sources[1:], sources[0], *further]
    lines = [(f"{line}\n", pairs[place % len(pairs)].target) for place, line in enumerate(before)]
    texts = tokenize(model.tokenizer, lines)
    losses: list[Array] = [np.empty(0)] * len(texts)
    for places in _batches([len(text.context) + len(text.answer) for text in texts], batch_tokens):
        for place, found in zip(
            places, _losses(model, [texts[place] for place in places]), strict=True
        ):
            losses[place] = found
    if not all(np.isfinite(found).all() for found in losses):
        raise ModelError(f"{model.name}: the losses of aligned segments are not finite")
    return texts, losses


def _worths(texts: Sequence[Question], losses: Sequence[Array], n: int) -> Array:
    """Worth of the source of each of `n` pairs, of what `_read` gives."""
    return np.array([_worth(texts[k], texts[n + k], losses[k], losses[n + k]) for k in range(n)])


def _worth(own: Question, other: Question, given: Array, without: Array) -> float:
    """Mean gain of the tokens that neither context holds."""
    copied = _copied(own, other)
    return float((without - given)[~copied].mean()) if not copied.all() else 0.0


def _copied(own: Question, other: Question) -> NDArray[np.bool_]:
    """Which tokens of the answer are in one of the contexts."""
    return np.isin(own.answer, [*own.context, *other.context])


def _batches(lengths: Sequence[int], batch_tokens: int) -> Iterator[list[int]]:
    """Batches of texts of similar length, by their places."""
    batch: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda place: lengths[place]):
        if batch and (len(batch) + 1) * lengths[place] > batch_tokens:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def _losses(model: LoadedModel, texts: Sequence[Question]) -> list[Array]:
    """Losses of the tokens of each text's answer, nats."""
    import torch

    longest = max(len(text.context) + len(text.answer) for text in texts)
    ids = torch.zeros((len(texts), longest), dtype=torch.long)
    mask = torch.zeros((len(texts), longest), dtype=torch.long)
    for row, (context, answer) in enumerate(texts):
        end = len(context) + len(answer)
        ids[row, :end] = torch.tensor(context + answer)
        mask[row, :end] = 1
    wanted = ids[:, 1:].to(model.device)
    with torch.inference_mode():
        logits = model.network(
            input_ids=ids.to(model.device), attention_mask=mask.to(model.device), use_cache=False
        ).logits
        of_token = torch.nn.functional.cross_entropy(
            logits[:, :-1].flatten(0, 1).float(), wanted.flatten(), reduction="none"
        )
    found = of_token.view(len(texts), -1).cpu().numpy().astype(np.float64)
    return [
        row[len(context) - 1 : len(context) + len(answer) - 1]
        for row, (context, answer) in zip(found, texts, strict=True)
    ]
