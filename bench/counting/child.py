"""The process in which one way counts, alone: `python -m bench.counting.child FOLDER WAY`.

`FOLDER/job.json` holds a `Job`, and the answer, a `Done`, is written to `FOLDER/done.json`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pydantic import TypeAdapter

from bench.counting.contenders import WAYS
from bench.counting.ways import Done, Job


def main() -> None:
    """Run the way that the arguments name, on as many cores as its job allows."""
    folder, name = Path(sys.argv[1]), sys.argv[2]
    job = TypeAdapter(Job).validate_json((folder / "job.json").read_bytes())
    # Libraries differ in the variable that they obey. All of them, and the JVM, obey the affinity.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: job.threads])
    for variable in ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = str(job.threads)
    done = WAYS[name].count(job)
    (folder / "done.json").write_bytes(TypeAdapter(Done).dump_json(done))


if __name__ == "__main__":
    main()
