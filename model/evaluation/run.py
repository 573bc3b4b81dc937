"""All that a model is asked beside the word task, in one run and one file.

What is asked is what the recipe names: aligned segments (their conditional loss, their
translation), the word set (retrieval in its layers), held-out shards (loss by language) and
benchmarks. What it does not name is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pivotmine.errors import ConfigError
from pivotmine.model.config import Recipe
from pivotmine.model.evaluation.conditional import conditional_losses
from pivotmine.model.evaluation.harness import benchmarks
from pivotmine.model.evaluation.pairs import Pair, read_pairs
from pivotmine.model.evaluation.retrieval import layer_means, retrieve
from pivotmine.model.evaluation.translation import check_chrf, chrf
from pivotmine.model.load import LoadedModel, require
from pivotmine.model.results import key, write_json
from pivotmine.model.scoring.prompts import directions, select
from pivotmine.model.training.evaluate import heldout_rows
from pivotmine.model.training.networks import check_tokenizer
from pivotmine.model.training.packing import Packing
from pivotmine.model.training.shards import open_stream
from pivotmine.model.words.dataset import WordSet

Z = 1.96
"""Of a 95 % interval."""


def evaluate(
    model: LoadedModel,
    words: WordSet | None,
    recipe: Recipe,
    out: Path,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[dict[str, Any], Path]:
    """Ask a model all that the recipe names; returns the results and `out`/evaluation-<key>.json.

    Raises
    ------
    ConfigError, InputError, SetupError
        The recipe names nothing, or something that cannot be read, or needs a package that is not
        installed; nothing was asked.
    """
    settings = recipe.evaluation
    pairs: Mapping[str, Sequence[Pair]] = {}
    if settings.pairs:
        pairs = read_pairs(Path(settings.pairs), settings.pair_directions, settings.n_pairs)
    streams = {name: open_stream(folder) for name, folder in sorted(settings.heldout.items())}
    for stream in streams.values():
        check_tokenizer(model, stream)
    if not (words or pairs or streams or settings.tasks):
        raise ConfigError(
            "nothing to ask: set evaluation.pairs, evaluation.heldout or evaluation.tasks, or give "
            "a word set"
        )
    if pairs and settings.chrf:
        check_chrf(pairs, settings.n_shots)
    if settings.tasks:
        require("lm_eval", extra="benchmarks")
    found: dict[str, Any] = {}
    if words:
        say("retrieval in the layers")
        found["retrieval"] = _retrieval(model, words, recipe)
    if pairs:
        say("conditional loss")
        found["conditional"] = {way: _conditional(model, asked) for way, asked in pairs.items()}
        if settings.chrf:
            say("translation")
            found["translation"] = chrf(model, pairs, settings.n_shots)
    if streams:
        say("held-out text")
        packings = {
            name: Packing(of, settings.sequence_tokens, (0, 2)) for name, of in streams.items()
        }
        n = max(1, settings.heldout_tokens // settings.sequence_tokens)
        rows = heldout_rows(model.network, packings, n, 1, masked=True)
        found["heldout"] = {
            row["name"]: {"loss": row["loss"], "perplexity": float(np.exp(row["loss"]))}
            for row in rows
        }
    if settings.tasks:
        say(f"lm-eval: {', '.join(settings.tasks)}")
        folder = Path(settings.task_folder) if settings.task_folder else None
        found["benchmarks"] = benchmarks(model, settings.tasks, folder, settings.task_limit)
    summary = {
        "model": {"name": model.name, "version": model.version},
        "words": words.version if words else None,
        "settings": settings.model_dump(mode="json"),
        **found,
    }
    asked_of = {name: summary[name] for name in ("model", "words", "settings")}
    path = out / f"evaluation-{key(asked_of)}.json"
    write_json(path, summary)
    return summary, path


def _conditional(model: LoadedModel, pairs: Sequence[Pair]) -> dict[str, Any]:
    read = conditional_losses(model, pairs)
    return {
        "n": len(pairs),
        "given": float(read.given.mean()),
        "other": float(read.other.mean()),
        "alone": float(read.alone.mean()),
        "conditional": _estimate(read.given - read.alone),
        "gain": _estimate(read.gain),
    }


def _estimate(values: np.ndarray) -> dict[str, float]:
    """Mean with a 95 % interval over items (normal)."""
    mean = float(values.mean())
    half = Z * float(values.std(ddof=1)) / len(values) ** 0.5
    return {"mean": mean, "low": mean - half, "high": mean + half}


def _retrieval(model: LoadedModel, words: WordSet, recipe: Recipe) -> dict[str, Any]:
    """Share of hits, after the middle block and after each."""
    scoring = recipe.scoring
    asked = select(scoring, words.split(scoring.split))
    found = retrieve(model, asked, directions(scoring, words.languages), scoring)
    by_layer = layer_means(found)
    # Named beforehand: the best layer of a test split would be chosen by what it is judged by.
    middle = min(round(recipe.evaluation.layer * len(by_layer)), len(by_layer) - 1)
    return {
        "split": scoring.split,
        "n": len(asked),
        "chance": 1 / len(asked),
        "layer": middle,
        "by_layer": by_layer.tolist(),
        "directions": {way: _estimate(hit[middle]) for way, hit in found.items()},
    }
