"""Words as people type them, and as pages show them."""

from __future__ import annotations

import re
import unicodedata

from pivotmine.lake.query import WORD_START

_COLON = re.compile(r"\s*[:：]\s*")


def typed(text: str) -> str:
    """What somebody typed, composed (NFC), with a plain colon and a language in lower case.

    Examples
    --------
    >>> typed("FR： e\u0301cole")
    'fr:école'
    """
    composed = unicodedata.normalize("NFC", text).strip().strip('"“”').strip()
    head, colon, rest = _COLON.sub(":", composed, count=1).partition(":")
    is_language = bool(colon) and head.isascii() and 2 <= len(head) <= 3
    return f"{head.lower()}:{rest}" if is_language else composed


def shown(token: str) -> str:
    """A token without the mark of a word start, if anything else is in it."""
    return token.lstrip(WORD_START) or token


def named(token: str, lang: str | None) -> str:
    """A token as a question: `fr:chat`."""
    return f"{lang}:{shown(token)}" if lang else shown(token)
