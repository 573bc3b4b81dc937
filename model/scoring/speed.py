"""How fast words are scored, beside the plain ways, in the same minute on the same machine.

    python -m model.scoring.speed gemma3-270m --words WORDS --direction fr-zh

The plain ways get fewer words, for they take long; all see the same prompts, and their numbers are
compared. Seconds are wall and process CPU time per word and draw (ten sequences each).
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.console import Console

from pivotmine.model.config import ModelConfig, ScoringConfig
from pivotmine.model.load import LoadedModel, load_model
from pivotmine.model.scoring.engine import log_probs
from pivotmine.model.scoring.prompts import Direction, directions, select
from pivotmine.model.scoring.reference import log_probs_plain
from pivotmine.model.scoring.run import ask, limits_of
from pivotmine.model.scoring.tokens import Question, tokenize
from pivotmine.model.words.dataset import WordSet, load


class Speed(NamedTuple):
    """One way of scoring."""

    way: str
    n_words: int
    wall_s: float
    """Per word and draw."""
    cpu_s: float
    """Per word and draw, over all threads."""
    largest_difference: float
    """From the plain loop, nats."""


def measure(
    model: LoadedModel, words: WordSet, direction: Direction, n_plain: int, n_shared: int
) -> list[Speed]:
    """Speeds of the plain loop, of padded batches of ten, and of the shared cache."""
    limits = limits_of(model, ScoringConfig())
    shared = questions_of(model, words, direction, n_shared)
    plain = shared[: 10 * n_plain]
    ways: list[tuple[str, Sequence[Question], Callable[[Sequence[Question]], list[float]]]] = [
        ("one by one, all logits", plain, lambda asked: log_probs_plain(model, asked)),
        ("batches of ten, all logits", plain, lambda asked: log_probs_plain(model, asked, 10)),
        ("shared cache", shared, lambda asked: log_probs(model, asked, limits)),
    ]
    log_probs_plain(model, plain[:1])  # allocations and thread pools of the first call
    speeds: list[Speed] = []
    reference: list[float] = []
    for name, asked, way in ways:
        wall, cpu = time.perf_counter(), time.process_time()
        values = way(asked)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        reference = reference or values
        difference = max(abs(a - b) for a, b in zip(values, reference, strict=False))
        n_words = len(asked) // 10
        speeds.append(Speed(name, n_words, wall / n_words, cpu / n_words, difference))
    return speeds


def questions_of(
    model: LoadedModel, words: WordSet, direction: Direction, n_words: int
) -> list[Question]:
    """Ten questions a word: the right source word and nine wrong ones, one draw."""
    config = ScoringConfig(limit=n_words, target_side=False)
    asked = select(config, words.split(config.split))
    group = next(iter(ask(words, asked, config, direction, 0)))
    return tokenize(model.tokenizer, [item.text for item in group], config.bos)


def main(
    model: str,
    words: Annotated[Path, typer.Option()],
    direction: str = "fr-zh",
    n_plain: int = 2,
    n_shared: int = 30,
    threads: int = 2,
) -> None:
    """Print a table of speeds."""
    import torch

    torch.set_num_threads(threads)
    console = Console(markup=False, highlight=False, emoji=False)
    word_set = load(words)
    asked = directions(ScoringConfig(directions=(direction,)), word_set.languages)[0]
    loaded = load_model(model, ModelConfig())
    speeds = measure(loaded, word_set, asked, n_plain, n_shared)
    for speed in speeds:
        console.print(
            f"{speed.way:<28} {speed.wall_s:8.3f} s wall {speed.cpu_s:8.3f} s CPU a word and draw "
            f"({speed.n_words} words; {speeds[1].wall_s / speed.wall_s:.1f} times the batches of "
            f"ten; differs by {speed.largest_difference:.1e} nats)",
            soft_wrap=True,
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    console.print(f"peak memory {peak:,.0f} MiB, {threads} threads")


if __name__ == "__main__":
    typer.run(main)
