"""Figures as the columns of a row, for another program."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pivotmine.numeric.bootstrap import Interval

ALL = "all"
"""In place of a language, a stratum or a part: all of them together."""


def flat_columns(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a figure as columns.

    An interval becomes three: its mean under the name of the field, and its ends with `_low` and
    `_high` behind it; None where they are unknown.
    """
    flat: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, Interval):
            for suffix, number in zip(("", "_low", "_high"), value, strict=True):
                flat[name + suffix] = None if math.isnan(number) else number
        else:
            flat[name] = value
    return flat
