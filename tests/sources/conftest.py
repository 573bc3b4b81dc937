"""One way to read a file in these tests; every use of it checks conservation on the way."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pivotmine.sources import RECORD_SCHEMA, ColumnMap, ReadLimits, Split, read_split
from pivotmine.sources.listing import list_splits

WHOLE = 1 << 40


class Outcome(NamedTuple):
    """All splits of one file, read in order."""

    documents: list[dict[str, Any]]
    rejects: list[dict[str, Any]]
    splits: list[dict[str, Any]]

    @property
    def texts(self) -> list[str]:
        return [row["text"] for row in self.documents]

    @property
    def reasons(self) -> list[str]:
        return [row["reason"] for row in self.rejects]

    @property
    def fates(self) -> list[tuple[int, str | None, str | None]]:
        rows = sorted(self.documents + self.rejects, key=lambda row: row["position"])
        return [(row["position"], row["text"], row["reason"]) for row in rows]


def read_one(split: Split, columns: ColumnMap, limits: ReadLimits) -> list[dict[str, Any]]:
    rows = []
    for batch in read_split(split, columns, limits):
        assert batch.schema == RECORD_SCHEMA
        batch.validate(full=True)
        rows += batch.to_pylist()
    assert [row["kind"] for row in rows].count("split") == 1
    assert rows[-1]["kind"] == "split"
    assert rows[-1]["n_records"] == len(rows) - 1
    return rows


def read_file(
    path: Path | str,
    columns: ColumnMap = ColumnMap(),  # noqa: B008
    limits: ReadLimits = ReadLimits(),  # noqa: B008
    split_bytes: int = WHOLE,
    format: str = "auto",
) -> Outcome:
    rows = [
        row
        for split in list_splits([str(path)], format, split_bytes, 0)
        for row in read_one(split, columns, limits)
    ]
    return Outcome(*([r for r in rows if r["kind"] == k] for k in ("document", "reject", "split")))


@pytest.fixture(scope="session")
def read() -> Callable[..., Outcome]:
    return read_file
