"""A registry: plugins of one kind by name, built-in ones imported on demand."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pivotmine.errors import ConfigError

Value = TypeVar("Value")
Facts = TypeVar("Facts")


@dataclass(frozen=True)
class Plugin(Generic[Facts]):
    """Something registered.

    Parameters
    ----------
    name
        Name in recipes.
    value
        The class or function.
    module
        Module that registered it.
    facts
        What the decorator says about it.
    """

    name: str
    value: Any
    module: str
    facts: Facts

    def option_names(self) -> list[str]:
        """Names of its options: the fields of a pydantic model or dataclass."""
        fields = getattr(self.value, "model_fields", None) or getattr(
            self.value, "__dataclass_fields__", {}
        )
        return list(fields)

    def make(self, options: Mapping[str, Any] | None = None) -> Any:
        """An instance of a registered class with the options of a recipe.

        Raises
        ------
        ConfigError
            There is no such option, or its value is not allowed.
        """
        from pydantic import TypeAdapter, ValidationError

        names = self.option_names()
        for name in options or {}:
            if name not in names:
                allowed = f"allowed: {', '.join(names)}" if names else "it has none"
                raise ConfigError(f"{self.name} has no option {name!r}; {allowed}")
        if not names:
            return self.value()
        try:
            return TypeAdapter(self.value).validate_python(dict(options or {}))
        except ValidationError as error:
            found = (
                f"option {'.'.join(map(str, item['loc']))} of {self.name}: {item['msg']}"
                for item in error.errors()
            )
            raise ConfigError("; ".join(found)) from None

    def options(self, made: Any) -> dict[str, Any]:
        """All options of an instance as JSON values, defaults included."""
        from pydantic import TypeAdapter

        if not self.option_names():
            return {}
        values: dict[str, Any] = TypeAdapter(self.value).dump_python(made, mode="json")
        return values


class Registry(Generic[Facts]):
    """Plugins of one kind by name: those built in, in their order, then all others.

    Parameters
    ----------
    kind
        What they are called in messages, such as "document score".
    built_in
        Names of built-in plugins; each with its module, imported on demand, and its facts.
    """

    def __init__(self, kind: str, built_in: Mapping[str, tuple[str, Facts]]) -> None:
        self.kind = kind
        self._built_in = dict(built_in)
        self._found: dict[str, Plugin[Facts]] = {}

    @property
    def built_in(self) -> tuple[str, ...]:
        """Names of the built-in plugins."""
        return tuple(self._built_in)

    def names(self) -> tuple[str, ...]:
        """All names. Imports nothing."""
        return tuple(dict.fromkeys((*self._built_in, *self._found)))

    def __contains__(self, name: str) -> bool:
        return name in self._built_in or name in self._found

    def __iter__(self) -> Iterator[Plugin[Facts]]:
        """All plugins of the kind; imports those built in."""
        return (self[name] for name in self.names())

    def __getitem__(self, name: str) -> Plugin[Facts]:
        """The plugin of a name; imports its module if it is built in.

        Raises
        ------
        ConfigError
            No plugin has that name; the message lists those that exist.
        """
        self.check(name)
        if name not in self._found:
            importlib.import_module(self._built_in[name][0])
        return self._found[name]

    def check(self, name: str) -> None:
        """Raise `ConfigError` if no plugin has that name. Imports nothing."""
        if name not in self:
            import difflib

            near = difflib.get_close_matches(name, self.names(), n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ConfigError(
                f"no {self.kind} {name!r}; {hint}there are {', '.join(self.names()) or 'none'}"
            )

    def check_free(self, name: str) -> None:
        """Raise `ConfigError` if a plugin has that name, for kinds that share their names."""
        if name in self:
            raise ConfigError(f"there is a {self.kind} {name!r}; give another name")

    def module(self, name: str) -> str:
        """Module that registers a name: part of what a result made by it depends on.

        Imports nothing. Raises `ConfigError` as `[]` does.
        """
        self.check(name)
        return self._built_in[name][0] if name in self._built_in else self._found[name].module

    def facts(self, name: str) -> Facts:
        """What is known of a name. Imports nothing. Raises `ConfigError` as `[]` does."""
        self.check(name)
        return self._built_in[name][1] if name in self._built_in else self._found[name].facts

    def register(self, name: str, value: Value, facts: Facts) -> Value:
        """Enter a class or function under a name; returns it.

        Raises
        ------
        ConfigError
            Another plugin has the name, or it has other characters than letters, digits, `_.-`.
        """
        if not name.replace("_", "").replace(".", "").replace("-", "").isalnum():
            raise ConfigError(f"{self.kind} {name!r}: give a name of letters, digits, _, . and -")
        module = str(getattr(value, "__module__", ""))
        entry = Plugin(name, value, module, facts)
        if name in self._built_in and self._built_in[name] != (module, facts):
            raise ConfigError(
                f"{self.kind} {name!r} of module {module}: a built-in one has that name; give "
                f"another than {', '.join(self.names())}"
            )
        other = self._found.get(name)
        # A module that is imported anew registers its own plugins anew.
        if other and _identity(other.value) != _identity(value):
            raise ConfigError(
                f"{self.kind} {name!r} is registered twice, by {other.module} and {module}; "
                f"there are {', '.join(self.names())}"
            )
        self._found[name] = entry
        return value


def _identity(value: Any) -> tuple[str, str]:
    return str(value.__module__), str(value.__qualname__)
