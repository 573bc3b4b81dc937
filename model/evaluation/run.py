"""Everything that a model is asked beside the word task, in one run and one file.

The registry of evaluations says what there is; the recipe says what is asked. An evaluation runs if
the recipe names its inputs and, where `evaluation.run` is set, its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pivotmine import plugins
from pivotmine.errors import ConfigError
from pivotmine.model.evaluation.base import Evaluation, Inputs, Row
from pivotmine.model.load import LoadedModel
from pivotmine.model.results import key, write_json


def evaluate(
    model: LoadedModel,
    inputs: Inputs,
    out: Path,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[dict[str, Any], Path]:
    """Run the evaluations; returns the results and their file, `out`/evaluation-<key>.json.

    Raises
    ------
    ConfigError, InputError, SetupError
        The recipe names no evaluation, an input cannot be used, or a package is missing; nothing
        was asked.
    """
    evaluations = {name: kind(model, inputs) for name, kind in named(inputs).items()}
    for evaluation in evaluations.values():
        evaluation.check()
    settings, words = inputs.settings, inputs.words
    asked = {
        "model": {"name": model.name, "version": model.version},
        "words": words.version if words else None,
        # Without `run` the files keep the names that they had before there was this setting.
        "settings": settings.model_dump(mode="json", exclude=None if settings.run else {"run"}),
    }
    found = dict(asked)
    for name, evaluation in evaluations.items():
        say(evaluation.title)
        found[name] = evaluation.run()
    path = out / f"evaluation-{key(asked)}.json"
    write_json(path, found)
    return found, path


def named(inputs: Inputs) -> dict[str, type[Evaluation]]:
    """The evaluations that the recipe names, in the order of the registry.

    Raises
    ------
    ConfigError
        There is none, or `evaluation.run` names one whose inputs are not given.
    """
    known = every_evaluation()
    wanted = inputs.settings.run
    for name in wanted:
        if not known[name].is_named(inputs):
            raise ConfigError(f"evaluation.run names {name!r}, which needs {known[name].needs}")
    chosen = {
        name: kind
        for name, kind in known.items()
        if kind.is_named(inputs) and (not wanted or name in wanted)
    }
    if not chosen:
        needs = ", ".join(dict.fromkeys(kind.needs for kind in known.values()))
        raise ConfigError(f"nothing to ask: give one of {needs}")
    return chosen


def every_evaluation() -> dict[str, type[Evaluation]]:
    """All registered evaluations by name."""
    return {name: plugins.EVALUATIONS.get(name) for name in plugins.EVALUATIONS.names()}


def table_rows(found: Mapping[str, Any]) -> list[Row]:
    """What the terminal shows of the results."""
    return [
        row
        for name, kind in every_evaluation().items()
        if name in found
        for row in kind.rows(found[name])
    ]
