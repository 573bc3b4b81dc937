"""Settings of `pivotmine-model lens`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pivotmine.recipe import PositiveInt, Section


class LensConfig(Section):
    """Reading of layers, and the causal check. The prompt is that of `scoring`."""

    directions: tuple[str, ...] = ("fr-zh", "fr-ja", "zh-fr", "ja-fr", "en-zh")
    """Directions to read. The pivot language is English, or another one if English is source or
    target."""

    split: Literal["dev", "test"] = "test"
    """Split of the reported concepts. Choices are made on dev."""

    limit: Annotated[int, Field(ge=0)] = 80
    """Concepts of the split that are read, the first by hash; 0: all."""

    dev_limit: Annotated[int, Field(ge=0)] = 40
    """Concepts of the dev split for choosing the lens, the layers and the thresholds; 0: all."""

    fit_limit: PositiveInt = 80
    """Concepts of the train split for the statistics of states."""

    draw: Annotated[int, Field(ge=0)] = 0
    """Number of the draw of examples in the prompt."""

    n_controls: PositiveInt = 8
    """Control words of each concept and language: words of other concepts, nearest in frequency."""

    n_near: PositiveInt = 4
    """Words near in meaning of each concept and language (the word set's distractors)."""

    mined: str = ""
    """Mined pivots to watch as well: a Parquet or JSON Lines file with a column `token`, and with
    `direction` and `concept` if pairs have pivots of their own (`pivotmine-model pivots` writes one
    from a lake; then only pairs with pivots are read). Empty: none."""

    n_top: PositiveInt = 5
    """Likeliest tokens that are kept of every layer."""

    quantile: Annotated[float, Field(gt=0.5, lt=1.0)] = 0.99
    """A pivot shows at a layer if its mass exceeds that of this share of controls."""

    min_mass: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.01
    """Least probability of a pivot that shows."""

    min_run: PositiveInt = 2
    """Consecutive layers at which a pivot must show."""

    n_ablated: Annotated[int, Field(ge=0)] = 3
    """Control words of each kind in the causal check; 0: no check."""

    n_resamples: PositiveInt = 2000
    """Bootstrap resamples of words."""

    seed: int = 0
    """Seed of the resamples."""
