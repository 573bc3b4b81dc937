"""Real text of a mined lake, and lakes made of existing files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pivotmine.errors import InputError
from pivotmine.lake.addresses import local_path
from pivotmine.lake.commit import commit
from pivotmine.lake.lake import Lake
from pivotmine.lake.tables import TOKENS

_HEX_DIGITS = 13
_RUN = "files"


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


def commit_files(lake: Lake, tables: Mapping[str, Sequence[str]]) -> None:
    """Commit files as the tables of a lake on this machine.

    A lake's files lie below its namespace. Files on the disk of the lake are linked there, others
    are copied; the given files stay as they are.
    """
    now = datetime.now(UTC)
    run = {"run_id": _RUN, "stage": _RUN, "fingerprint": _RUN, "inputs": {}, "rows": {}}
    placed = {name: _placed(lake.staging_path(name, _RUN), files) for name, files in tables.items()}
    commit(lake, {**run, "started_at": now, "finished_at": now}, placed)


def _placed(folder: str, files: Sequence[str]) -> list[str]:
    """Put files into a folder of a lake; returns their addresses."""
    to = Path(local_path(folder))
    to.mkdir(parents=True)
    for file in map(Path, files):
        try:
            (to / file.name).hardlink_to(file)
        except OSError:  # another disk, or one without hard links
            shutil.copyfile(file, to / file.name)
    return [f"{folder}/{Path(file).name}" for file in files]


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
