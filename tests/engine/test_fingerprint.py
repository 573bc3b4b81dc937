"""Which code a stage's result depends on."""

from __future__ import annotations

import pytest

from pivotmine.engine.fingerprint import reached_modules
from pivotmine.stages.road import ROAD


@pytest.mark.parametrize("stage", [stage.name for stage in ROAD])
def test_every_stage_reaches_its_own_module_and_no_driver_code(stage: str):
    reached = reached_modules(f"pivotmine.stages.{stage}.stage")
    assert f"pivotmine.stages.{stage}.stage" in reached
    assert not reached & {"pivotmine.engine.runner", "pivotmine.lake.lake", "pivotmine.cli.app"}


def test_counting_depends_on_its_kernels_and_not_on_shard_writers():
    reached = reached_modules("pivotmine.stages.count.stage")
    assert {"pivotmine.udfs.count_pairs", "pivotmine.stages.count.pair_counts"} <= reached
    assert not any(name.startswith("pivotmine.stages.shard") for name in reached)


def test_ingest_depends_on_readers_and_language_identification():
    reached = reached_modules("pivotmine.stages.ingest.stage")
    assert {"pivotmine.sources.jsonl", "pivotmine.text.language"} <= reached
    # What counts pairs is no part of it.
    assert not any(name.startswith("pivotmine.stages.count") for name in reached)
