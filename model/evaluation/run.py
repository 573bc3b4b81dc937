"""All evaluations that a recipe sets, in one run and one file of results.

A built-in evaluation runs if its inputs are given, a plugin's if `evaluation.plugins` names it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pivotmine import plugins
from pivotmine.errors import ConfigError
from pivotmine.model.config.recipe import ModelRecipe
from pivotmine.model.evaluation.base import Evaluation, Pairs, Row
from pivotmine.model.load import LoadedModel
from pivotmine.model.losses.pairs import read_pairs
from pivotmine.model.results import key, write_json
from pivotmine.model.words.dataset import WordSet


def evaluate(
    model: LoadedModel,
    words: WordSet | None,
    recipe: ModelRecipe,
    out: Path,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[dict[str, Any], Path]:
    """Run the evaluations; returns the results and their file, `out`/evaluation-<key>.json.

    Raises
    ------
    ConfigError, InputError, SetupError
        The recipe sets no evaluation, an input cannot be used, or a package is missing. No
        evaluation has run then.
    """
    settings = recipe.evaluation
    pairs: Pairs = {}
    if settings.pairs:
        pairs = read_pairs(Path(settings.pairs), settings.pair_directions, settings.n_pairs)
    evaluations = asked_evaluations(recipe, words, pairs)
    for evaluation in evaluations.values():
        if hasattr(evaluation, "check"):
            evaluation.check(model, words, pairs)
    asked = {
        "model": {"name": model.name, "version": model.version},
        "words": words.version if words else None,
        # Without plugins, files keep the names that they had before there were any.
        "settings": settings.model_dump(
            mode="json", exclude=None if settings.plugins else {"plugins"}
        ),
    }
    found = dict(asked)
    for name, evaluation in evaluations.items():
        say(getattr(evaluation, "title", "") or name)
        found[name] = evaluation.evaluate(model, words, pairs)
    path = out / f"evaluation-{key(asked)}.json"
    write_json(path, found)
    return found, path


def asked_evaluations(recipe: ModelRecipe, words: WordSet | None, pairs: Pairs) -> dict[str, Any]:
    """The evaluations that the recipe sets, by name and with their options.

    Raises
    ------
    ConfigError
        There is none.
    """
    given = {**recipe.evaluation.model_dump(), "scoring": recipe.scoring}
    found: dict[str, Any] = {}
    needs: dict[str, None] = {}
    for name in plugins.EVALUATIONS.built_in:
        plugin = plugins.EVALUATIONS[name]
        evaluation = plugin.make({option: given[option] for option in plugin.option_names()})
        needs[evaluation.needs] = None
        if evaluation.is_asked(words, pairs):
            found[name] = evaluation
    for name, options in recipe.evaluation.plugins.items():
        found[name] = plugins.EVALUATIONS[name].make(options)
    if not found:
        *most, last = needs
        raise ConfigError(
            f"no evaluation is set: give {', '.join(most)} or {last}, or name one of a plugin in "
            "evaluation.plugins"
        )
    return found


def table_rows(found: Mapping[str, Any]) -> list[Row]:
    """What the terminal shows of the results of `evaluate`."""
    return [
        row
        for name in plugins.EVALUATIONS.names()
        if name in found
        for row in getattr(plugins.EVALUATIONS[name].value, "rows", Evaluation.rows)(found[name])
    ]
