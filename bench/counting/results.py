"""Figures of a run, stored as JSON. `page` makes tables of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Literal

import numpy as np
from pydantic import TypeAdapter

from bench.counting.answers import Answer
from bench.counting.prepare import Facts

Status = Literal["counted", "too slow", "too big", "failed", "not tried", "not installed"]

TWO_ANSWERS = "two runs differ"
"""Beginning of the reason if two runs of a way give different answers."""


@dataclass(frozen=True)
class Limits:
    """Limits of every way."""

    threads: int
    max_seconds: float
    """For a whole process."""

    max_bytes: int
    repeat: int
    """Most runs of a way at a size; their median is reported."""

    overrides: tuple[str, ...] = ()
    """Settings of the recipe."""


@dataclass(frozen=True)
class Run:
    """One process of a way."""

    seconds: float
    """From reading the input to the last pair written, as measured by the way itself."""

    process_seconds: float
    """The whole process, less what the way did only for the benchmark."""

    peak_bytes: int
    """Peak of the proportional set sizes of the process tree."""

    worker_bytes: int
    """Largest Python process below the first one (a Spark worker); 0 where there is none."""


@dataclass(frozen=True)
class Outcome:
    """The result of one way at one size."""

    way: str
    size: float
    """Multiple of the smallest input."""

    threads: int
    status: Status
    reason: str = ""
    """Why it did not count."""

    runs: tuple[Run, ...] = ()
    answer: Answer | None = None
    n_distinct: int | None = None
    """Pairs that meet at all, where the way counts them."""

    @property
    def seconds(self) -> float:
        return median(run.seconds for run in self.runs)

    @property
    def process_seconds(self) -> float:
        return median(run.process_seconds for run in self.runs)

    @property
    def peak_bytes(self) -> int:
        return max(run.peak_bytes for run in self.runs)

    @property
    def worker_bytes(self) -> int:
        return max(run.worker_bytes for run in self.runs)


@dataclass(frozen=True)
class Section:
    """One corpus, at one size or several."""

    name: str
    title: str
    text: str
    """Describes the corpus."""

    facts: dict[float, Facts] = field(default_factory=dict)
    outcomes: tuple[Outcome, ...] = ()
    problem: str = ""
    """Why nothing was measured."""

    def ways(self) -> list[str]:
        """Names of the ways, in the order in which they ran."""
        return list(dict.fromkeys(outcome.way for outcome in self.outcomes))

    def counted(self, way: str) -> dict[float, Outcome]:
        """Outcomes with figures, by size."""
        found = [o for o in self.outcomes if o.way == way and o.status == "counted"]
        return {outcome.size: outcome for outcome in found}


@dataclass(frozen=True)
class Results:
    """A whole run."""

    started_at: str
    command: str
    commit: str
    machine: str
    versions: dict[str, str]
    limits: Limits
    sections: tuple[Section, ...] = ()


def save(results: Results, path: Path) -> None:
    """Write as JSON."""
    path.write_bytes(TypeAdapter(Results).dump_json(results, indent=1) + b"\n")


def disagreement(section: Section) -> str:
    """The different answers at each size, and the ways that gave them; empty if all agree."""
    lines = [
        f"{section.name} {outcome.size:g}x: {outcome.way}: {outcome.reason}"
        for outcome in section.outcomes
        if outcome.reason.startswith(TWO_ANSWERS)
    ]
    for size in section.facts:
        by_answer: dict[Answer, list[str]] = {}
        for outcome in section.outcomes:
            if outcome.size == size and outcome.answer is not None:
                by_answer.setdefault(outcome.answer, []).append(outcome.way)
        if len(by_answer) > 1:
            lines += [
                f"{section.name} {size:g}x: {answer} by {', '.join(ways)}"
                for answer, ways in by_answer.items()
            ]
    return "\n".join(lines)


def growth_exponent(sizes: list[float], values: list[float]) -> float | None:
    """Slope of log(value) over log(size), by least squares; None from fewer than two sizes."""
    if len(sizes) < 2:
        return None
    slope, _ = np.polyfit(np.log(sizes), np.log(values), 1)
    return float(slope)
