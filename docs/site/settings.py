"""Reference of all settings, from the models of the two recipes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from docs.site.markdown import table_of
from pivotmine.model.config.recipe import ModelRecipe
from pivotmine.recipe import Recipe
from pivotmine.recipe.reading import describe_type, nested_model

HEAD = """# Settings

A recipe is a YAML file of sections and settings. Any setting can be left out, and `--set
section.name=value` overrides one. `pivotmine config` prints this list as a recipe, `pivotmine
config --schema` as a JSON schema for editors ([how to use it](../how-to/recipes.md)). A section
`name.-` describes each item of a list.
"""


def settings_page() -> str:
    """Markdown of every setting of `pivotmine` and `pivotmine-model`."""
    return "".join(
        [
            HEAD,
            "\n## Settings of pivotmine\n",
            *_sections(Recipe, ""),
            "\n## Settings of pivotmine-model\n",
            *_sections(ModelRecipe, ""),
        ]
    )


def _sections(model: type[BaseModel], prefix: str) -> Iterator[str]:
    """The settings of a section as a table, then its sections."""
    inner = []
    rows = []
    for name, field in model.model_fields.items():
        nested = nested_model(field.annotation)
        if nested is None:
            default = _default(model, name)
            rows.append((f"`{name}`", describe_type(field), default, _meaning(field)))
        elif nested is field.annotation:
            inner.append((f"{prefix}{name}", nested))
        else:
            rows.append((f"`{name}`", "list of sections", "", _meaning(field)))
            inner.append((f"{prefix}{name}.-", nested))
    if rows:
        yield "\n" + table_of(("setting", "type", "default", "meaning"), rows)
    for dotted, nested in inner:
        yield f"\n### {dotted}\n\n{' '.join((nested.__doc__ or '').split())}\n"
        yield from _sections(nested, f"{dotted}.")


def _meaning(field: FieldInfo) -> str:
    """What a setting means, with links to the pages that it names."""
    return re.sub(r"docs/([a-z-]+)\.md", r"[\1](../\1.md)", field.description or "")


def _default(model: type[BaseModel], name: str) -> str:
    """The default of a setting as YAML, or that there is none."""
    field = model.model_fields[name]
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    return f"`{_yaml(value)}`"


def _yaml(value: object) -> str:
    plain = list(value) if isinstance(value, tuple) else value
    text = yaml.safe_dump(plain, default_flow_style=True, allow_unicode=True, width=1000)
    return text.removesuffix("\n").removesuffix("\n...")
