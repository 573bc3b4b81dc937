"""Refused records: a summary by reason, and an export of their bytes, to be mended and read again.

A record is exported as a file of its own format: a line of JSON as `.jsonl`, a page of an archive
as `.warc`. The folder, once mended, is an input like any other. Its index says where each record
came from; ingest ignores it, because its name begins with an underscore.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pivotmine.errors import InputError, LakeError
from pivotmine.sources.listing import detect
from pivotmine.sources.parse import EXPLANATIONS

INDEX = "_rejects.jsonl"

_EXPLAINED = {str(reason): text for reason, text in EXPLANATIONS.items()}
_BATCH_ROWS = 1000
_BOUNDS = ("min_", "max_")
_SUFFIXES = {"jsonl": ".jsonl", "warc": ".warc", "html": ".html", "gettext": ".po"}


@dataclass(frozen=True)
class Refused:
    """The records that were refused for one reason, with one of them as an example."""

    reason: str
    n_records: int
    n_files: int
    explanation: str
    uri: str
    position: int
    detail: str
    raw: bytes


@dataclass(frozen=True)
class Delivered:
    """Records of a delivery, and how many of them were refused."""

    ingest_id: str
    n_records: int
    n_refused: int

    @property
    def share(self) -> float:
        """Share of the records that were refused."""
        return self.n_refused / self.n_records if self.n_records else 0.0


def count_by_delivery(
    connection: duckdb.DuckDBPyConnection, reason: str | None = None
) -> list[Delivered]:
    """One row a delivery, the worst first; only refusals for `reason` count, if it is given."""
    rows = connection.execute(
        """
        SELECT ingest_id, n_records, coalesce(n_refused, 0) AS n_refused
        FROM (SELECT ingest_id, sum(n_records)::BIGINT AS n_records FROM inputs GROUP BY ingest_id)
        LEFT JOIN (
            SELECT ingest_id, count(*) AS n_refused FROM rejects
            WHERE $reason IS NULL OR reason = $reason GROUP BY ingest_id
        ) USING (ingest_id)
        ORDER BY n_refused / n_records DESC, ingest_id
        """,
        {"reason": reason},
    ).fetchall()
    return [Delivered(*row) for row in rows]


def summarise(connection: duckdb.DuckDBPyConnection) -> list[Refused]:
    """One row a reason, most frequent first; the example is the first by file and position."""
    rows = connection.execute(
        """
        SELECT reason, count(*) AS n, count(DISTINCT uri),
               min_by({uri: uri, position: position, detail: detail, raw: raw}, (uri, position))
        FROM rejects GROUP BY reason ORDER BY n DESC, reason
        """
    ).fetchall()
    return [Refused(reason, n, files, explain(reason), **first) for reason, n, files, first in rows]


def explain(reason: str) -> str:
    """What a reason means."""
    if reason.startswith(_BOUNDS):
        return "The text breaks this bound of ingest.filters."
    return _EXPLAINED.get(reason, "")


def export(
    connection: duckdb.DuckDBPyConnection, folder: Path, reason: str | None = None
) -> tuple[int, int]:
    """Write the bytes of refused records, a file each, and an index of them.

    `_rejects.jsonl` names for each file the uri, position, reason, detail and delivery. A file
    holds the first `ingest.raw_bytes` of a record; `cut` is true where the record may have been
    longer. A record without kept bytes has no file.

    Returns
    -------
    Records in the index, and files written.

    Raises
    ------
    InputError
        The folder holds something already.
    LakeError
        Nothing was refused for this reason.
    """
    known = [row.reason for row in summarise(connection)]
    if reason is not None and reason not in known:
        raise LakeError(f"nothing was refused for {reason!r}; the reasons are {', '.join(known)}")
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty; name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    raw_bytes = _raw_bytes(connection)
    rows = connection.execute(
        """
        SELECT uri, position, reason, detail, ingest_id, raw FROM rejects
        WHERE $reason IS NULL OR reason = $reason ORDER BY uri, position, reason
        """,
        {"reason": reason},
    )
    names = ("uri", "position", "reason", "detail", "ingest_id")
    n_records = n_files = 0
    with (folder / INDEX).open("w", encoding="utf-8") as index:
        while batch := rows.fetchmany(_BATCH_ROWS):
            for *described, raw in batch:
                n_records += 1
                entry = dict(zip(names, described, strict=True))
                if raw:
                    n_files += 1
                    entry = {"file": f"{n_records:07}{_suffix(**entry)}", **entry}
                    entry["cut"] = len(raw) >= raw_bytes
                    (folder / entry["file"]).write_bytes(raw)
                index.write(json.dumps(entry, ensure_ascii=False) + "\n")
    return n_records, n_files


def _suffix(uri: str, reason: str, **_: object) -> str:
    """The suffix by which ingest recognises the format of a record."""
    if reason.startswith(_BOUNDS):
        return ".txt"  # the text alone was kept
    try:
        return _SUFFIXES.get(detect(uri, "auto")[0], ".txt")
    except InputError:
        return ".txt"


def _raw_bytes(connection: duckdb.DuckDBPyConnection) -> int:
    """`ingest.raw_bytes` of the last run; 0 where that is not known."""
    row = connection.execute(
        "SELECT max_by((config->>'$.ingest.raw_bytes')::BIGINT, finished_at) FROM runs "
        "WHERE stage = 'ingest'"
    ).fetchone()
    return int(row[0] or 0) if row else 0
