"""What an evaluation of a model is: a class with a name, registered by `@plugins.evaluation`.

`pivotmine-model evaluate` makes an object of every evaluation whose inputs the recipe names, lets
all of them check their inputs, and then runs one after the other. A user's evaluation is such a
class in a module that `plugins: [...]` of the recipe names (`examples/plugins`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.model.config import EvaluationConfig, ModelRecipe
from pivotmine.model.losses.pairs import Pair, read_pairs

if TYPE_CHECKING:
    from pivotmine.model.load import LoadedModel
    from pivotmine.model.words.dataset import WordSet

Z = 1.96
"""Half the width of a 95 % interval of a normal distribution, in standard deviations."""


@dataclass(frozen=True)
class Inputs:
    """What evaluations read."""

    recipe: ModelRecipe
    words: WordSet | None = None

    @property
    def settings(self) -> EvaluationConfig:
        """Section `evaluation` of the recipe."""
        return self.recipe.evaluation

    @cached_property
    def pairs(self) -> Mapping[str, Sequence[Pair]]:
        """Direction -> aligned segments of `evaluation.pairs`; empty if it is not set.

        Raises
        ------
        InputError
            The file cannot be read, or holds too few pairs.
        """
        settings = self.settings
        if not settings.pairs:
            return {}
        return read_pairs(Path(settings.pairs), settings.pair_directions, settings.n_pairs)


class Row(NamedTuple):
    """A line of the table in the terminal."""

    measure: str
    of: str
    value: str


class Evaluation(ABC):
    """One evaluation of a model."""

    title: ClassVar[str]
    """What the log says while it runs."""
    needs: ClassVar[str]
    """The input that makes it run, for messages: `evaluation.pairs`."""

    def __init__(self, model: LoadedModel, inputs: Inputs) -> None:
        self.model, self.inputs = model, inputs

    @classmethod
    @abstractmethod
    def is_named(cls, inputs: Inputs) -> bool:
        """Whether the recipe names what this evaluation needs."""

    def check(self) -> None:
        """Read and check the inputs; called for all evaluations before any of them runs.

        Raises
        ------
        ConfigError, InputError, SetupError
            An input cannot be used, or a package is missing.
        """

    @abstractmethod
    def run(self) -> dict[str, Any]:
        """The results as plain values; they are written under the evaluation's name."""

    @classmethod
    def rows(cls, found: Mapping[str, Any]) -> list[Row]:
        """What the terminal shows of the results."""
        return []


def mean_interval(values: NDArray[np.float64]) -> dict[str, float]:
    """Mean of items with a 95 % interval (normal approximation): `mean`, `low`, `high`."""
    mean = float(values.mean())
    half = Z * float(values.std(ddof=1)) / len(values) ** 0.5
    return {"mean": mean, "low": mean - half, "high": mean + half}


def shown(interval: Mapping[str, float]) -> str:
    """A mean with its interval as text."""
    return f"{interval['mean']:.3f} [{interval['low']:.3f}, {interval['high']:.3f}]"
