"""What the explorer knows: its views, and how each is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from pivotmine.ask.reader import LakeReader
from pivotmine.ask.vocabulary import Suggestion, languages, suggest
from pivotmine.errors import LakeError
from pivotmine.explore.live import LiveLake, Opened
from pivotmine.explore.recorded import Recorded
from pivotmine.explore.view import Asked, View, address
from pivotmine.explore.views.arms import arms
from pivotmine.explore.views.bridge import bridge
from pivotmine.explore.views.corpus import corpus
from pivotmine.explore.views.document import document
from pivotmine.explore.views.lines import lines
from pivotmine.explore.views.model import model
from pivotmine.explore.views.word import word

VIEWS: dict[str, tuple[str, Callable[[Asked], View]]] = {
    "word": ("Word", word),
    "bridge": ("Bridge", bridge),
    "lines": ("Lines", lines),
    "document": ("Document", document),
    "arms": ("Arms", arms),
    "corpus": ("Corpus", corpus),
    "model": ("Model", model),
}
"""Name in the address -> name on the page, and the function that answers."""

_OF_THE_LAKE = ("arms", "corpus")
"""Views without a question: they stay the same until the next commit."""


class Explorer:
    """The views of a lake.

    Parameters
    ----------
    results
        Folder with runs of `pivotmine-model lens`; without one there is no view `model`.
    """

    def __init__(self, reader: LakeReader, results: Path | None = None) -> None:
        self.reader = reader
        self.live = LiveLake(reader)
        self.results = results
        self.views = {name: view for name, view in VIEWS.items() if results or name != "model"}

    def answer(
        self, name: str, values: Mapping[str, str], *, is_download: bool = False
    ) -> tuple[View, list[str]]:
        """A view, and the SQL behind it.

        Raises
        ------
        PivotMineError
            The question cannot be answered; the message says what to do.
        """
        opened = self.live.now()
        if name in _OF_THE_LAKE:
            return opened.remember(f"view {name}", lambda: self._answer(name, opened, {}))
        return self._answer(name, opened, values, is_download=is_download)

    def _answer(
        self, name: str, opened: Opened, values: Mapping[str, str], *, is_download: bool = False
    ) -> tuple[View, list[str]]:
        recorded = Recorded(opened.connection.cursor())
        asked = Asked(opened, recorded, values, self.languages(), self.results, is_download)
        try:
            return VIEWS[name][1](asked), recorded.statements
        except (duckdb.Error, OSError) as error:
            raise LakeError(
                f"the lake cannot be read: {str(error).splitlines()[0]}. `pivotmine doctor` says "
                "more."
            ) from error

    def suggest(self, text: str, limit: int = 10) -> list[Suggestion]:
        """Words that begin with what was typed."""
        cursor = self.live.now().connection.cursor()
        return list(suggest(cursor, text[:100], limit))

    def near(self, values: Mapping[str, str]) -> list[Suggestion]:
        """Words that begin as those of a question that had no answer."""
        return [
            found
            for name in ("q", "a", "b")
            if values.get(name)
            for found in self.suggest(values[name], 5)
        ]

    def languages(self) -> list[str]:
        """Languages of the lake, in the order of the recipe."""
        opened = self.live.now()
        return opened.remember("languages", lambda: list(languages(opened.connection.cursor())))

    def frame(self, name: str, values: Mapping[str, str]) -> dict[str, Any]:
        """What stands on every page; the links to other views take the words along."""
        one, other = values.get("a") or values.get("q"), values.get("b")
        links = {
            "word": address("word", q=one),
            "bridge": address("bridge", a=one, b=other),
            "lines": address("lines", a=one, b=other),
        }
        return {
            "view": name,
            "views": {key: label for key, (label, _) in self.views.items()},
            "links": {key: links.get(key, f"/{key}") for key in self.views},
            "lake_name": self.reader.warehouse.removeprefix("file://").rstrip("/"),
        }

    def first_address(self) -> str:
        """Where `/` leads: a page that needs no question."""
        return "/corpus"
