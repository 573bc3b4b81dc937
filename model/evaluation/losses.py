"""Built-in evaluations that measure losses: of aligned segments and of held-out text."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from pivotmine import plugins
from pivotmine.model.config.evaluation import HeldoutOptions
from pivotmine.model.evaluation.base import Evaluation, Pairs, Row, interval_text, mean_interval
from pivotmine.model.load import LoadedModel
from pivotmine.model.losses.conditional import conditional_losses
from pivotmine.model.losses.heldout import HeldoutTexts
from pivotmine.model.shards.stream import Stream, open_stream
from pivotmine.model.shards.tokenizer import check_tokenizer
from pivotmine.model.words.dataset import WordSet


@plugins.evaluation("conditional")
class ConditionalLoss(Evaluation):
    """The loss of a segment after its source, after another source, and alone."""

    title: ClassVar[str] = "conditional loss"
    needs: ClassVar[str] = "evaluation.pairs"

    def is_asked(self, words: WordSet | None, pairs: Pairs) -> bool:
        return bool(pairs)

    def evaluate(self, model: LoadedModel, words: WordSet | None, pairs: Pairs) -> dict[str, Any]:
        found = {}
        for direction, asked in pairs.items():
            read = conditional_losses(model, asked)
            found[direction] = {
                "n": len(asked),
                "given": float(read.given.mean()),
                "other": float(read.other.mean()),
                "alone": float(read.alone.mean()),
                "conditional": mean_interval(read.given - read.alone),
                "gain": mean_interval(read.gain),
                "worth": mean_interval(read.worth),
            }
        return found

    @staticmethod
    def rows(found: Mapping[str, Any]) -> list[Row]:
        measures = {
            "gain": "gain from the source, nats a token",
            "worth": "the same, of tokens that are in neither source",
        }
        return [
            Row(measure, direction, interval_text(one[name]))
            for direction, one in found.items()
            for name, measure in measures.items()
        ]


@plugins.evaluation("heldout")
class HeldoutLoss(Evaluation, HeldoutOptions):
    """Loss and perplexity of shards that the model was not trained on."""

    title: ClassVar[str] = "held-out text"
    needs: ClassVar[str] = "evaluation.heldout"

    @cached_property
    def streams(self) -> dict[str, Stream]:
        """The opened shards by name."""
        return {name: open_stream(folder) for name, folder in sorted(self.heldout.items())}

    def is_asked(self, words: WordSet | None, pairs: Pairs) -> bool:
        return bool(self.heldout)

    def check(self, model: LoadedModel, words: WordSet | None, pairs: Pairs) -> None:
        for stream in self.streams.values():
            check_tokenizer(model, stream)

    def evaluate(self, model: LoadedModel, words: WordSet | None, pairs: Pairs) -> dict[str, Any]:
        texts = HeldoutTexts(self.streams, self.heldout_tokens, self.sequence_tokens)
        losses = {name: texts.loss(model.network, name) for name in texts.names}
        return {
            name: {"loss": loss, "perplexity": float(np.exp(loss))} for name, loss in losses.items()
        }

    @staticmethod
    def rows(found: Mapping[str, Any]) -> list[Row]:
        measure = "held-out loss, nats a token"
        return [Row(measure, name, f"{one['loss']:.3f}") for name, one in found.items()]
