"""Running ways against each other: one process at a time, watched, within limits.

Nothing is dropped in silence. A way that passes a limit is killed and reported as too slow or too
big; larger inputs are then not tried, nor are those where linear growth would pass the limit.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter

from bench.counting.answers import answer, heaviest, read_pairs, write_pairs
from bench.counting.machine import without_paths
from bench.counting.prepare import Prepared
from bench.counting.results import TWO_ANSWERS, Outcome, Run, Status
from bench.counting.ways import Done, Job, Way
from bench.measure import POLL_SECONDS, watch

ROOT = Path(__file__).parents[2]
HEAVIEST_PAIRS = 1_000
_STATUS: dict[str, Status] = {"seconds": "too slow", "bytes": "too big"}


@dataclass(frozen=True)
class Limits:
    """What every way is given."""

    threads: int
    max_seconds: float
    """For a whole process."""

    max_bytes: int
    repeat: int
    """Most runs of a way at a size; their median counts."""

    repeat_seconds: float
    """No further run once a way has taken this long at a size."""

    overrides: tuple[str, ...] = ()


def race(
    inputs: dict[float, Prepared],
    ways: Sequence[Way],
    limits: Limits,
    folder: Path,
    progress: Callable[[Outcome], None],
) -> list[Outcome]:
    """Run all ways on all sizes, smallest size first.

    Parameters
    ----------
    inputs
        By size.
    folder
        Scratch space; emptied after every run but for logs.
    """
    outcomes: list[Outcome] = []
    for size, prepared in sorted(inputs.items()):
        for way in ways:
            before = [outcome for outcome in outcomes if outcome.way == way.name]
            outcome = _foreseen(way, size, before, limits)
            if outcome is None:
                place = folder / f"{way.name}-{size:g}x"
                outcome = run_way(way, size, prepared, limits, place)
            outcomes.append(outcome)
            progress(outcome)
    return outcomes


def run_way(way: Way, size: float, prepared: Prepared, limits: Limits, folder: Path) -> Outcome:
    """Run one way on one input, once or several times."""
    outcome = Outcome(way.name, size, limits.threads if way.threads == "all" else 1, "counted")
    while outcome.status == "counted" and len(outcome.runs) < limits.repeat:
        if sum(run.process_seconds for run in outcome.runs) > limits.repeat_seconds:
            break
        outcome = _run_once(way, outcome, prepared, limits, folder)
    shutil.rmtree(folder / "out", ignore_errors=True)
    return outcome


def _run_once(
    way: Way, outcome: Outcome, prepared: Prepared, limits: Limits, folder: Path
) -> Outcome:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "out").mkdir(parents=True)
    known = _heaviest_file(prepared)
    job = Job(
        prepared,
        folder / "out",
        outcome.threads,
        limits.max_bytes,
        limits.overrides,
        str(known) if known.exists() else None,
    )
    (folder / "job.json").write_bytes(TypeAdapter(Job).dump_json(job))
    log = folder / "log"
    with log.open("wb") as stream:
        command = [sys.executable, "-m", "bench.counting.child", str(folder), way.name]
        process = subprocess.Popen(command, stdout=stream, stderr=stream, cwd=ROOT)
        seen = watch(process, POLL_SECONDS, limits.max_seconds, limits.max_bytes)
    if seen.exceeded:
        limit = (
            f"over {limits.max_seconds:g} s"
            if seen.exceeded == "seconds"
            else f"over {limits.max_bytes / 2**30:.1f} GiB after {seen.seconds:.0f} s"
        )
        return replace(outcome, status=_STATUS[seen.exceeded], reason=limit)
    if process.returncode:
        reason = _last_words(log) or f"exit {process.returncode}"
        return replace(outcome, status="failed", reason=reason)
    done = TypeAdapter(Done).validate_json((folder / "done.json").read_bytes())
    found = done.answer
    if way.is_exact and found is None:
        found = answer(read_pairs(done.files, prepared.facts))
        if not known.exists():
            pairs = heaviest(read_pairs(done.files, prepared.facts), HEAVIEST_PAIRS)
            write_pairs(known, pairs)
    if outcome.answer is not None and found != outcome.answer:
        reason = f"{TWO_ANSWERS}: {outcome.answer}; {found}"
        return replace(outcome, status="failed", reason=reason)
    process_seconds = seen.seconds - done.aside_seconds
    run = Run(done.seconds, process_seconds, seen.peak_bytes, seen.worker_bytes)
    return replace(outcome, runs=(*outcome.runs, run), answer=found, extra=done.extra)


def _foreseen(way: Way, size: float, before: Sequence[Outcome], limits: Limits) -> Outcome | None:
    """The outcome, where it is known without a run."""
    threads = limits.threads if way.threads == "all" else 1
    missing = way.missing()
    if missing:
        reason = f"{', '.join(missing)} (extra `bench`)"
        return Outcome(way.name, size, threads, "not installed", reason)
    if not before:
        return None
    last = before[-1]
    if last.status != "counted":
        reason = last.reason if last.status == "not tried" else f"{last.status} at {last.size:g}x"
        return Outcome(way.name, size, threads, "not tried", reason)
    if len(before) > 1:
        # A straight line through the last two sizes: what a start costs does not grow.
        slope = (last.seconds - before[-2].seconds) / (last.size - before[-2].size)
        expected = last.seconds + slope * (size - last.size)
        if expected > limits.max_seconds:
            reason = f"about {expected:.0f} s to be expected"
            return Outcome(way.name, size, threads, "not tried", reason)
    return None


def _heaviest_file(prepared: Prepared) -> Path:
    return prepared.folder / "heaviest.parquet"


def _last_words(log: Path) -> str:
    """The line of a log that says what went wrong, without paths of this machine."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    errors = [line for line in lines if re.search(r"Error|Exception", line)]
    said = (errors or list(filter(None, lines)) or [""])[-1]
    return without_paths(said)[:200]
