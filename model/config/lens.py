"""Settings of `pivotmine-model lens`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pivotmine.recipe import PositiveInt, Section


class LensConfig(Section):
    """What the layers show, and what the pivot does. The prompt is that of `scoring`."""

    directions: tuple[str, ...] = ("fr-zh", "fr-ja", "zh-fr", "ja-fr", "en-zh")
    """Directions to read. The pivot is English, or another third language where English is an
    end."""

    split: Literal["dev", "test"] = "test"
    """Which concepts are reported. Choices are made on dev."""

    limit: Annotated[int, Field(ge=0)] = 80
    """Read this many concepts of the split, the first by hash; 0: all."""

    dev_limit: Annotated[int, Field(ge=0)] = 40
    """Concepts of the dev split for choosing the lens, the layers and the thresholds; 0: all."""

    fit_limit: PositiveInt = 80
    """Concepts of the train split for what states have in common."""

    draw: Annotated[int, Field(ge=0)] = 0
    """Which draw of examples the prompt shows."""

    n_controls: PositiveInt = 8
    """Control words a concept and language: other concepts' words, nearest in frequency."""

    n_near: PositiveInt = 4
    """Words near in meaning a concept and language (the word set's distractors)."""

    mined: str = ""
    """Mined pivots to watch as well: a Parquet or JSON Lines file with a column `token`, and with
    `direction` and `concept` where each pair has its own (`pivotmine-model pivots` writes it from a
    lake; only pairs that have some are read). Empty: none."""

    n_top: PositiveInt = 5
    """Likeliest tokens kept of every layer."""

    quantile: Annotated[float, Field(gt=0.5, lt=1.0)] = 0.99
    """A pivot shows at a layer where its mass exceeds this share of the controls'."""

    min_mass: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.01
    """Least probability of a pivot that shows."""

    min_run: PositiveInt = 2
    """Consecutive layers at which a pivot must show."""

    n_ablated: Annotated[int, Field(ge=0)] = 3
    """Control words of each kind in the causal check; 0: leave the check out."""

    n_resamples: PositiveInt = 2000
    """Bootstrap resamples of words."""

    seed: int = 0
    """Decides the resamples."""
