"""Scoring a model on a word set: all directions and draws, in a run that can be resumed.

The raw log-probabilities of each cell are kept as a table. All scores are computed from those
tables, so a new score needs no new run of the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pivotmine.model.config.measuring import ScoringConfig
from pivotmine.model.load import LoadedModel
from pivotmine.model.progress import Progress
from pivotmine.model.results import key, read_table, versions, write_json, write_table
from pivotmine.model.scoring.bootstrap import Estimate, estimates, strata
from pivotmine.model.scoring.cells import Task, ask, collect, dependencies, run_cell, word_task
from pivotmine.model.scoring.metrics import NAMES, Answers, by_word
from pivotmine.model.scoring.reference import check, shares_cache
from pivotmine.model.scoring.shared_cache import Limits, limits_of
from pivotmine.model.scoring.tokens import tokenize
from pivotmine.model.words.dataset import Concept, Direction, WordSet

WORDS = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in ("direction", "concept", "word", "answer")),
        *(pa.field(name, pa.float64()) for name in NAMES),  # null: the score was not asked for
    ]
)
"""A word of a direction, and its scores (`model/scoring/metrics.py`)."""


def score(
    model: LoadedModel, words: WordSet, config: ScoringConfig, out: Path, progress: Progress
) -> dict[str, Any]:
    """Score a model; returns the summary that is also written to `scores-<key>.json`.

    Writes `answers/<direction>-draw<n>-<key>.parquet` (raw answers), `words-<key>.parquet` (scores
    of every word) and the summary into `out`.

    Raises
    ------
    ConfigError, InputError
        The word set cannot serve these settings.
    ModelError
        The model's numbers are not finite, or its cache cannot be shared.
    """
    task = word_task(words, config)
    tables = _answers(model, task, out, progress)
    by_direction: dict[str, Any] = {}
    rows: list[dict[str, Any]] = []
    for direction, parts in tables.items():
        answers = collect(parts, [concept.id for concept in task.concepts])
        by_direction[str(direction)] = _estimates(answers, task, direction)
        rows += _word_rows(answers, task, direction)
    summary = {
        "model": {"name": model.name, "version": model.version},
        "words": {
            "version": words.version,
            "split": config.split,
            "n": len(task.concepts),
            "n_candidates": words.n_candidates,
        },
        "settings": config.model_dump(mode="json"),
        "directions": by_direction,
    }
    run_key = key(
        {
            "versions": versions(),
            "model": model.version,
            "words": words.version,
            "directions": [str(direction) for direction in task.directions],
            "n_draws": config.n_draws,
            "n_resamples": config.n_resamples,
            **dependencies(config),
        }
    )
    write_table(out / f"words-{run_key}.parquet", pa.Table.from_pylist(rows, schema=WORDS))
    write_json(out / f"scores-{run_key}.json", summary)
    return summary


def labels(asked: Sequence[Concept], direction: Direction) -> dict[str, list[str]]:
    """Grouping -> the group of every concept: form, part of speech, frequency.

    Frequency groups are terciles of the frequency of the rarer of the two words.
    """
    rarer = [
        min(concept.zipf.get(direction.source, 0.0), concept.zipf.get(direction.target, 0.0))
        for concept in asked
    ]
    low, high = np.quantile(rarer, [1 / 3, 2 / 3])
    return {
        "form": [concept.kind(*direction) for concept in asked],
        "pos": [concept.pos or "unknown" for concept in asked],
        "frequency": [
            "rare" if zipf < low else "frequent" if zipf >= high else "middle" for zipf in rarer
        ],
    }


def _answers(
    model: LoadedModel, task: Task, out: Path, progress: Progress
) -> dict[Direction, list[pa.Table]]:
    """The answers of every cell, by direction and in the order of draws."""
    limits = limits_of(model, task.config)
    tables: dict[Direction, list[pa.Table]] = {}
    is_checked = not task.config.check_pairs or not shares_cache(model)
    for direction in task.directions:
        for draw in range(task.config.n_draws):
            cell = _cell_key(model, task, direction, draw)
            path = out / "answers" / f"{direction}-draw{draw}-{cell}.parquet"
            table = read_table(path)
            if table is None:
                if not is_checked:
                    _check(model, task, direction, draw, limits, progress)
                    is_checked = True
                table = run_cell(model, task, direction, draw, limits, progress)
                write_table(path, table)
            tables.setdefault(direction, []).append(table)
    return tables


def _check(
    model: LoadedModel,
    task: Task,
    direction: Direction,
    draw: int,
    limits: Limits,
    progress: Progress,
) -> None:
    """Compare the shared cache with the plain loop on the first questions of a cell."""
    first = next(ask(task, direction, draw))
    texts = [item.text for item in first][: task.config.check_pairs]
    difference = check(model, tokenize(model.tokenizer, texts, task.config.bos), limits)
    progress.note(
        f"shared cache and plain loop agree within {difference:.1e} nats ({len(texts)} pairs)"
    )


def _estimates(answers: Answers, task: Task, direction: Direction) -> dict[str, Any]:
    """Means with intervals over all words, and within each stratum."""
    config = task.config
    groups = labels(task.concepts, direction)
    by_group = strata(groups, answers, config.n_resamples, config.seed)
    return {
        "all": _plain(estimates(answers, config.n_resamples, config.seed)),
        **{
            name: {group: _plain(values) for group, values in found.items()}
            for name, found in by_group.items()
        },
    }


def _word_rows(answers: Answers, task: Task, direction: Direction) -> list[dict[str, Any]]:
    found = by_word(answers)
    return [
        {
            "direction": str(direction),
            "concept": concept.id,
            "word": concept.words[direction.source],
            "answer": concept.words[direction.target],
            **{name: float(values[place]) for name, values in found.items()},
        }
        for place, concept in enumerate(task.concepts)
    ]


def _cell_key(model: LoadedModel, task: Task, direction: Direction, draw: int) -> str:
    return key(
        {
            "versions": versions(),
            "model": model.version,
            "words": task.words.version,
            "asked": [concept.id for concept in task.concepts],
            "direction": str(direction),
            "draw": draw,
            **dependencies(task.config),
        }
    )


def _plain(values: dict[str, Estimate]) -> dict[str, dict[str, float]]:
    return {name: value._asdict() for name, value in values.items()}
