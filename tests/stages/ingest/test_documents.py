"""A task that reads a pack of files: documents with languages, rejects with reasons."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa

from pivotmine.recipe import FiltersConfig
from pivotmine.sources import ColumnMap, ReadLimits
from pivotmine.sources.files import list_files
from pivotmine.sources.listing import pack_splits, plan_splits
from pivotmine.udfs.ingest import bind_read
from tests.sources.test_warc import page, record

FRENCH = "<p>" + "Le chat dort sur le toit de la maison et rêve des souris. " * 3
SHORT = "Il dort ici."
FILES = {
    "a.warc.gz": gzip.compress(record(page(FRENCH))) + gzip.compress(record(b"x")),
    "b.html": f"<p>{SHORT}".encode(),
    "c.txt": SHORT.encode(),
    "d.po": 'msgid "The cat is here."\nmsgstr "这里有一只猫。"\n'.encode(),
    "e.txt": b"\xff",
}


def test_one_task_reads_several_formats_and_filters_them(tmp_path: Path):
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    files = list_files([str(tmp_path)])
    packs = pack_splits(plan_splits(files, "auto", 10_000, 0), files, 10_000)
    assert len(packs) == 1, "small files share a task"
    filters = FiltersConfig(bounds={"min_words": 3}, languages={"fr": {"min_words": 20}})
    read = bind_read(packs, [ColumnMap()], ReadLimits(raw_bytes=5), None, filters.bounds_of)
    numbers = pa.RecordBatch.from_pydict({"id": pa.array([0], pa.int64())})
    rows = [row for batch in read(iter([numbers])) for row in batch.to_pylist()]

    fates = [(Path(r["uri"]).name, r["reason"] or r["lang"]) for r in rows if r["kind"] != "split"]
    assert fates == [
        ("a.warc.gz", "fr"),
        ("a.warc.gz", "malformed_record"),
        ("b.html", "min_words"),
        ("c.txt", "min_words"),
        ("d.po", "zh"),
        ("e.txt", "undecodable_bytes"),
    ]
    (short,) = (row for row in rows if row["uri"].endswith("c.txt") and row["kind"] == "reject")
    assert short["detail"] == "3, under min_words = 20 (language fr)"
    assert short["raw"] == SHORT.encode()[:5]
    assert (short["text"], short["doc_id"], short["lang"]) == (None, None, None)
    assert sum(row["n_records"] for row in rows if row["kind"] == "split") == len(fates)
