"""Words as pages show them."""

from __future__ import annotations

from pivotmine.lake.query import WORD_START


def shown(token: str) -> str:
    """A token without the mark of a word start, if anything else is in it."""
    return token.lstrip(WORD_START) or token


def named(token: str, lang: str | None) -> str:
    """A token as a question: `fr:chat`."""
    return f"{lang}:{shown(token)}" if lang else shown(token)
