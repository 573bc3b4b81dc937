"""Model evaluation sentence_perplexity: how well a model predicts the sentences of a file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pivotmine import plugins
from pivotmine.recipe.section import PositiveInt, Section

if TYPE_CHECKING:
    from pivotmine.model.load import LoadedModel


@plugins.evaluation("sentence_perplexity")
class SentencePerplexity(Section):
    """Perplexity of each line of a file by itself."""

    sentences: str = "sentences.txt"
    """UTF-8 text, a sentence a line."""

    max_sentences: PositiveInt = 1000
    """Lines that are read."""

    def evaluate(self, model: LoadedModel, words: Any, pairs: Any) -> dict[str, Any]:
        """Tokens, loss in nats a token, and perplexity."""
        lines = Path(self.sentences).read_text(encoding="utf-8").splitlines()
        total, n_tokens = 0.0, 0
        for line in filter(str.strip, lines[: self.max_sentences]):
            ids = model.tokenizer(line, return_tensors="pt")["input_ids"].to(model.device)
            if (n := ids.shape[1] - 1) > 0:  # the first token is not predicted
                total += n * float(model.network(input_ids=ids, labels=ids).loss.detach())
                n_tokens += n
        loss = total / max(n_tokens, 1)
        return {"n_tokens": n_tokens, "loss": loss, "perplexity": math.exp(loss)}
