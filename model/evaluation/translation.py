"""Translation of held-out segments, scored by chrF (sacrebleu), as is usual on FLORES.

The prompt is a document: a few lines, each followed by its translation, and then the segment. What
the model writes up to the end of the line is its translation. chrF compares character n-grams, so
it needs no word segmentation and compares better between scripts than BLEU (Popović 2015).
Decoding is greedy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pivotmine import plugins
from pivotmine.errors import InputError
from pivotmine.model.evaluation.base import EXTRA, Evaluation, Inputs, Row
from pivotmine.model.load import require
from pivotmine.model.losses.pairs import Pair

if TYPE_CHECKING:
    from pivotmine.model.load import LoadedModel

MAX_GROWTH = 3
"""Longest translation, as a multiple of the longer of source and reference, in tokens."""


@plugins.evaluation("translation")
class Translation(Evaluation):
    """chrF of the translations of aligned segments; the first pairs of a direction are examples."""

    title = "translation"
    needs = "evaluation.pairs"

    @classmethod
    def is_named(cls, inputs: Inputs) -> bool:
        return bool(inputs.settings.pairs) and inputs.settings.chrf

    def check(self) -> None:
        require("sacrebleu", extra=EXTRA)
        self.pairs, n_shots = self.inputs.pairs, self.inputs.settings.n_shots
        for direction, pairs in self.pairs.items():
            if len(pairs) <= n_shots:
                raise InputError(
                    f"{direction}: all {len(pairs)} pairs are examples for chrF; give more pairs, "
                    "lower evaluation.n_shots, or set evaluation.chrf=false"
                )

    def run(self) -> dict[str, Any]:
        return {direction: self._of(pairs) for direction, pairs in self.pairs.items()}

    def _of(self, pairs: Sequence[Pair]) -> dict[str, Any]:
        """chrF (0 to 100), with sacrebleu's signature and the number of segments."""
        from sacrebleu.metrics import CHRF

        n_shots = self.inputs.settings.n_shots
        shots, asked = pairs[:n_shots], pairs[n_shots:]
        metric = CHRF()
        written = [translate(self.model, shots, pair) for pair in asked]
        score = metric.corpus_score(written, [[pair.target for pair in asked]])
        return {
            "chrf": float(score.score),
            "n": len(asked),
            "signature": str(metric.get_signature()),
        }

    @classmethod
    def rows(cls, found: Mapping[str, Any]) -> list[Row]:
        return [
            Row("chrF", direction, f"{one['chrf']:.1f} ({one['n']} segments)")
            for direction, one in found.items()
        ]


def translate(model: LoadedModel, shots: Sequence[Pair], pair: Pair) -> str:
    """The model's translation of a source, by greedy decoding."""
    import torch

    lines = [line for shot in shots for line in (shot.source, shot.target)]
    prompt = "\n".join([*lines, pair.source, ""])
    ids = torch.tensor([model.tokenizer(prompt)["input_ids"]], device=model.device)
    longest = max(len(model.tokenizer(text)["input_ids"]) for text in pair)
    with torch.inference_mode():
        written = model.network.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=MAX_GROWTH * longest,
            do_sample=False,
            stop_strings=["\n"],
            tokenizer=model.tokenizer,
            pad_token_id=model.tokenizer.eos_token_id or 0,
        )
    text: str = model.tokenizer.decode(written[0, ids.shape[1] :], skip_special_tokens=True)
    return text.partition("\n")[0].strip()
