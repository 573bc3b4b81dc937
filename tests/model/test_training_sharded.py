"""A model that is divided among two workers is trained as in one process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pivotmine.errors import ConfigError
from pivotmine.model.config.training import TrainingConfig
from pivotmine.model.training.workers import make_accelerator
from tests.model.handmade_shards import write_arm

pytest.importorskip("torch")
pytest.importorskip("accelerate")
pytest.importorskip("peft")

from tests.model.sharded_run import N_STEPS, RUNS, all_runs

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any], Path]:
    """What one process measured, what two measured together, and the folder of the two."""
    folder = tmp_path_factory.mktemp("sharded")
    generator = np.random.default_rng(0)
    documents = [generator.integers(4, 100, n).tolist() for n in generator.integers(2, 20, 60)]
    shards = write_arm(folder, documents)
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2")
    done = subprocess.run(
        [sys.executable, *launcher, "-m", "tests.model.sharded_run", shards, str(folder / "two")],
        cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    together = json.loads((folder / "two" / "result.json").read_text())
    return dict(all_runs(shards, folder / "one", "none")), together, folder / "two"


@pytest.mark.parametrize("name", RUNS)
def test_two_workers_with_half_of_the_model_give_the_losses_of_one_process(runs: Any, name: str):
    alone, together, _ = (runs[0][name], runs[1][name], runs[2])
    assert [row["step"] for row in together["losses"]] == list(range(1, N_STEPS + 1))
    # One process keeps norms and sums in float32, divided weights are all cast.
    rel = 0.02 if name == "bf16" else 1e-5
    for table, column in (
        ("losses", "loss"), ("losses", "gradient_norm"), ("evaluations", "loss"),
    ):  # fmt: skip
        one, two = ([row[column] for row in side[table]] for side in (alone, together))
        assert two == pytest.approx(one, rel=rel), f"{table}, {column}"
    assert [row["name"] for row in together["evaluations"]] == ["norm", "again"] * 3
    # Muon multiplies in bf16, so a gradient's last bit can move a weight by more.
    tolerance = {"muon": 1e-3, "bf16": 0.02}.get(name, 1e-5)
    assert together["kept"] == pytest.approx(alone["kept"], rel=tolerance), "the whole model"


def test_an_interrupted_run_goes_on_with_the_same_bits(runs: Any):
    _, together, folder = runs
    for column in ("loss", "gradient_norm"):
        whole, resumed, damaged = (
            [row[column] for row in together[name]["losses"]]
            for name in ("adamw", "resumed", "damaged")
        )
        assert resumed == whole
        assert damaged == whole, "from the checkpoint before"
    said = [line for line in together["damaged"]["said"] if "going on from" in line]
    assert len(said) == 1
    assert "checkpoint-00000005/parts cannot be read" in said[0]
    kept = sorted(path.name for path in (folder / "resumed").iterdir())
    assert kept == ["checkpoint-00000006", "checkpoint-00000007"], "whole, and nothing beside"
    parts = {path.name for path in (folder / "resumed" / kept[-1] / "parts").iterdir()}
    assert parts == {".metadata", "__0_0.distcp", "__1_0.distcp"}, "every worker wrote its part"


def test_the_log_gives_tokens_a_second_and_the_share_of_the_peak(runs: Any):
    for side in runs[:2]:
        row = side["adamw"]["losses"][-1]
        assert row["mfu"] > 0
        rate = 48 / row["seconds"]
        expected = f"step 7: loss {row['loss']:.3f}, {rate:,.0f} tokens a second, {row['mfu']:.1%}"
        assert f"{expected} MFU" in side["adamw"]["said"]


def test_one_worker_alone_is_told_to_start_others():
    config = TrainingConfig.model_validate({"sharding": {"mode": "full"}})
    with pytest.raises(ConfigError, match=r"there is one: start with torchrun --nproc_per_node"):
        make_accelerator(config)
