"""Importing the modules of plugins, on the driver and in workers."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pivotmine.errors import ConfigError

ENTRY_POINTS = "pivotmine.plugins"
"""Group of the entry points by which an installed package offers its modules."""

_loaded: dict[str, None] = {}


def load(modules: Sequence[str] = ()) -> None:
    """Import the modules of a recipe's plugins, and those that installed packages offer.

    A module is looked for where Python does, then in the working directory.

    Raises
    ------
    ConfigError
        There is no such module, or its import fails.
    """
    for name in (*_offered_modules(), *modules):
        if name in _loaded and name in sys.modules:
            continue
        _import(name)
        _loaded[name] = None


def loaded() -> tuple[str, ...]:
    """Modules that `load` has imported, for workers to import too."""
    return tuple(_loaded)


def folders() -> list[str]:
    """Folders from which the loaded modules were imported, for the path of workers.

    Folders of installed packages are not among them.
    """
    found = []
    for name in _loaded:
        file = getattr(sys.modules.get(name), "__file__", None)
        if file:
            # A package lies one folder deeper for every dot, and for its __init__.py.
            depth = name.count(".") + (Path(file).name == "__init__.py")
            found.append(str(Path(file).resolve().parents[depth]))
    return [folder for folder in dict.fromkeys(found) if not folder.endswith("-packages")]


def with_plugins(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function for workers that finds plugins by name: it loads their modules first."""
    modules, found_in = loaded(), folders()
    if not modules:
        return make

    def made(batches: Any) -> Any:
        # A session of before the plugins started its workers without these folders.
        sys.path.extend(folder for folder in found_in if folder not in sys.path)
        load(modules)
        return make(batches)

    return made


def _import(name: str) -> None:
    try:
        importlib.import_module(name)
        return
    except ModuleNotFoundError as error:
        here = str(Path.cwd())
        if not _is_part(error.name, name) or here in sys.path:
            raise _failed(name, error) from error
        # At the end, so that a file of the user's hides no installed package.
        sys.path.append(here)
    except Exception as error:
        raise _failed(name, error) from error
    _import(name)


def _failed(name: str, error: Exception) -> ConfigError:
    if isinstance(error, ModuleNotFoundError) and _is_part(error.name, name):
        return ConfigError(
            f"plugins: no module {name!r} is installed, on the PYTHONPATH or in {Path.cwd()}"
        )
    if isinstance(error, ConfigError):
        return ConfigError(f"plugins: module {name!r}: {error}")
    return ConfigError(f"plugins: module {name!r} cannot be imported: {error!r}")


def _is_part(missing: str | None, name: str) -> bool:
    """Whether a missing module is the one named, or a package that it lies in."""
    return missing is not None and f"{name}.".startswith(f"{missing}.")


@cache
def _offered_modules() -> tuple[str, ...]:
    from importlib.metadata import entry_points

    return tuple(sorted({point.module for point in entry_points(group=ENTRY_POINTS)}))
