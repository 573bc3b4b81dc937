"""A small real text to plant from: the licence of this project, a paragraph a document."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pivotmine.planted import Plan, PlantedDocument, SourceText, compose, make_ciphers, source_text

LICENSE = Path(__file__).parent.parent.parent / "LICENSE"


def paragraphs() -> list[str]:
    return LICENSE.read_text(encoding="utf-8").split("\n\n")


@lru_cache(maxsize=1)
def license_text() -> SourceText:
    return source_text(paragraphs())


def documents(plan: Plan) -> list[PlantedDocument]:
    text = license_text()
    return list(compose(text, make_ciphers(text, plan), plan))
