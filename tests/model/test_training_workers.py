"""Two workers of torchrun train what one process does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import yaml

from pivotmine.errors import ConfigError
from pivotmine.model.config.training import TrainingConfig
from pivotmine.model.results import read_table
from pivotmine.model.training.workers import check_launcher, make_accelerator
from tests.model.handmade_shards import write_arm

pytest.importorskip("torch")
pytest.importorskip("accelerate")

ROOT = Path(__file__).parents[2]


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    documents = [generator.integers(4, 100, n).tolist() for n in generator.integers(2, 20, 60)]
    folder = write_arm(tmp_path, documents)
    settings = {
        "training": {
            "shape": {"hidden_size": 16, "n_layers": 1, "n_heads": 2, "feed_forward_size": 32},
            "sequence_tokens": 12, "batch_sequences": 4, "micro_sequences": 2,
            "learning_rate": 0.01, "checkpoint_steps": 3,
        },
        "grid": {
            "seeds": [0], "tokens": 384, "words": "", "evaluations": 2,
            "heldout": {"text": folder, "again": folder}, "heldout_tokens": 48,
            "base": {"tokens": 96, "streams": [{"shards": folder}]},
            "arms": [{"name": "all", "streams": [{"shards": folder}]}],
        },
    }  # fmt: skip
    path = tmp_path / "grid.yaml"
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return path


def train(recipe: Path, out: Path, *launcher: str) -> tuple[pa.Table, pa.Table]:
    """Losses and evaluations of a grid that is trained in processes of its own."""
    command = [sys.executable, *launcher, "-m", "pivotmine.model.cli", "train"]
    done = subprocess.run(
        [*command, "--config", str(recipe), "--out", str(out)],
        cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found = [read_table(next(out.glob(f"{name}-*.parquet"))) for name in ("losses", "evaluations")]
    return found[0], found[1]


def test_two_workers_take_the_steps_of_one_process(recipe: Path, tmp_path: Path):
    alone = train(recipe, tmp_path / "one")
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2")
    together = train(recipe, tmp_path / "two", *launcher)
    assert len(list((tmp_path / "two" / "runs").iterdir())) == 2, "each run is trained once"
    for one, two in zip(alone, together, strict=True):
        assert one.num_rows == two.num_rows
        for name in ("arm", "step", "tokens"):
            assert one[name].to_pylist() == two[name].to_pylist()
        assert two["loss"].to_pylist() == pytest.approx(one["loss"].to_pylist(), rel=1e-4)


def test_workers_that_do_not_find_one_another_are_refused(monkeypatch: pytest.MonkeyPatch):
    make_accelerator(TrainingConfig())  # sets accelerate up for this process alone
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match=r"started 2 workers .* accelerate has 1"):
        make_accelerator(TrainingConfig())


def test_a_launcher_that_divides_the_model_itself_is_refused():
    check_launcher("MULTI_GPU")
    with pytest.raises(ConfigError, match="FSDP: start with torchrun"):
        check_launcher("FSDP")
