"""The process in which one way counts, alone.

    python -m bench.counting.child FOLDER WAY

`FOLDER/job.json` says what to do (`Job`), `FOLDER/done.json` is the answer (`Done`); both are
written by `race`, which watches from outside.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pydantic import TypeAdapter


def limit_cores(threads: int) -> None:
    """Make this process, and all that it starts, see `threads` cores.

    Libraries differ in which variable they obey; this one they all do, the JVM included.
    """
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[:threads])
    for name in ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)


def main() -> None:
    """Run the way that the arguments name."""
    folder, name = Path(sys.argv[1]), sys.argv[2]
    from bench.counting.ways import WAYS, Done, Job

    job = TypeAdapter(Job).validate_json((folder / "job.json").read_bytes())
    limit_cores(job.threads)
    done = WAYS[name].load()(job)
    (folder / "done.json").write_bytes(TypeAdapter(Done).dump_json(done))


if __name__ == "__main__":
    main()
