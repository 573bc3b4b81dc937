"""Which code a stage's result depends on."""

from __future__ import annotations

import pytest

from pivotmine.fingerprint import reached_modules
from pivotmine.stages import ROAD


@pytest.mark.parametrize("stage", [stage.name for stage in ROAD])
def test_every_stage_reaches_its_own_module_and_no_driver_code(stage: str):
    reached = reached_modules(f"pivotmine.stages.{stage}")
    assert f"pivotmine.stages.{stage}" in reached
    assert not reached & {"pivotmine.runner", "pivotmine.lake", "pivotmine.cli"}


def test_counting_depends_on_its_kernels_and_not_on_shard_writers():
    reached = reached_modules("pivotmine.stages.count")
    assert {"udfs.count_pairs", "pivotmine.kernels.pair_counts"} <= reached
    assert not any(name.startswith("pivotmine.shards") for name in reached)


def test_ingest_depends_on_readers_and_language_identification():
    reached = reached_modules("pivotmine.stages.ingest")
    assert {"pivotmine.sources.jsonl", "pivotmine.text.language"} <= reached
    kernels = {name.rpartition(".")[2] for name in reached if ".kernels." in name}
    assert kernels == {"jit", "minhash", "repeated_ngrams"}, "what counts pairs is no part of it"
