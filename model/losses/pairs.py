"""Held-out aligned segments: the same sentence in two languages.

They are a Parquet file with the columns lang_a, text_a, lang_b, text_b, or JSON Lines with the same
names. The order of the file decides which pairs are used, so every model gets the same pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from pivotmine.errors import InputError

COLUMNS = ("lang_a", "text_a", "lang_b", "text_b")


class Pair(NamedTuple):
    """A segment and its translation."""

    source: str
    target: str


def read_pairs(path: Path, directions: Sequence[str], limit: int) -> dict[str, list[Pair]]:
    """The first `limit` pairs of every direction (`en-fr`); 0: all.

    A row counts for both of its directions.

    Raises
    ------
    InputError
        The file cannot be read, lacks a column, or holds fewer than two pairs of a direction.
    """
    found: dict[str, list[Pair]] = {direction: [] for direction in directions}
    for lang_a, text_a, lang_b, text_b in zip(*_columns(path), strict=True):
        for direction, pair in (
            (f"{lang_a}-{lang_b}", Pair(text_a, text_b)),
            (f"{lang_b}-{lang_a}", Pair(text_b, text_a)),
        ):
            if direction in found and (not limit or len(found[direction]) < limit):
                found[direction].append(pair)
    for direction, pairs in found.items():
        if len(pairs) < 2:
            raise InputError(
                f"{path} holds {len(pairs)} pairs of {direction}, but a pair is compared with the "
                "source of another: give at least two, or leave the direction out"
            )
    return found


def _columns(path: Path) -> list[list[str]]:
    try:
        if path.suffix == ".parquet":
            table = pq.read_table(path, columns=list(COLUMNS))
            return [table[name].to_pylist() for name in COLUMNS]
        rows = [orjson.loads(line) for line in path.read_bytes().splitlines() if line.strip()]
        return [[row[name] for row in rows] for name in COLUMNS]
    except (OSError, pa.ArrowInvalid, orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise InputError(
            f"aligned pairs {path} cannot be read ({error}); they need {', '.join(COLUMNS)}"
        ) from None
