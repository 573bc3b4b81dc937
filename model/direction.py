"""A translation direction, and the language that can serve as its pivot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pivotmine.errors import InputError


class Direction(NamedTuple):
    """Source and target language."""

    source: str
    target: str

    def __str__(self) -> str:
        return f"{self.source}-{self.target}"


def pivot_of(direction: Direction, languages: Sequence[str]) -> str:
    """The language of the candidate pivot: English, or the first language that is neither end.

    Raises
    ------
    InputError
        The word set has no third language.
    """
    others = [lang for lang in languages if lang not in direction]
    if not others:
        raise InputError(f"{direction}: a pivot needs a third language in the word set")
    return "en" if "en" in others else others[0]
