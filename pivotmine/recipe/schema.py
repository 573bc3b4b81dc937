"""The recipe as a JSON schema, with which editors complete and check the YAML."""

from __future__ import annotations

from typing import Any

from pivotmine.recipe import Recipe


def json_schema() -> dict[str, Any]:
    """JSON schema (2020-12) of a recipe; descriptions are the documentation of the settings.

    Names that plugins may add are offered, and others are allowed, since an editor loads no
    plugins.
    """
    schema = Recipe.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Recipe of PivotMine",
    }
