"""Settings of `pivotmine-model attribute`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pivotmine.recipe import PositiveInt, Section


class AttributionConfig(Section):
    """Scores and behaviours of a model, related to counts of a corpus."""

    score: Literal["contrast", "he2025", "mrr_source", "mrr_target"] = "contrast"
    """The score that is correlated and fitted (see model/scoring/metrics.py)."""

    accuracy: Literal["accuracy_source", "accuracy_target"] = "accuracy_source"
    """The score by which a word is correct: at least .5, the mean over draws."""

    rules: tuple[Literal["sound", "sound_corrected", "he2025"], ...] = ("sound", "he2025")
    """Rules whose behaviours co-occurrence is compared with. Contrasts use the first."""

    in_lang: bool = True
    """Count words in text of their own language only; false: strings in any text."""

    context: Literal["windows", "docs"] = "windows"
    """Where words must occur together, for contrasts and words. Tables give both."""

    forms: tuple[Literal["copy", "cognate", "other"], ...] = ("cognate", "other")
    """Forms that are analysed. Copies (the same string) always co-occur, so they are left out."""

    min_group: PositiveInt = 10
    """Fewest words in each of the two groups of an AUC; with fewer it is not computed."""

    n_folds: Annotated[int, Field(ge=2)] = 10
    """Folds of concepts in cross-validation."""

    n_resamples: Annotated[int, Field(ge=100)] = 10_000
    """Bootstrap resamples of concepts. The smallest p-value is 2 / n_resamples."""

    is_training_corpus: bool = False
    """Whether the model was trained on the counted corpus. Changes only the text of the verdict."""

    seed: int = 0
    """Seed of the resamples."""
