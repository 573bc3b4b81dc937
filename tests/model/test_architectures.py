"""What docs/architectures.md says of each model family is so."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from bench.architectures import ABILITIES, FAMILIES, abilities

PAGE = Path(__file__).parents[2] / "docs/architectures.md"


def said() -> dict[str, list[str]]:
    """Family -> the cells of its row."""
    rows = [line.strip("| ").split(" | ") for line in PAGE.read_text().splitlines() if "|" in line]
    return {name: cells for name, *cells in rows[2:]}


def test_the_page_has_every_family():
    assert list(said()) == list(FAMILIES)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_does_what_the_page_says(name: str):
    assert dict(zip(ABILITIES, said()[name], strict=True)) == abilities(FAMILIES[name])
