"""Reading recipes: YAML from any URI, and dotted overrides.

pydantic finds what is wrong; the messages give the dotted name, the value, what is allowed, and the
nearest existing name for a misspelt key.
"""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib.resources import files
from pathlib import Path
from typing import IO, Annotated, Any, Literal, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from pivotmine.errors import ConfigError
from pivotmine.recipe import Recipe
from pivotmine.recipe.section import OneOf, OptionsOf, Section
from pivotmine.redaction import is_secret_name
from pivotmine.storage.settings import use

Settings = TypeVar("Settings", bound=BaseModel)


def load_recipe(uri: str | None = None, overrides: Sequence[str] = ()) -> Recipe:
    """The effective configuration of the engine; see `read_recipe`.

    Its section `storage` holds for all files that this process opens from now on.
    """
    recipe = read_recipe(Recipe, "pivotmine config", uri, overrides)
    if "storage" in recipe.model_fields_set:
        use(recipe.storage.settings())
    return recipe


def read_recipe(
    kind: type[Settings], lister: str, uri: str | None = None, overrides: Sequence[str] = ()
) -> Settings:
    """Build the effective settings from a recipe and `dotted.name=value` overrides.

    Parameters
    ----------
    lister
        The command that lists all settings, for the message.

    Raises
    ------
    ConfigError
        The recipe cannot be read or parsed, a key is unknown, or a value is not allowed.
    """
    values = _read_yaml(uri) if uri else {}
    for override in overrides:
        _apply_override(values, override)
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_explain(error, kind, uri, lister)) from None


def bundled_recipe(name: str) -> str:
    """Path of an installed recipe, such as `demo`.

    Raises
    ------
    ConfigError
        None of this name is installed.
    """
    folder = files("pivotmine") / "conf"
    path = folder / f"{name}.yaml"
    if not path.is_file():
        names = (file.name.partition(".") for file in folder.iterdir())
        recipes = sorted(stem for stem, _, suffix in names if suffix == "yaml")
        raise ConfigError(f"no recipe {name!r} is installed; there are {', '.join(recipes)}")
    return str(path)


def to_yaml(recipe: Section, documented: bool = False) -> str:
    """The effective settings as YAML that `read_recipe` reads back to an equal value.

    Secrets are left out: `***` stands for each.

    Parameters
    ----------
    documented
        Put the meaning, type and bounds of every setting above it, as comments.
    """
    return "".join(_yaml_lines(recipe, recipe.public_json(), "", documented))


def _yaml_lines(
    section: BaseModel, public: Mapping[str, Any], indent: str, documented: bool
) -> Iterator[str]:
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            if documented:
                yield "\n" + _comment(type(value).__doc__ or "", indent)
            yield f"{indent}{name}:\n"
            yield from _yaml_lines(value, public[name], indent + "  ", documented)
            continue
        if documented:
            yield _comment(_describe(field), indent)
            item = nested_model(field.annotation)
            for key, part in item.model_fields.items() if item else ():
                yield _comment(f"- {key}: {_describe(part)}", indent)
            yield from (_comment(f"- {line}", indent) for line in _option_lines(field, value))
        plain = {name: public[name]}
        yield textwrap.indent(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True), indent)


def _option_lines(field: FieldInfo, value: Any) -> Iterator[str]:
    """Meaning of each option in a map of plugins' options."""
    for options in (item for item in field.metadata if isinstance(item, OptionsOf)):
        for name in value:
            fields = getattr(options.registry[name].value, "model_fields", {})
            yield from (f"{name}.{key}: {_describe(part)}" for key, part in fields.items())


def _comment(text: str, indent: str) -> str:
    start = f"{indent}# "
    lines = textwrap.wrap(" ".join(text.split()), 100 - len(start))
    return "".join(f"{start}{line}\n" for line in lines)


def _describe(field: FieldInfo) -> str:
    """Meaning, type and bounds of a setting."""
    return f"{field.description} ({describe_type(field)})"


def _read_yaml(uri: str) -> dict[str, Any]:
    try:
        with _open_text(uri) as stream:
            values = yaml.safe_load(stream)
    except FileNotFoundError:
        raise ConfigError(
            f"recipe not found: {uri}. Give --config the path or URI of a YAML file."
        ) from None
    except (OSError, ValueError, ImportError) as error:
        raise ConfigError(f"recipe {uri} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"recipe {uri} is not valid YAML: {error}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"recipe {uri} must hold `section:` entries, not {type(values).__name__}")
    return values


def _open_text(uri: str) -> AbstractContextManager[IO[str]]:
    """A text file, local or remote; fsspec is imported for remote ones only."""
    if "://" not in uri:
        return Path(uri).expanduser().open(encoding="utf-8")
    from pivotmine.storage.filesystem import open_file

    remote: AbstractContextManager[IO[str]] = open_file(uri, "rt", encoding="utf-8")
    return remote


def _apply_override(values: dict[str, Any], override: str) -> None:
    name, equals, text = override.partition("=")
    if not equals or not name.strip():
        raise ConfigError(f"--set {override!r}: write it as dotted.name=value")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {override!r}: the value is not valid YAML: {error}") from error
    if isinstance(value, str) and " #" in text and text.strip()[:1] not in ("'", '"'):
        value = text.strip()  # a path may hold what would begin a comment in a file
    *parents, last = name.strip().split(".")
    node: Any = values
    for depth, key in enumerate([*parents, last]):
        is_leaf = depth == len(parents)
        if isinstance(node, list):
            if not key.isdigit() or int(key) >= len(node):
                raise ConfigError(
                    f"--set {override!r}: {key!r} is no index of a {len(node)}-item list"
                )
            index: Any = int(key)
        elif isinstance(node, dict):
            index = key
            if not is_leaf and node.get(key) is None:
                node[key] = {}
        else:
            raise ConfigError(f"--set {override!r}: {'.'.join(parents[:depth])} holds no settings")
        if is_leaf:
            node[index] = value
        else:
            node = node[index]


def _explain(error: ValidationError, kind: type[BaseModel], uri: str | None, lister: str) -> str:
    lines = [f"the configuration{f' {uri}' if uri else ''} is not valid:"]
    places = [item["loc"] for item in error.errors()]
    for item in error.errors():
        inside = any(place[: len(item["loc"])] == item["loc"] != place for place in places)
        if item["type"] == "too_short" and inside:
            continue  # it counts the items that are valid
        dotted = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            siblings = _known_names(kind, item["loc"][:-1])
            near = difflib.get_close_matches(str(item["loc"][-1]), siblings, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"allowed: {', '.join(siblings)}"
            lines.append(f"  {dotted}: unknown setting; {hint}")
        elif item["type"] == "missing":
            lines.append(f"  {dotted}: required, but not given")
        else:
            message = item["msg"].removeprefix("Value error, ")
            hidden = isinstance(item["input"], (dict, BaseModel)) or _is_secret(item["loc"])
            given = "" if hidden else f" (got {item['input']!r})"
            lines.append(f"  {dotted or 'recipe'}: {message}{given}")
    lines.append(f"`{lister}` lists every setting with its meaning.")
    return "\n".join(lines)


def _is_secret(location: tuple[int | str, ...]) -> bool:
    """Whether a setting may hold a secret, so that its value is not to be shown."""
    return location[:2] == ("lake", "catalog") or is_secret_name(str(location[-1:]))


def _known_names(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    for part in location:
        if isinstance(part, int) or part not in model.model_fields:
            continue
        nested = nested_model(model.model_fields[part].annotation)
        if nested is None:
            return []
        model = nested
    return list(model.model_fields)


def nested_model(annotation: Any) -> type[BaseModel] | None:
    """The section type that a setting holds, alone or as the items of a list."""
    candidates = (annotation, *get_args(annotation))
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)


def describe_type(field: FieldInfo) -> str:
    """The type of a setting with its bounds, in the words of a YAML author."""
    bounds = [
        f"{symbol} {getattr(item, name):g}"
        for item in field.metadata
        for symbol, name in ((">", "gt"), (">=", "ge"), ("<", "lt"), ("<=", "le"))
        if getattr(item, name, None) is not None
    ]
    choices = [item for item in field.metadata if isinstance(item, OneOf)]
    kind = " | ".join(choices[0].names()) if choices else _spell(field.annotation)
    return kind + (f" ({', '.join(bounds)})" if bounds else "")


def _spell(annotation: Any) -> str:
    """An annotation in the words of a YAML author."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        choices = [item for item in arguments[1:] if isinstance(item, OneOf)]
        return " | ".join(choices[0].names()) if choices else _spell(arguments[0])
    if origin is Literal:
        return " | ".join(arguments)
    if origin is tuple:
        return f"list of {_spell(arguments[0])}"
    if origin is dict:
        return f"map of {_spell(arguments[0])} to {_spell(arguments[1])}"
    if origin is not None:
        return " | ".join(_spell(argument) for argument in arguments)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section"
    return "null" if annotation is type(None) else str(annotation.__name__)
