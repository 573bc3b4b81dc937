"""Text to token ids."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pivotmine.recipe.section import PositiveInt, Section


class TokenizeConfig(Section):
    """Text to token ids, and the language of every segment."""

    tokenizer: str | None = None
    """URI of a sentencepiece .model or Hugging Face tokenizer.json. Default: train a sentencepiece
    unigram model on a balanced sample of the corpus."""

    vocab_size: PositiveInt = 64_000
    """Pieces of a trained tokenizer. Large on purpose: frequent words of every language, Chinese
    and Japanese included, should be single tokens."""

    sample_bytes: PositiveInt = 64_000_000
    """Text to train a tokenizer on, bytes, shared out evenly over the languages. Bounds the memory
    of the one task that trains (about 40 times this)."""

    seed: int = 0
    """Which sample is drawn."""

    min_language_share: Annotated[float, Field(gt=0.5, le=1.0)] = 0.8
    """A token belongs to a language when that language holds at least this share of its document
    frequency (rates, so that big languages do not swallow small ones); else it is `shared`."""

    min_word_share: Annotated[float, Field(gt=0.0, le=0.5)] = 0.1
    """A token counts as a word of every language that holds at least this share of it, in text of
    that language: 猫 is counted as Chinese and as Japanese."""
