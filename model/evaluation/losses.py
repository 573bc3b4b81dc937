"""Built-in evaluations that measure losses: of aligned segments and of held-out text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pivotmine import plugins
from pivotmine.model.evaluation.base import Evaluation, Inputs, Row, mean_interval, shown
from pivotmine.model.losses.conditional import conditional_losses
from pivotmine.model.losses.heldout import HeldoutTexts
from pivotmine.model.shards.stream import open_stream
from pivotmine.model.shards.tokenizer import check_tokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pivotmine.model.losses.pairs import Pair


@plugins.evaluation("conditional")
class ConditionalLoss(Evaluation):
    """The loss of a segment after its source, after another source, and alone."""

    title = "conditional loss"
    needs = "evaluation.pairs"

    @classmethod
    def is_named(cls, inputs: Inputs) -> bool:
        return bool(inputs.settings.pairs)

    def check(self) -> None:
        self.pairs = self.inputs.pairs

    def run(self) -> dict[str, Any]:
        return {direction: self._of(pairs) for direction, pairs in self.pairs.items()}

    def _of(self, pairs: Sequence[Pair]) -> dict[str, Any]:
        read = conditional_losses(self.model, pairs)
        return {
            "n": len(pairs),
            "given": float(read.given.mean()),
            "other": float(read.other.mean()),
            "alone": float(read.alone.mean()),
            "conditional": mean_interval(read.given - read.alone),
            "gain": mean_interval(read.gain),
        }

    @classmethod
    def rows(cls, found: Mapping[str, Any]) -> list[Row]:
        measure = "gain from the source, nats a token"
        return [Row(measure, direction, shown(one["gain"])) for direction, one in found.items()]


@plugins.evaluation("heldout")
class HeldoutLoss(Evaluation):
    """Loss and perplexity of shards that the model was not trained on."""

    title = "held-out text"
    needs = "evaluation.heldout"

    @classmethod
    def is_named(cls, inputs: Inputs) -> bool:
        return bool(inputs.settings.heldout)

    def check(self) -> None:
        folders = sorted(self.inputs.settings.heldout.items())
        self.streams = {name: open_stream(folder) for name, folder in folders}
        for stream in self.streams.values():
            check_tokenizer(self.model, stream)

    def run(self) -> dict[str, Any]:
        settings = self.inputs.settings
        texts = HeldoutTexts(self.streams, settings.heldout_tokens, settings.sequence_tokens)
        losses = texts.losses(self.model.network)
        return {
            name: {"loss": loss, "perplexity": float(np.exp(loss))}
            for name, loss in losses.items()
        }

    @classmethod
    def rows(cls, found: Mapping[str, Any]) -> list[Row]:
        measure = "held-out loss, nats a token"
        return [Row(measure, name, f"{one['loss']:.3f}") for name, one in found.items()]
