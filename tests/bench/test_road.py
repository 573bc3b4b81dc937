"""The profile of a run: what processes use, what Spark counts, and how it is shown."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.road.page import plot, table
from bench.road.processes import Sampler, memory_bytes, usage
from bench.road.spark_counts import Counts, counts, metric_total
from bench.road.stages import StageTime

TIMES = [
    StageTime("ingest", 4.0, 1.0, 2.0, 3.0, 5, 60, 7, 8_000_000, 9_000_000, 10, 11 * 10**9),
    StageTime("link", 2.0, 0.5, 1.0, 0.5, 1, 2, 3, 0, 0, 0, 10**9),
]


def test_the_time_of_this_process_is_the_drivers() -> None:
    before = usage()
    end = time.process_time() + 0.3
    while time.process_time() < end:
        pass
    used = usage().since(before)
    assert used.driver >= 0.2
    assert used.jvm == used.workers == 0


def test_the_time_of_a_worker_that_has_ended_is_kept() -> None:
    seen = {-1: 5.0}
    assert usage(seen).workers == 5.0


def test_memory_counts_processes_below_this_one() -> None:
    code = "import time; held = bytearray(200_000_000); print(1, flush=True); time.sleep(60)"
    before = memory_bytes()
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        assert child.stdout and child.stdout.readline()
        peak = Sampler().take()
        child.kill()
    assert peak - before > 150_000_000


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ("1,234", 1234),
        ("total (min, med, max (stageId: taskId))\n1.5 MiB (0.0 B, 1.0 KiB)", 1_572_864),
        ("12.0 B", 12),
        ("", 0),
    ],
)
def test_metrics_are_read_as_spark_writes_them(text: str, total: int) -> None:
    assert metric_total(text) == total


def test_without_a_session_nothing_is_counted() -> None:
    assert counts(None) == Counts()


def test_the_table_has_a_row_a_stage_and_the_floor() -> None:
    lines = table(TIMES, 2, 10_000_000, 2.0)
    assert [line.split("|")[1].strip() for line in lines[2:5]] == ["ingest", "link", "all"]
    idle = lines[2].split("|")[6].strip()
    assert idle == "2.00"
    assert "5.0 MB/s" in lines[-1]
    assert "takes 8.00, 4 times as many" in lines[-1]


def test_the_plot_names_every_stage(tmp_path: Path) -> None:
    plot(TIMES, 2, 2.0, tmp_path / "road.svg")
    assert (tmp_path / "road.svg").stat().st_size > 1000
