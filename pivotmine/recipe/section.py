"""What every part of a recipe is: immutable, typed, no unknown keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
)
from pydantic_core import CoreSchema, core_schema

from pivotmine import plugins
from pivotmine.errors import ConfigError
from pivotmine.redaction import HIDDEN, redact, redact_settings
from pivotmine.text.language_code import language_code, language_pair

Share = Annotated[float, Field(ge=0.0, le=1.0)]
PositiveInt = Annotated[int, Field(gt=0)]
NonNegativeInt = Annotated[int, Field(ge=0)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


def _language(value: Any) -> Any:
    """The code of a language that a recipe names."""
    if value is False:
        raise ValueError("YAML reads the word no as false; write 'no' in quotes, for Norwegian")
    if not isinstance(value, str):
        return value
    try:
        return language_code(value)
    except ValueError as error:
        from pivotmine.text.model_labels import languages_of  # needs the model's package

        raise ValueError(
            f"{error}. The default language model tells {languages_of(None)}"
        ) from None


LanguageCode = Annotated[str, BeforeValidator(_language)]
"""A language in any of its usual names, as the code that tables have."""

LanguagePair = Annotated[str, AfterValidator(language_pair)]
"""A pair of languages, `en-fr`, or a direction, `en>fr`."""


class Section(BaseModel):
    """Base of every part of a recipe: immutable, no unknown keys, docstrings as documentation."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True
    )

    def public_json(self) -> dict[str, Any]:
        """The settings as plain JSON values without secrets, to be written or shown."""
        values = redact(self.model_dump(mode="json"))
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            secrets = next((mark for mark in field.metadata if isinstance(mark, Secrets)), None)
            if isinstance(value, Section):
                values[name] = value.public_json()
            elif secrets is not None:
                values[name] = (
                    dict.fromkeys(value, HIDDEN) if secrets.every else redact_settings(value)
                )
        return dict(values)


@dataclass(frozen=True)
class Secrets:
    """Annotation of a map of settings that may hold secrets, which are never written or printed.

    Parameters
    ----------
    every
        Hide every value, and not only those whose names say that they are secret.
    """

    every: bool = False


@dataclass(frozen=True)
class OneOf:
    """Annotation of a string that must be one of a list, which plugins may extend.

    Parameters
    ----------
    names
        Returns the list, when a value is checked.
    renamed
        Old names, each with its new one.
    """

    names: Callable[[], Iterable[str]]
    renamed: tuple[tuple[str, str], ...] = ()

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """The check that pydantic runs."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The names to choose from; a plugin's name is a string that is none of them."""
        return {"anyOf": [{"enum": list(self.names())}, handler(schema)]}

    def _check(self, value: str) -> str:
        names = tuple(self.names())
        if value in names:
            return value
        if value in dict(self.renamed):
            raise ValueError(f"{value!r} is called {dict(self.renamed)[value]!r} now")
        raise ValueError(f"there is no such name; give one of {', '.join(names)}")


@dataclass(frozen=True)
class OptionsOf:
    """Annotation of a map from names of plugins to their options."""

    registry: plugins.Registry[Any]


def complete_options(
    registry: plugins.Registry[Any], names: Iterable[str], given: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Options of each plugin that has any, by its name, defaults included.

    Built-in plugins have none: their settings are sections of the recipe. They are not imported.

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
