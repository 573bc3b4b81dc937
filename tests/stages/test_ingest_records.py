"""Archives that tasks read in pieces: records and positions are those of whole files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pivotmine.recipe import load_config
from pivotmine.stages.ingest_files import list_sources, plan_packs
from pivotmine.stages.ingest_records import read_sources
from tests.conftest import rows_of
from tests.sources.test_sources_gzip_pieces import CAPTURED, INFO, MEMBERS, TWO


def test_archives_in_pieces_give_the_records_of_whole_ones(table_inputs: Any, tmp_path: Path):
    folder = tmp_path / "crawl"
    folder.mkdir()
    (folder / "sound.warc.gz").write_bytes(INFO + b"".join([*MEMBERS[:9], TWO, *MEMBERS[9:]]))
    (folder / "torn.warc.gz").write_bytes(INFO + b"".join([*MEMBERS[:4], CAPTURED, *MEMBERS[4:]]))
    found = []
    for split_bytes in (300, 1_000_000):
        config = load_config(
            None, [f"ingest.inputs=[{{uris: ['{folder}']}}]", f"ingest.split_bytes={split_bytes}"]
        )
        sources = list_sources(config)
        inputs = table_inputs()
        n_tasks = len(plan_packs(sources, config))
        records = read_sources(inputs, config, sources).where("kind != 'split'")
        found.append(rows_of(records, "uri", "position", "doc_id", "reason", "ingest_id"))
    assert n_tasks == 1
    assert found[0] == found[1]
    assert len(found[0]) == 2 * len(MEMBERS) + 3
