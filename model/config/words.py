"""Settings of `pivotmine-model words`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from pivotmine.recipe import LanguageCode, PositiveInt, Section, Share


class WordsConfig(Section):
    """The word set."""

    languages: Annotated[tuple[LanguageCode, ...], Field(min_length=2)] = ("en", "fr", "zh", "ja")
    """Languages of every concept. The first is the hub that dictionaries of the others share."""

    bridges: tuple[LanguageCode, ...] = ("de",)
    """Further languages whose dictionaries only confirm: `leaf` and `feuille` are both `Blatt`."""

    n_concepts: PositiveInt = 2000
    """Concepts wanted: the surest ones. Fewer are kept when dictionaries agree on fewer."""

    min_zipf: float = 2.5
    """Least frequency of every word, log10 of occurrences per billion words (2.5: one in three
    million)."""

    min_confirmations: PositiveInt = 2
    """Independent confirmations that every word needs (see model/words/align.py)."""

    n_distractors: PositiveInt = 9
    """Wrong words per concept and language."""

    train_share: Share = 0.2
    """Part of the concepts for few-shot examples and fitting."""

    dev_share: Share = 0.2
    """Part of the concepts for choices (layers, prompts). The rest is the test split."""

    seed: int = 0
    """Decides which split a concept falls into, and ties between distractors."""

    @model_validator(mode="after")
    def _shares_leave_a_test_split(self) -> WordsConfig:
        if self.train_share + self.dev_share >= 1.0:
            raise ValueError("train_share + dev_share must leave something for the test split")
        return self
