"""Settings of `pivotmine-model attribute`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pivotmine.recipe import PositiveInt, Section


class AttributionConfig(Section):
    """What the corpus holds against what the model does."""

    score: Literal["contrast", "he2025", "mrr_source", "mrr_target"] = "contrast"
    """The score that is correlated and fitted (see model/scoring/metrics.py)."""

    accuracy: Literal["accuracy_source", "accuracy_target"] = "accuracy_source"
    """What makes a word correct: right in at least half of the draws."""

    rules: tuple[Literal["sound", "sound_corrected", "he2025"], ...] = ("sound", "he2025")
    """Behaviours that co-occurrence is held against. Contrasts are declared for the first."""

    in_lang: bool = True
    """Count words in text of their own language only; false: the strings anywhere."""

    context: Literal["windows", "docs"] = "windows"
    """Where words must meet, for contrasts and words. Tables give both."""

    forms: tuple[Literal["copy", "cognate", "other"], ...] = ("cognate", "other")
    """Pairs that are analysed. Copies (the same string) meet wherever either is, and stay out."""

    min_group: PositiveInt = 10
    """Fewest words on either side of an AUC; with fewer it is not given."""

    n_folds: Annotated[int, Field(ge=2)] = 10
    """Folds of concepts in cross-validation."""

    n_resamples: Annotated[int, Field(ge=100)] = 10_000
    """Bootstrap resamples of concepts; the smallest p-value is two in so many."""

    is_training_corpus: bool = False
    """Whether the corpus that was counted is what the model was trained on. Only changes words."""

    seed: int = 0
    """Decides the resamples."""
