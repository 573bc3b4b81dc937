"""Scoring a model on a word set: all directions, all draws, resumable.

For each direction and draw the questions are put together as text, tokenised, and answered by the
engine; the raw log-probabilities are kept as a table, and everything else is computed from those
tables, so that a new score needs no new run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from pivotmine.errors import InputError
from pivotmine.model.config import ScoringConfig
from pivotmine.model.results import key, read_table, write_json, write_table
from pivotmine.model.scoring.bootstrap import Estimate, estimates, strata
from pivotmine.model.scoring.engine import Limits, check, log_probs
from pivotmine.model.scoring.metrics import Answers, by_word
from pivotmine.model.scoring.prompts import Direction, answer, directions, examples, prompt, select
from pivotmine.model.scoring.tokens import tokenize
from pivotmine.model.words.dataset import Concept, WordSet

if TYPE_CHECKING:
    from pivotmine.model.load import LoadedModel

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


class Progress(NamedTuple):
    """What a run reports."""

    start: Callable[[str, int], None] = lambda *_: None
    """A cell begins: its name, and how many contexts it has."""
    advance: Callable[[int], None] = lambda _: None
    """So many contexts are done."""
    note: Callable[[str], None] = lambda _: None
    """A line for the log."""


class Ask(NamedTuple):
    """One question of a cell."""

    concept: str
    side: str
    candidate: int
    word: str
    answer: str
    text: tuple[str, str]


def score(
    model: LoadedModel, words: WordSet, config: ScoringConfig, out: Path, progress: Progress
) -> dict[str, Any]:
    """Score a model; returns the summary that is also written to `scores-<key>.json`.

    Writes `answers/<direction>-draw<n>-<key>.parquet` (raw), `words-<key>.parquet` (scores of every
    word) and the summary into `out`.

    Raises
    ------
    ConfigError, InputError
        The word set cannot serve these settings.
    ModelError
        The model's numbers are not finite, or its cache cannot be shared.
    """
    wanted = directions(config, words.languages)
    asked = select(config, words.split(config.split))
    if not asked:
        raise InputError(f"the word set has no concept in split {config.split!r}")
    require_distractors(asked, wanted, config.target_side)
    limits = limits_of(model, config)
    tables: dict[Direction, list[pa.Table]] = {}
    difference: float | None = None
    for direction in wanted:
        for draw in range(config.n_draws):
            cell = _cell_key(model, words, asked, config, direction, draw)
            path = out / "answers" / f"{direction}-draw{draw}-{cell}.parquet"
            table = read_table(path)
            if table is None:
                groups = list(ask(words, asked, config, direction, draw))
                if difference is None and config.check_pairs:
                    texts = [item.text for item in groups[0]][: config.check_pairs]
                    difference = check(model, tokenize(model.tokenizer, texts, config.bos), limits)
                    progress.note(
                        f"shared cache and plain loop agree within {difference:.1e} nats "
                        f"({len(texts)} pairs)"
                    )
                table = run_cell(model, groups, config, direction, draw, limits, progress)
                write_table(path, table)
            tables.setdefault(direction, []).append(table)
    by_direction: dict[str, Any] = {}
    summary = {
        "model": {"name": model.name, "version": model.version},
        "words": {"version": words.version, "split": config.split, "n": len(asked)},
        "settings": config.model_dump(mode="json"),
        "directions": by_direction,
    }
    rows = []
    for direction, parts in tables.items():
        answers = collect(parts, [concept.id for concept in asked])
        found = by_word(answers)
        by_direction[str(direction)] = {
            "all": _plain(estimates(answers, config.n_resamples, config.seed)),
            **{
                name: {group: _plain(values) for group, values in groups.items()}
                for name, groups in strata(
                    labels(asked, direction), answers, config.n_resamples, config.seed
                ).items()
            },
        }
        rows += [
            {
                "direction": str(direction),
                "concept": concept.id,
                "word": concept.words[direction.source],
                "answer": concept.words[direction.target],
                **{name: float(values[place]) for name, values in found.items()},
            }
            for place, concept in enumerate(asked)
        ]
    run_key = key({"model": model.version, "words": words.version, **_dependencies(config)})
    write_table(out / f"words-{run_key}.parquet", pa.Table.from_pylist(rows))
    write_json(out / f"scores-{run_key}.json", summary)
    return summary


def limits_of(model: LoadedModel, config: ScoringConfig) -> Limits:
    """The settings' bounds on memory, in tokens of this model."""
    n_vocabulary = model.network.get_output_embeddings().weight.shape[0]
    return Limits(config.batch_tokens, max(1, config.logit_mib * 2**20 // (4 * n_vocabulary)))


def ask(
    words: WordSet,
    asked: Sequence[Concept],
    config: ScoringConfig,
    direction: Direction,
    draw: int,
) -> Iterator[list[Ask]]:
    """The questions of a cell, in groups that share their examples."""
    source, target = direction
    per_word = config.shots == "word"
    pool = words.split(config.split if per_word else "train")
    shots = [] if per_word else examples(config, draw, pool)
    group: list[Ask] = []
    for concept in asked:
        if per_word:
            shots = examples(config, draw, pool, concept)
        right = concept.words[target]
        sources = (concept.words[source], *concept.distractors[source])
        targets = concept.distractors[target] if config.target_side else ()
        for place, word in enumerate(sources):
            text = _text(config, direction, shots, word, right)
            group.append(Ask(concept.id, "source", place, word, right, text))
        for place, wrong in enumerate(targets, 1):
            text = _text(config, direction, shots, sources[0], wrong)
            group.append(Ask(concept.id, "target", place, sources[0], wrong, text))
        if per_word:
            yield group
            group = []
    if group:
        yield group


def _text(
    config: ScoringConfig, direction: Direction, shots: Sequence[Concept], word: str, wanted: str
) -> tuple[str, str]:
    asked = prompt(direction, config.language_names, shots, word, config.prompt)
    return asked, answer(wanted, config.prompt)


def collect(parts: Sequence[pa.Table], concepts: Sequence[str]) -> Answers:
    """Arrays of the tables of one direction, in the order of draws and of `concepts`."""
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


def labels(asked: Sequence[Concept], direction: Direction) -> dict[str, list[str]]:
    """Groups for strata: form, part of speech, terciles of the rarer word's frequency."""
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


def run_cell(
    model: LoadedModel,
    groups: Sequence[Sequence[Ask]],
    config: ScoringConfig,
    direction: Direction,
    draw: int,
    limits: Limits,
    progress: Progress,
) -> pa.Table:
    """Raw answers (`ANSWERS`) to a cell's questions."""
    n_contexts = sum(len({item.text[0] for item in group}) for group in groups)
    progress.start(f"{direction} draw {draw + 1}/{config.n_draws}", n_contexts)
    rows = []
    for group in groups:
        questions = tokenize(model.tokenizer, [item.text for item in group], config.bos)
        values = log_probs(model, questions, limits, progress.advance)
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


def require_distractors(
    asked: Sequence[Concept], wanted: Sequence[Direction], target_side: bool
) -> None:
    """Raises `InputError` for a concept without the wrong words that a direction needs."""
    needed = {direction.source for direction in wanted}
    needed |= {direction.target for direction in wanted} if target_side else set()
    for concept in asked:
        for lang in sorted(needed):
            if not concept.distractors.get(lang):
                raise InputError(
                    f"concept {concept.id!r} has no distractors in {lang!r}: build the word set "
                    "with `pivotmine-model words`, or add them to its line"
                )


def _dependencies(config: ScoringConfig) -> dict[str, Any]:
    """The settings that numbers depend on: not those that bound memory or report."""
    aside = {"batch_tokens", "logit_mib", "check_pairs", "n_resamples", "n_draws", "directions"}
    return config.model_dump(mode="json", exclude=aside)


def _cell_key(
    model: LoadedModel,
    words: WordSet,
    asked: Sequence[Concept],
    config: ScoringConfig,
    direction: Direction,
    draw: int,
) -> str:
    return key(
        {
            "model": model.version,
            "words": words.version,
            "asked": [concept.id for concept in asked],
            "direction": str(direction),
            "draw": draw,
            **_dependencies(config),
        }
    )


def _plain(values: dict[str, Estimate]) -> dict[str, dict[str, float]]:
    return {name: value._asdict() for name, value in values.items()}
