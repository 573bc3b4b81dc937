"""The door: load a recipe, run it, and ask the lake that it made.

Asking needs neither Java nor Spark. Errors that a user can act on descend from
`pivotmine.PivotMineError`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pivotmine.ask.reader import LakeReader
from pivotmine.errors import InputError, LakeError, PivotMineError, disk_error

if TYPE_CHECKING:
    from pivotmine.engine.display import Report
    from pivotmine.recipe import Recipe

__all__ = ["LakeReader", "RecipeSource", "load_recipe", "open_lake", "run"]

RecipeSource = str | os.PathLike[str] | Mapping[str, Any]
"""Path or URI of a YAML file, or its contents as a mapping."""


def load_recipe(
    source: RecipeSource | None = None, overrides: Mapping[str, Any] | None = None
) -> Recipe:
    """Read and check a recipe.

    Parameters
    ----------
    source
        Path or URI of a YAML file, or a mapping of sections; without one every setting has its
        default.
    overrides
        Settings by dotted name, which replace those of the recipe.

    Raises
    ------
    ConfigError
        The file cannot be read, a setting is unknown, or a value is not allowed. The message gives
        the dotted name and what is allowed.

    Examples
    --------
    >>> recipe = load_recipe("corpus.yaml", {"count.min_count": 10, "link.max_q_value": 0.001})
    >>> recipe.count.min_count
    10
    >>> load_recipe({"lake": {"warehouse": "elsewhere"}}).lake.warehouse
    'elsewhere'
    >>> load_recipe("corpus.yaml", {"count.min_cuont": 10})
    Traceback (most recent call last):
    ...
    pivotmine.errors.ConfigError: the configuration corpus.yaml is not valid:
      count.min_cuont: unknown setting; did you mean 'min_count'?
    `pivotmine config` lists every setting with its meaning.
    """
    from pivotmine.recipe.reading import load_recipe as read

    is_mapping = isinstance(source, Mapping)
    settings = {**(source if is_mapping else {}), **(overrides or {})}  # type: ignore[dict-item]
    uri = None if source is None or is_mapping else os.fspath(source)  # type: ignore[arg-type]
    return read(uri, [f"{name}={_yaml(value)}" for name, value in settings.items()])


def run(
    recipe: Recipe | RecipeSource,
    *,
    until: str | None = None,
    only: str | None = None,
    force: bool = False,
) -> list[Report]:
    """Run all stages, or part of them; stages that are committed are skipped.

    Progress is shown on standard error: a live table on a terminal, else a line an event. What is
    shown is also kept in folder `logs` of the warehouse, once a stage runs. Needs Java.

    Parameters
    ----------
    recipe
        A recipe, or what `load_recipe` reads.
    until
        The last stage to run.
    only
        The one stage to run.
    force
        Run also what is committed already.

    Returns
    -------
    A report a stage: its rows, its seconds, whether it was skipped.

    Raises
    ------
    PivotMineError
        Of the kind that fits: a setting, an input, the lake or the machine is not as it should be;
        or ingest has refused every record.

    Examples
    --------
    >>> reports = run("corpus.yaml", until="train_tokenizer")
    >>> [report.stage for report in reports]
    ['ingest', 'train_tokenizer']
    """
    from rich.console import Console

    from pivotmine.engine.runner import run_stages
    from pivotmine.engine.session import build_session
    from pivotmine.lake.catalog import resolve_warehouse
    from pivotmine.recipe.reading import to_yaml
    from pivotmine.show.progress import open_display
    from pivotmine.show.run_log import logged
    from pivotmine.stages.road import choose_stages

    settings = _recipe(recipe)
    stages = choose_stages(only, until)
    try:
        warehouse, _ = resolve_warehouse(settings.lake.warehouse)
        with (
            open_display(Console(stderr=True, emoji=False)) as shown,
            logged(shown, warehouse, to_yaml(settings)) as display,
        ):
            reports = run_stages(
                settings, stages, lambda: build_session(settings.spark), display, force=force
            )
            _check_documents(reports)
            return reports
    except PivotMineError:
        raise
    except Exception as error:
        # What a task raised arrives as the text of its traceback, inside one of Java's.
        if said := re.search(r"^pivotmine\.errors\.\w+: (.+)", str(error), re.MULTILINE):
            raise PivotMineError(said[1]) from error
        if found := disk_error(error):
            raise found from error
        raise


def _check_documents(reports: Sequence[Report]) -> None:
    """Check that ingest, if it was among the stages, has left any document."""
    for report in reports:
        if report.written.get("documents") == 0 and report.tally.rejected:
            raise InputError(
                f"no record became a document: all {report.tally.rejected:,} were refused. "
                "`pivotmine rejects` shows why; check format and text_column of the inputs"
            )


def open_lake(source: Recipe | RecipeSource) -> LakeReader:
    """Open a lake to be read; leaves no trace in it.

    Parameters
    ----------
    source
        A recipe, what `load_recipe` reads, or the folder of a local warehouse.

    Raises
    ------
    LakeError
        Nothing is committed there, or the catalog cannot be reached.
    InputError
        The folder holds no lake.

    Examples
    --------
    >>> open_lake("corpus.yaml").links("fr:chat")[0].partner
    '▁cat'
    >>> open_lake("lake").links("fr:chat")[0].partner
    '▁cat'
    """
    from pivotmine.lake.lake import Lake

    lake = Lake(_lake_config(source), read_only=True)
    if not lake.committed_run_ids():
        raise LakeError(
            f"nothing is committed in {lake.warehouse} (namespace {lake.namespace}) yet. Name the "
            "recipe with --config, or fill this lake with `pivotmine run`."
        )
    return LakeReader(lake)


def _recipe(source: Recipe | RecipeSource) -> Recipe:
    from pivotmine.recipe import Recipe

    return source if isinstance(source, Recipe) else load_recipe(source)


def _lake_config(source: Recipe | RecipeSource) -> Any:
    """Section `lake` of a recipe, or that of a local warehouse."""
    from pivotmine.lake.catalog import local_lake

    if isinstance(source, str | os.PathLike) and Path(source).is_dir():
        return local_lake(Path(source))
    return _recipe(source).lake


def _yaml(value: Any) -> str:
    """A value as YAML on one line, as an override is written."""
    import yaml

    return yaml.safe_dump(
        _plain(value), default_flow_style=True, allow_unicode=True, width=float("inf")
    ).removesuffix("...\n")


def _plain(value: Any) -> Any:
    """The value in the types that YAML has."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return os.fspath(value) if isinstance(value, os.PathLike) else value
