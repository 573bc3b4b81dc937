"""What doctor says of one thing that it has examined."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pivotmine.errors import PivotMineError
from pivotmine.redaction import redact_text


@dataclass(frozen=True)
class Symptom:
    """One thing that was examined, and a remedy if it is not well."""

    subject: str
    state: str
    well: bool = True
    fix: str = ""


def attempt(subject: str, look: Callable[[], str]) -> Symptom:
    """What a look says, or why it fails."""
    try:
        return Symptom(subject, look())
    except PivotMineError as error:
        return Symptom(subject, "not usable", False, str(error))
    except Exception as error:
        return Symptom(
            subject, redact_text(f"{type(error).__name__}: {error}"), False, "See the message."
        )
