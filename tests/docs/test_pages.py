"""The pages that are made from the code name all of it, and the site has a place for every page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from docs.site.pages import GENERATED, PLACES, RESULTS
from docs.site.results import results_page
from pivotmine.lake.tables import TABLES
from pivotmine.model.config.recipe import ModelRecipe
from pivotmine.recipe import Recipe
from pivotmine.recipe.reading import nested_model

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def settings_of(model: type[BaseModel]) -> Iterator[str]:
    """Names of all settings, by walking through the models."""
    for name, field in model.model_fields.items():
        nested = nested_model(field.annotation)
        if nested is not field.annotation:
            yield name
        if nested is not None:
            yield from settings_of(nested)


def section(page: str, heading: str) -> str:
    """Text of a section, with the sections below it."""
    level = heading.partition(" ")[0]
    after = page.partition(f"\n{heading}\n")[2]
    return re.split(rf"^#{{1,{len(level)}}} ", after, maxsplit=1, flags=re.MULTILINE)[0]


@pytest.mark.parametrize(
    ("program", "recipe"), [("pivotmine", Recipe), ("pivotmine-model", ModelRecipe)]
)
def test_every_setting_is_in_the_reference_with_its_meaning(program: str, recipe: type[BaseModel]):
    text = section(GENERATED["reference/settings.md"](), f"## Settings of {program}")
    rows = re.findall(r"^\| `(\w+)` \|.*\| (.+) \|$", text, re.MULTILINE)
    assert sorted(name for name, _ in rows) == sorted(settings_of(recipe))


def test_every_column_is_in_the_reference():
    page = GENERATED["reference/tables.md"]()
    for table in TABLES.values():
        rows = re.findall(
            r"^\| `(\w+)` \| `(.+)` \| (.+) \|$", section(page, f"## {table.name}"), re.M
        )
        assert [name for name, _, _ in rows] == table.schema.names


def test_every_command_is_in_the_reference_with_its_options():
    page = GENERATED["reference/commands.md"]()
    query = section(page, "### pivotmine query")
    assert 'pivotmine query "SELECT token_b, npmi' in query
    assert "`--format`, `-f` | `table` | table: 100 rows" in query
    assert "One of `table`, `json`, `csv`, `parquet`." in query
    assert "### pivotmine evaluate links\n" in page
    assert "### pivotmine-model score\n" in page


def test_every_page_has_a_place_in_the_navigation():
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    listed = set(targets(nav))
    pages = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")}
    assert listed - {"results/"} - pages - PLACES == set()
    assert {page for page in pages | PLACES if not page.startswith("results/")} - listed == set()


def targets(nav: Any) -> Iterator[str]:
    """Paths that a navigation leads to."""
    if isinstance(nav, str):
        yield nav
    else:
        for part in nav.values() if isinstance(nav, dict) else nav:
            yield from targets(part)


def test_every_page_of_results_says_first_what_was_learnt():
    page = results_page(DOCS / Path(RESULTS).parent)
    entries = re.findall(r"^\* \*\*\[(.+)\]\((.+)\)\*\*\. (\w.+)$", page, re.MULTILINE)
    assert {name for _, name, _ in entries} == {path.name for path in DOCS.glob("results/*.md")}
    dates = re.compile(r"20\d\d-\d\d")
    assert [name for name in DOCS.glob("results/**/*") if dates.search(name.name)] == []
