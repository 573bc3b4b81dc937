"""A grid whose process is killed again and again gives the tables of an undisturbed one.

    python -m bench.arms                                  # shards of the planted web
    python -m bench.killed_grid --config conf/arms/planted-arms.yaml --out .pivotmine/killed \
        --set 'grid.seeds=[0]' --kills 10

The grid is trained undisturbed, then again in a folder of its own, where the process gets SIGKILL
after times drawn from the undisturbed duration. All values but times are compared, bit by bit, so
give both one thread (OMP_NUM_THREADS=1).
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

TIMES = ("seconds", "mfu")
"""Columns that differ between any two runs."""


def main() -> None:
    """Train twice, kill, compare; exit status 1 if the tables differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    command = [sys.executable, "-m", "pivotmine.model.cli", "train", "--config", asked.config]
    command += [part for setting in asked.set for part in ("--set", setting)]
    began = time.monotonic()
    subprocess.run([*command, "--out", str(asked.out / "whole")], check=True)
    seconds = time.monotonic() - began
    killed = [*command, "--out", str(asked.out / "killed")]
    draw = random.Random(asked.seed)
    places = sorted(draw.uniform(0, seconds) for _ in range(asked.kills))
    n_killed = 0
    for pause in (after - before for before, after in pairwise([0.0, *places])):
        # A new process needs the time of its imports before it goes on.
        n_killed += _killed_after(killed, pause + seconds / (asked.kills + 1))
    subprocess.run(killed, check=True)
    same = {name: compared(asked.out, name) for name in ("losses", "evaluations")}
    print(f"{n_killed} kills in {seconds:.0f} s of training; the same tables: {same}")
    sys.exit(0 if all(same.values()) else 1)


def _killed_after(command: list[str], seconds: float) -> bool:
    """Whether the process was still running when it was killed."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
    return False


def compared(out: Path, name: str) -> bool:
    """Whether a table of the killed grid equals that of the undisturbed one."""
    whole, killed = (
        _table(next((out / kind).glob(f"{name}-*.parquet"))) for kind in ("whole", "killed")
    )
    return bool(whole.equals(killed))


def _table(path: Path) -> pa.Table:
    table = pq.read_table(path)
    return table.drop_columns([name for name in TIMES if name in table.schema.names])


if __name__ == "__main__":
    main()
