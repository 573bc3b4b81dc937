"""Real text of a mined lake, and lakes made of existing files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pivotmine.errors import InputError
from pivotmine.lake.commit import commit
from pivotmine.lake.lake import Lake
from pivotmine.lake.tables import TOKENS

_HEX_DIGITS = 13


def snapshots(lake: Lake) -> list[int]:
    """Ids of the snapshots of `tokens` and `vocabulary`.

    Raises
    ------
    InputError
        The lake lacks one of them.
    """
    found = [lake.snapshot(name) for name in ("tokens", "vocabulary")]
    if None in found:
        raise InputError(
            f"the lake at {lake.warehouse} lacks tokens or vocabulary: name the recipe of another, "
            "or make it with `pivotmine demo` or `pivotmine run --until vocabulary`"
        )
    return [snapshot.snapshot_id for snapshot in found if snapshot]


def commit_files(lake: Lake, tables: Mapping[str, list[str]]) -> None:
    """Commit files as the tables of a lake, without copying them."""
    now = datetime.now(UTC)
    run = {"run_id": "files", "stage": "files", "fingerprint": "files", "inputs": {}, "rows": {}}
    commit(lake, {**run, "started_at": now, "finished_at": now}, dict(tables))


def batches(lake: Lake, share: float) -> Iterator[pa.RecordBatch]:
    """Rows of table `tokens` for a share of the documents.

    A document's id, a hash, decides. So a smaller share is part of every larger one, and all
    sources and languages shrink alike.
    """
    below = f"{round(share * 16**_HEX_DIGITS):0{_HEX_DIGITS}x}"
    for uri in lake.files("tokens"):
        for batch in pq.ParquetFile(uri.removeprefix("file://")).iter_batches(2_000):
            rows = batch.select(TOKENS.schema.names).cast(TOKENS.schema)
            if share < 1:
                start = pc.utf8_slice_codeunits(rows.column("doc_id"), 0, _HEX_DIGITS)
                rows = rows.filter(pc.less(start, below))
            yield rows
