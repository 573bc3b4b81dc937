"""Running ways of counting against each other: one process at a time, within limits.

Every outcome is reported. A way that passes a limit is killed, and not tried on larger inputs.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter

from bench import race as processes
from bench.counting.answers import read_answer
from bench.counting.prepare import Prepared
from bench.counting.results import TWO_ANSWERS, Limits, Outcome, Run
from bench.counting.ways import Done, Job, Way
from bench.machine import without_paths

ROOT = Path(__file__).parents[2]
REPEAT_SECONDS = 5
"""No further run of a way at a size, once its runs have taken this long."""


def race(
    inputs: Mapping[float, Prepared],
    ways: Sequence[Way],
    limits: Limits,
    folder: Path,
) -> Iterator[Outcome]:
    """Run all ways on all sizes, smallest size first.

    Parameters
    ----------
    inputs
        By size.
    folder
        Scratch space; only logs are left there.
    """
    last: dict[str, Outcome] = {}
    for size, prepared in sorted(inputs.items()):
        for way in ways:
            outcome = _foreseen(way, size, last.get(way.name), limits)
            if outcome is None:
                place = folder / f"{way.name}-{size:g}x"
                outcome = run_way(way, size, prepared, limits, place)
            last[way.name] = outcome
            yield outcome


def run_way(way: Way, size: float, prepared: Prepared, limits: Limits, folder: Path) -> Outcome:
    """Run one way on one input, once or several times."""
    outcome = Outcome(way.name, size, _threads(way, limits), "counted")
    while outcome.status == "counted" and len(outcome.runs) < limits.repeat:
        if sum(run.process_seconds for run in outcome.runs) > REPEAT_SECONDS:
            break
        outcome = _run_once(outcome, prepared, limits, folder)
    shutil.rmtree(folder / "out", ignore_errors=True)
    return outcome


def _run_once(outcome: Outcome, prepared: Prepared, limits: Limits, folder: Path) -> Outcome:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "out").mkdir(parents=True)
    job = Job(prepared, folder / "out", outcome.threads, limits.max_bytes, limits.overrides)
    (folder / "job.json").write_bytes(TypeAdapter(Job).dump_json(job))
    command = [sys.executable, "-m", "bench.counting.contenders", str(folder), outcome.way]
    log = folder / "log"
    seen = processes.run(command, log, limits.max_seconds, limits.max_bytes, cwd=ROOT)
    if seen.exceeded == "seconds":
        return replace(outcome, status="too slow", reason=f"over {limits.max_seconds:g} s")
    if seen.exceeded == "bytes":
        reason = f"over {limits.max_bytes / 2**30:.1f} GiB after {seen.seconds:.0f} s"
        return replace(outcome, status="too big", reason=reason)
    if seen.exit_code:
        reason = _error_in(log) or f"exit {seen.exit_code}"
        return replace(outcome, status="failed", reason=reason)
    done = TypeAdapter(Done).validate_json((folder / "done.json").read_bytes())
    found = read_answer(done.files, prepared.facts)
    if outcome.answer is not None and found != outcome.answer:
        reason = f"{TWO_ANSWERS}: {outcome.answer}; {found}"
        return replace(outcome, status="failed", reason=reason)
    process_seconds = seen.seconds - done.aside_seconds
    run = Run(done.seconds, process_seconds, seen.peak_bytes, seen.worker_bytes)
    return replace(outcome, runs=(*outcome.runs, run), answer=found, n_distinct=done.n_distinct)


def _foreseen(way: Way, size: float, last: Outcome | None, limits: Limits) -> Outcome | None:
    """The outcome, if it is known without a run; `last` is that at a smaller size."""
    outcome = Outcome(way.name, size, _threads(way, limits), "not tried")
    if missing := way.missing():
        reason = f"{', '.join(missing)} (extra `bench`)"
        return replace(outcome, status="not installed", reason=reason)
    if last is not None and last.status != "counted":
        reason = last.reason if last.status == "not tried" else f"{last.status} at {last.size:g}x"
        return replace(outcome, reason=reason)
    return None


def _threads(way: Way, limits: Limits) -> int:
    return 1 if way.one_thread else limits.threads


def _error_in(log: Path) -> str:
    """The last line of a log that names an error, without paths of this machine."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    errors = [line for line in lines if re.search(r"Error|Exception", line)]
    said = (errors or list(filter(None, lines)) or [""])[-1]
    return without_paths(said)[:200]
