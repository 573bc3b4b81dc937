"""Translation of held-out segments, scored by chrF (sacrebleu), as is usual on FLORES.

The prompt is a document: a few lines, each followed by its translation, and then the segment. What
the model writes up to the end of the line is its translation. chrF compares character n-grams, so
it needs no word segmentation and compares better between scripts than BLEU (Popović 2015).
Decoding is greedy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pivotmine import plugins
from pivotmine.errors import InputError
from pivotmine.model.config.evaluation import TranslationOptions
from pivotmine.model.evaluation.base import EXTRA, Evaluation, Pairs, Row
from pivotmine.model.load import LoadedModel, require
from pivotmine.model.losses.pairs import Pair
from pivotmine.model.words.dataset import WordSet

MAX_GROWTH = 3
"""Longest translation, as a multiple of the longer of source and reference, in tokens."""


@plugins.evaluation("translation")
class Translation(Evaluation, TranslationOptions):
    """chrF of the translations of aligned segments; the first pairs of a direction are examples."""

    title: ClassVar[str] = "translation"
    needs: ClassVar[str] = "evaluation.pairs"

    def is_asked(self, words: WordSet | None, pairs: Pairs) -> bool:
        return bool(pairs) and self.chrf

    def check(self, model: LoadedModel, words: WordSet | None, pairs: Pairs) -> None:
        require("sacrebleu", extra=EXTRA)
        for direction, asked in pairs.items():
            if len(asked) <= self.n_shots:
                raise InputError(
                    f"{direction}: all {len(asked)} pairs are examples for chrF; give more pairs, "
                    "lower evaluation.n_shots, or set evaluation.chrf=false"
                )

    def evaluate(self, model: LoadedModel, words: WordSet | None, pairs: Pairs) -> dict[str, Any]:
        """Direction -> chrF (0 to 100), the number of segments, and sacrebleu's signature."""
        from sacrebleu.metrics import CHRF

        found = {}
        for direction, given in pairs.items():
            shots, asked = given[: self.n_shots], given[self.n_shots :]
            metric = CHRF()
            written = [translate(model, shots, pair) for pair in asked]
            score = metric.corpus_score(written, [[pair.target for pair in asked]])
            found[direction] = {
                "chrf": float(score.score),
                "n": len(asked),
                "signature": str(metric.get_signature()),
            }
        return found

    @staticmethod
    def rows(found: Mapping[str, Any]) -> list[Row]:
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
