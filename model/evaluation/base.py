"""The base class of evaluations, which `@plugins.evaluation` registers.

`pivotmine-model evaluate` makes an object of every evaluation that the recipe sets, lets all of
them check their inputs, and then runs them in turn. Only the method `evaluate` is required.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.model.load import LoadedModel
from pivotmine.model.losses.pairs import Pair
from pivotmine.model.words.dataset import WordSet
from pivotmine.recipe import Section

Pairs = Mapping[str, Sequence[Pair]]
"""Direction (`en-fr`) -> aligned segments."""

EXTRA = "benchmarks"
"""The extra that brings the packages of evaluations."""

Z = 1.96
"""Half the width of a 95 % interval of a normal distribution, in standard deviations."""


class Row(NamedTuple):
    """A line of the table in the terminal."""

    measure: str
    of: str
    value: str


class Evaluation(Section):
    """An evaluation of a model; its fields are its options."""

    title: ClassVar[str] = ""
    """What the log says while it runs; empty: its name."""

    needs: ClassVar[str] = ""
    """The input of a built-in evaluation, for messages: `evaluation.pairs`."""

    def is_asked(self, words: WordSet | None, pairs: Pairs) -> bool:
        """Whether the inputs are given. Evaluations of plugins run if the recipe names them."""
        return True

    def check(self, model: LoadedModel, words: WordSet | None, pairs: Pairs) -> None:
        """Check the inputs; called for all evaluations before any of them runs.

        Raises
        ------
        ConfigError, InputError, SetupError
            An input cannot be used, or a package is missing.
        """

    @abstractmethod
    def evaluate(self, model: LoadedModel, words: WordSet | None, pairs: Pairs) -> dict[str, Any]:
        """The results as plain values; they are written under the evaluation's name."""

    @staticmethod
    def rows(found: Mapping[str, Any]) -> list[Row]:
        """What the terminal shows of the results."""
        return [
            Row(name, "", f"{value:.3f}" if isinstance(value, float) else str(value))
            for name, value in found.items()
        ]


def mean_interval(values: NDArray[np.float64]) -> dict[str, float]:
    """Mean of items with a 95 % interval (normal approximation): `mean`, `low`, `high`."""
    mean = float(values.mean())
    half = Z * float(values.std(ddof=1)) / len(values) ** 0.5
    return {"mean": mean, "low": mean - half, "high": mean + half}


def interval_text(interval: Mapping[str, float]) -> str:
    """A mean with its interval as text."""
    return f"{interval['mean']:.3f} [{interval['low']:.3f}, {interval['high']:.3f}]"
