"""The ingest race reads files of known content, and measures the whole process tree."""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.ingest.files import write_jsonl, write_warc
from bench.race import run
from pivotmine.sources import ColumnMap, ReadLimits, read_split
from pivotmine.sources.files import list_files
from pivotmine.sources.listing import plan_splits


def texts_in(folder: Path) -> list[str]:
    splits = plan_splits(list_files([str(folder)]), "auto", 1 << 20, 0)
    rows = [
        row
        for split in splits
        for batch in read_split(split, ColumnMap(whole_pages=True), ReadLimits())
        for row in batch.to_pylist()
    ]
    assert {row["kind"] for row in rows} == {"document", "split"}
    return [row["text"].strip() for row in rows if row["kind"] == "document"]


def test_every_twentieth_document_is_written_twice(tmp_path: Path):
    pages = tmp_path / "pages"
    pages.mkdir()
    for number in range(20):
        (pages / f"{number}.html").write_text(f"<html><body><p>Page {number}.</body></html>")
    pq.write_table(pa.table({"text": [f"Page {n}." for n in range(20)]}), tmp_path / "d.parquet")
    write_warc(pages, tmp_path / "warc", 10_000, 2)
    n_bytes = write_jsonl(tmp_path / "d.parquet", tmp_path / "jsonl", 10_000, 2)
    for texts in (texts_in(tmp_path / "warc"), texts_in(tmp_path / "jsonl")):
        assert set(texts) == {f"Page {n}." for n in range(20)}
        assert len(texts) == 21
    assert n_bytes == sum(map(len, texts_in(tmp_path / "jsonl")))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_the_processor_time_of_an_orphan_counts(tmp_path: Path):
    burn = "import time\nwhile time.process_time() < 0.4: pass"
    script = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {burn!r}])"
    found = run([sys.executable, "-c", script], tmp_path / "log")
    assert found.exit_code == 0
    assert found.cpu_seconds > 0.4
