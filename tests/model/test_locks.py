"""Leases: one process does a piece of work, and another takes over when it is gone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest

from pivotmine.errors import ModelError
from pivotmine.model.locks import Lease, holder


def written(path: Path, **changes: object) -> dict[str, object]:
    """Change the lease in a file, as another process would have written it."""
    found = {**orjson.loads(path.read_bytes()), **changes}
    path.write_bytes(orjson.dumps(found))
    return found


def test_of_many_that_ask_at_once_one_gets_the_lease(tmp_path: Path):
    path = tmp_path / "runs" / "a.json"
    with ThreadPoolExecutor(8) as asking:
        got = [one for one in asking.map(lambda _: Lease.take(path, 60), range(8)) if one]
    assert len(got) == 1
    assert holder(path) == f"process {os.getpid()} on {os.uname().nodename}"
    got[0].check()
    got[0].give_back()
    assert holder(path) == ""
    again = Lease.take(path, 60)
    assert again
    again.give_back()


def test_a_lease_is_renewed_and_one_that_ran_out_is_taken_over(tmp_path: Path):
    path = tmp_path / "a.json"
    first = Lease.take(path, 0.3)
    assert first
    began = orjson.loads(path.read_bytes())["until"]
    for _ in range(200):
        if orjson.loads(path.read_bytes())["until"] > began:
            break
        time.sleep(0.05)
    else:
        pytest.fail("not renewed")
    written(path, host="another", until=time.time() + 60)
    assert Lease.take(path, 60) is None, "it is another machine's"
    with pytest.raises(ModelError, match=r"a was taken over by process \d+ on another: "):
        first.check()
    first.give_back()
    assert holder(path) != "", "what is not ours is not given back"
    written(path, until=time.time() - 1)
    taken = Lease.take(path, 60)
    assert taken
    taken.give_back()


def test_a_lease_of_a_dead_process_of_this_machine_is_taken_over_at_once(tmp_path: Path):
    path = tmp_path / "a.json"
    command = "import sys, os; from pivotmine.model.locks import Lease; from pathlib import Path;"
    command += " Lease.take(Path(sys.argv[1]), 3600); os._exit(9)"
    root = str(Path(__file__).parents[2])
    subprocess.run(
        [sys.executable, "-c", command, str(path)],
        env={**os.environ, "PYTHONPATH": root}, cwd=root, check=False,
    )  # fmt: skip
    assert orjson.loads(path.read_bytes())["until"] > time.time()
    taken = Lease.take(path, 60)
    assert taken
    taken.give_back()
