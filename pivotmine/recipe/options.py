"""Options of plugins: checked by the plugin's own types, and completed by its defaults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pivotmine import plugins
from pivotmine.errors import ConfigError


def complete_options(
    registry: plugins.Registry[Any], names: Iterable[str], given: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Options of plugins by their names, defaults included; of those that have any.

    Built-in ones have none: their settings are those of the sections of a recipe, and they are not
    imported for this.

    Raises
    ------
    ConfigError
        An option does not exist, or its value is not allowed.
    """
    found = {}
    for name in names:
        if name in registry.built_in:
            if given.get(name):
                raise ConfigError(f"{name} is built in and has no options here")
            continue
        entry = registry[name]
        if options := entry.options(entry.make(given.get(name))):
            found[name] = options
    return found
