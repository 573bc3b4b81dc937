"""The cells of the word task: the questions of one direction and draw, and a model's answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pivotmine.errors import InputError
from pivotmine.model.config.measuring import ScoringConfig
from pivotmine.model.load import LoadedModel
from pivotmine.model.progress import Progress
from pivotmine.model.scoring.engine import log_probs
from pivotmine.model.scoring.metrics import Answers
from pivotmine.model.scoring.prompts import answer, directions, examples, prompt, select
from pivotmine.model.scoring.reference import log_probs_plain, shares_cache
from pivotmine.model.scoring.shared_cache import Limits
from pivotmine.model.scoring.tokens import tokenize
from pivotmine.model.words.dataset import Concept, Direction, WordSet

ANSWERS = pa.schema(
    [
        pa.field("direction", pa.string()),
        pa.field("draw", pa.int32()),
        pa.field("concept", pa.string()),
        pa.field("side", pa.string()),  # source: the question varies; target: the answer does
        pa.field("candidate", pa.int32()),  # 0: the right one
        pa.field("word", pa.string()),
        pa.field("answer", pa.string()),
        pa.field("n_tokens", pa.int32()),
        pa.field("log_prob", pa.float64()),  # nats, summed over tokens
    ]
)


class Task(NamedTuple):
    """The word task: a word set and its settings."""

    words: WordSet
    config: ScoringConfig
    directions: tuple[Direction, ...]
    concepts: tuple[Concept, ...]
    """The concepts in question, in the order of their ids."""


def dependencies(config: ScoringConfig) -> dict[str, Any]:
    """The settings that the answers of a cell depend on, beside its direction and draw."""
    without_effect = {
        *("batch_tokens", "logit_mib", "check_pairs", "n_resamples"),
        *("n_draws", "directions"),
    }
    return config.model_dump(mode="json", exclude=without_effect)


def word_task(words: WordSet, config: ScoringConfig) -> Task:
    """The directions and concepts that the settings name.

    Raises
    ------
    ConfigError, InputError
        The word set cannot serve these settings.
    """
    wanted = directions(config, words.languages)
    asked = select(config, words.split(config.split))
    if not asked:
        raise InputError(f"the word set has no concept in split {config.split!r}")
    _require_distractors(asked, wanted, config.target_side)
    return Task(words, config, wanted, tuple(asked))


class Ask(NamedTuple):
    """One question of a cell with one candidate answer."""

    concept: str
    side: str
    candidate: int
    word: str
    answer: str
    text: tuple[str, str]
    """Prompt and answer."""


def ask(task: Task, direction: Direction, draw: int) -> Iterator[list[Ask]]:
    """The questions of a cell, in groups that share their examples."""
    config = task.config
    if config.shots == "draw":
        shots = examples(config, draw, task.words.split("train"))
        yield [item for concept in task.concepts for item in _asks(task, direction, shots, concept)]
        return
    pool = task.words.split(config.split)
    for concept in task.concepts:
        shots = examples(config, draw, pool, concept)
        yield list(_asks(task, direction, shots, concept))


def run_cell(
    model: LoadedModel,
    task: Task,
    direction: Direction,
    draw: int,
    limits: Limits,
    progress: Progress,
) -> pa.Table:
    """A model's answers (`ANSWERS`) to the questions of a cell."""
    groups = list(ask(task, direction, draw))
    n_contexts = sum(len({item.text[0] for item in group}) for group in groups)
    progress.start(f"{direction} draw {draw + 1}/{task.config.n_draws}", n_contexts)
    is_shared = shares_cache(model)
    if not is_shared:
        progress.note(
            f"{model.name}: keys and values cannot be shared in {type(model.network).__name__}, so "
            "every answer is read alone, which is slower"
        )
    rows = []
    for group in groups:
        questions = tokenize(model.tokenizer, [item.text for item in group], task.config.bos)
        values = (
            log_probs(model, questions, limits, progress.advance)
            if is_shared
            else log_probs_plain(model, questions, advance=progress.advance)
        )
        rows += [
            {
                "direction": str(direction),
                "draw": draw,
                "concept": item.concept,
                "side": item.side,
                "candidate": item.candidate,
                "word": item.word,
                "answer": item.answer,
                "n_tokens": len(question.answer),
                "log_prob": value,
            }
            for item, question, value in zip(group, questions, values, strict=True)
        ]
    return pa.Table.from_pylist(rows, schema=ANSWERS)


def collect(parts: Sequence[pa.Table], concepts: Sequence[str]) -> Answers:
    """The answers of one direction (`ANSWERS` of each draw) as arrays, in the order of concepts."""
    place = {concept: number for number, concept in enumerate(concepts)}
    n_candidates = 1 + max(max(part["candidate"].to_pylist(), default=0) for part in parts)
    shape = (len(parts), len(concepts), n_candidates)
    values = {side: np.full(shape, np.nan) for side in ("source", "target", "tokens")}
    for draw, part in enumerate(parts):
        columns = [part[name].to_pylist() for name in ("concept", "side", "candidate")]
        for concept, side, candidate, n_tokens, log_prob in zip(
            *columns, part["n_tokens"].to_pylist(), part["log_prob"].to_pylist(), strict=True
        ):
            values[side][draw, place[concept], candidate] = log_prob
            if side == "source":
                values["tokens"][draw, place[concept], candidate] = n_tokens
    has_targets = not np.isnan(values["target"][..., 1:]).all()
    values["target"][..., 0] = values["source"][..., 0]
    return Answers(values["source"], values["tokens"], values["target"] if has_targets else None)


def _require_distractors(
    asked: Sequence[Concept], wanted: Sequence[Direction], target_side: bool
) -> None:
    needed = {direction.source for direction in wanted}
    needed |= {direction.target for direction in wanted} if target_side else set()
    for concept in asked:
        for lang in sorted(needed):
            if not concept.distractors.get(lang):
                raise InputError(
                    f"concept {concept.id!r} has no distractors in {lang!r}: build the word set "
                    "with `pivotmine-model words`, or add them to its line"
                )


def _asks(
    task: Task, direction: Direction, shots: Sequence[Concept], concept: Concept
) -> Iterator[Ask]:
    """The questions about one concept: each source word, then each wrong answer."""
    config, (source, target) = task.config, direction

    def text(word: str, wanted: str) -> tuple[str, str]:
        asked = prompt(direction, config.language_names, shots, word, config.prompt)
        return asked, answer(wanted, config.prompt)

    own, right = concept.words[source], concept.words[target]
    for place, word in enumerate((own, *concept.distractors[source])):
        yield Ask(concept.id, "source", place, word, right, text(word, right))
    for place, wrong in enumerate(concept.distractors[target] if config.target_side else (), 1):
        yield Ask(concept.id, "target", place, own, wrong, text(own, wrong))
