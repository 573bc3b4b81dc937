"""How documents are scored."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from pivotmine import plugins
from pivotmine.errors import ConfigError
from pivotmine.recipe.section import OneOf, OptionsOf, PositiveInt, Section, complete_options

ScoreName = Annotated[str, OneOf(plugins.SCORES.names)]


class ScoreConfig(Section):
    """How much a document can teach."""

    methods: Annotated[tuple[ScoreName, ...], Field(min_length=1)] = plugins.SCORES.built_in
    """Scores to compute: those built in, and those of `plugins`."""

    options: Annotated[dict[str, dict[str, Any]], OptionsOf(plugins.SCORES)] = {}
    """Options of scores that plugins add, by the score's name."""

    max_links: PositiveInt = 4_000_000
    """Most links used of those that prevail, strongest first; bounds what each worker holds
    (32 bytes a link)."""

    max_document_links: PositiveInt = 1_000
    """Most links listed for a document, the rarest ones; bounds table `scores` (4 bytes a link) and
    what `distinct_links` reads."""

    min_repeats: Annotated[int, Field(ge=2)] = 10
    """A segment of 4 tokens or more in at least this many documents is boilerplate: all its copies
    together count for translation as much as this many."""

    max_repeated_segments: PositiveInt = 1_000_000
    """Most boilerplate segments that are kept, the most frequent first; 16 bytes each in every
    worker."""

    @field_validator("methods")
    @classmethod
    def _methods_differ(cls, methods: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(methods)) < len(methods):
            raise ValueError("a score is listed twice")
        return methods

    @field_validator("options")
    @classmethod
    def _options_are_complete(
        cls, options: dict[str, dict[str, Any]], info: ValidationInfo
    ) -> dict[str, dict[str, Any]]:
        """The options of every score that has some, defaults included."""
        methods = info.data.get("methods", ())
        if unknown := sorted(set(options) - set(methods)):
            raise ValueError(f"{unknown[0]} is not in score.methods, which lists {list(methods)}")
        try:
            return complete_options(plugins.SCORES, methods, options)
        except ConfigError as error:
            raise ValueError(str(error)) from None
