"""Translation of held-out segments, judged by chrF (sacrebleu), as on FLORES.

The model goes on with a document: a few lines, each followed by its translation, then the segment;
what it writes up to the line end is its translation. chrF compares characters, so it needs no words
and is comparable between scripts better than BLEU is (Popovic 2015). Decoding is greedy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pivotmine.errors import InputError
from pivotmine.model.evaluation.pairs import Pair
from pivotmine.model.load import require

if TYPE_CHECKING:
    from pivotmine.model.load import LoadedModel

MAX_GROWTH = 3
"""Times the longer of source and reference, in tokens, that a translation may run on for."""


def check_chrf(pairs: Mapping[str, Sequence[Pair]], n_shots: int) -> None:
    """See that `chrf` can be asked, before hours are spent on what comes before it.

    Raises
    ------
    InputError
        A direction has no pair beside its examples.
    SetupError
        sacrebleu is not installed.
    """
    require("sacrebleu", extra="benchmarks")
    for direction, every in pairs.items():
        if len(every) <= n_shots:
            raise InputError(
                f"{direction}: {len(every)} pairs, all of them examples for chrF; give more, fewer "
                "evaluation.n_shots, or evaluation.chrf=false"
            )


def chrf(
    model: LoadedModel, pairs: Mapping[str, Sequence[Pair]], n_shots: int
) -> dict[str, dict[str, Any]]:
    """Direction -> chrF (0 to 100), with sacrebleu's signature and the number of segments.

    The first `n_shots` pairs of a direction are the examples, the others are translated.

    Raises
    ------
    InputError, SetupError
        As `check_chrf`.
    """
    check_chrf(pairs, n_shots)
    from sacrebleu.metrics import CHRF

    found = {}
    for direction, every in pairs.items():
        shots, asked = every[:n_shots], every[n_shots:]
        metric = CHRF()
        said = [translate(model, shots, pair) for pair in asked]
        score = metric.corpus_score(said, [[pair.target for pair in asked]])
        found[direction] = {
            "chrf": float(score.score),
            "n": len(asked),
            "signature": str(metric.get_signature()),
        }
    return found


def translate(model: LoadedModel, shots: Sequence[Pair], pair: Pair) -> str:
    """What the model makes of a source, greedily."""
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
