"""Files read in pieces have the records and positions of whole files."""

from __future__ import annotations

from functools import reduce
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame

from pivotmine.recipe.reading import load_recipe
from pivotmine.stages.ingest.files import list_sources, plan_packs
from pivotmine.stages.ingest.records import read_files
from tests.conftest import rows_of
from tests.sources.test_unit_splits import LINES, PACK, PAGES, STORE
from tests.sources.test_warc import record


def test_files_read_in_pieces_give_the_records_of_whole_files(table_inputs: Any, tmp_path: Path):
    folder = tmp_path / "crawl"
    folder.mkdir()
    gzip, zstd = PACK[".gz"], PACK[".zst"]
    members = [gzip(page) for page in PAGES]
    captured = STORE[".gz"](record(b"".join(members[:3])))
    lines = "\n".join(LINES).encode()
    (folder / "sound.warc.gz").write_bytes(b"".join([*members[:9], gzip(PAGES[0]), *members[9:]]))
    (folder / "torn.warc.gz").write_bytes(b"".join([*members[:4], captured, *members[4:]]))
    (folder / "plain.warc").write_bytes(b"".join(PAGES))
    (folder / "lines.jsonl.zst").write_bytes(
        zstd(lines[:99]) + zstd(lines[99:999]) + zstd(lines[999:])
    )
    found = []
    for split_bytes in (700, 1_000_000):
        recipe = load_recipe(
            None, [f"ingest.inputs=[{{uris: ['{folder}']}}]", f"ingest.split_bytes={split_bytes}"]
        )
        sources = list_sources(recipe)
        inputs = table_inputs()
        n_tasks = len(plan_packs(sources, recipe))
        records = read_files(inputs, recipe, sources)
        columns = ["uri", "position", "doc_id", "reason", "ingest_id"]
        kinds = (records.frame(columns, kind) for kind in ("document", "reject"))
        found.append(rows_of(reduce(DataFrame.union, kinds), *columns))
    assert n_tasks == 1
    assert found[0] == found[1]
    assert len(found[0]) == 3 * len(PAGES) + 2 + sum(map(bool, LINES))
