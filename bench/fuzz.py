"""Feed damaged files to the readers, which must not crash, hang or lose a record.

    python -m bench.fuzz --cases 12000 --seed 0

Files of every format and lexicons (`damaged_files.py`) are read with small limits. In each case the
number of records must equal that of documents and rejects, Arrow batches must validate, no text may
hold a replacement character that its bytes do not, and the processor time must stay below a limit.
If a file is cut at record boundaries found by search, its pieces must give the records of the whole
file, or report that they do not meet. Readers run in a process of their own, so that a crash of
native code (zlib, zstd, Arrow, brotli, Lexbor) is reported. Prints Markdown; exits with 1 if a case
failed. Failing files are kept.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import NamedTuple

from bench import tables
from bench.damaged_files import format_of, make_case
from pivotmine.dictionaries.lexicon import read_lexicon
from pivotmine.errors import InputError
from pivotmine.sources import ColumnMap, ReadLimits, Split, read_split
from pivotmine.sources.listing import list_splits
from pivotmine.sources.records import WHOLE_FILE
from pivotmine.sources.unit_splits import PieceRead, check_pieces, is_piece

MAX_SECONDS = 5.0
"""Most CPU time of a case; the files have some kilobytes."""

HANG_SECONDS = 60
LIMITS = ReadLimits(
    max_document_bytes=20_000, max_record_bytes=30_000, raw_bytes=64, max_window_bytes=1 << 23
)
Fate = tuple[int, str | None, str | None]
"""Position, text and reason of a record."""

SplitRead = tuple[list[Fate], str | None]
"""Fates of a split, and the detail of its last row, which says how it meets the next piece."""


class Outcome(NamedTuple):
    """The result of one case."""

    format: str
    failure: str | None
    documents: int
    reasons: tuple[str, ...]
    seconds: float
    met: bool = False
    """Whether the file was cut into pieces by search, and they met."""


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"))
    arguments = parser.parse_args()
    started = time.perf_counter()
    outcomes = run_cases(arguments.seed, range(arguments.cases), arguments.keep)
    report(outcomes, time.perf_counter() - started)
    sys.exit(any(outcome.failure for outcome in outcomes))


def run_cases(seed: int, cases: range, keep: Path) -> list[Outcome]:
    """Run cases in a child process; a case in which it dies is a failure."""
    done: list[Outcome] = []
    while len(done) < len(cases):
        with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
            for case in cases[len(done) :]:
                name, data = make_case(seed, case)
                try:
                    outcome = pool.submit(run_case, seed, case).result()
                except BrokenProcessPool:
                    outcome = Outcome(format_of(name), "crash or hang", 0, (), 0.0)
                done.append(outcome)
                if outcome.failure:
                    keep.mkdir(exist_ok=True)
                    (keep / f"{seed}-{case}-{name}").write_bytes(data)
                if outcome.failure == "crash or hang":
                    break
    return done


def run_case(seed: int, case: int) -> Outcome:
    """Make one file and read it; the process is killed after `HANG_SECONDS`."""
    name, data = make_case(seed, case)
    signal.alarm(HANG_SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        outcome = read_case(path, random.Random(f"split {seed} {case}"))
    signal.alarm(0)
    return outcome


def read_case(path: Path, draw: random.Random) -> Outcome:
    """Read one file in pieces of random size, and check the records."""
    started = time.process_time()
    fates: list[Fate] = []
    met, failure = False, None
    try:
        if path.name.startswith("words"):
            return _read_lexicon(path, started)
        splits = list_splits([str(path)], "auto", draw.choice((100, 1000, 1 << 30)), 0)
        reads = [_read_split(split) for split in splits]
        fates = [fate for found, _ in reads for fate in found]
        if is_piece(splits[0]):
            whole, _ = _read_split(splits[0]._replace(start=0, end=WHOLE_FILE))
            joined = join_pieces(splits, reads)
            if joined not in (None, whole):
                failure = "pieces that meet differ from the whole file"
            met, fates = joined is not None, whole
    except BaseException as error:
        failure = f"{type(error).__name__}: {error}"
    failure = failure or _replaced(path, fates)
    seconds = time.process_time() - started
    if seconds > MAX_SECONDS:
        failure = failure or f"took {seconds:.1f} s"
    documents = sum(reason is None for *_, reason in fates)
    reasons = tuple(sorted({reason for *_, reason in fates if reason}))
    return Outcome(format_of(path.name), failure, documents, reasons, seconds, met)


def _read_lexicon(path: Path, started: float) -> Outcome:
    """Read a lexicon: every row is listed or rejected; a file that is none is an input error."""
    failure, documents, reasons = None, 0, set[str]()
    try:
        found = read_lexicon([str(path)], 1_000_000)
    except InputError:
        reasons = {"not a lexicon"}
    else:
        documents = int(found.n_listed.sum() + found.n_pair_listed.sum())
        reasons = {reject.reason for reject in found.rejects}
        n_rows = sum(file.n_rows for file in found.files)
        if n_rows != documents + len(found.rejects):
            failure = f"{n_rows} rows, {documents} listed, {len(found.rejects)} rejected"
        if any("\ufffd" in term for term in found.terms.to_pylist()):
            failure = "a word holds a replacement character"
    seconds = time.process_time() - started
    return Outcome(format_of(path.name), failure, documents, tuple(sorted(reasons)), seconds)


def _replaced(path: Path, fates: list[Fate]) -> str | None:
    """A failure where a text of a plain file holds a replacement character unsaid."""
    data = path.read_bytes()
    packed = any(magic in data for magic in (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"Content-Enc"))
    if packed or path.suffix == ".parquet" or "\ufffd".encode() in data or b"&#" in data:
        return None
    replaced = any(text and "\ufffd" in text for _, text, _ in fates)
    return "a text holds a replacement character that its bytes do not" if replaced else None


def _read_split(split: Split) -> SplitRead:
    rows = []
    for batch in read_split(split, ColumnMap(), LIMITS):
        batch.validate(full=True)
        rows += batch.to_pylist()
    *records, last = rows
    if last["kind"] != "split" or last["n_records"] != len(records):
        raise AssertionError(f"{last['n_records']} records, {len(records)} fates")
    fates = [(row["position"], row["text"], row["reason"]) for row in records]
    return fates, last["detail"]


def join_pieces(splits: list[Split], reads: list[SplitRead]) -> list[Fate] | None:
    """Fates of all pieces, in positions of the file; None where the pieces do not meet."""
    pieces = (PieceRead.of(split, end) for split, (_, end) in zip(splits, reads, strict=True))
    before, torn = check_pieces(pieces)
    if torn:
        return None
    return [
        (before[split.uri, split.start] + position, text, reason)
        for split, (fates, _) in zip(splits, reads, strict=True)
        for position, text, reason in fates
    ]


def report(outcomes: list[Outcome], seconds: float) -> None:
    """Print the cases, their documents and rejects, and the failures."""
    print(f"{len(outcomes):,} damaged files in {seconds:.0f} s\n")
    rows = []
    for name in sorted({outcome.format for outcome in outcomes}):
        found = [outcome for outcome in outcomes if outcome.format == name]
        counts = (
            len(found),
            sum(one.met for one in found),
            sum(one.documents for one in found),
            sum(bool(one.reasons) for one in found),
            sum(bool(one.failure) for one in found),
        )
        slowest = max(one.seconds for one in found)
        rows.append((name, *(f"{n:,}" for n in counts), f"{slowest:.2f}"))
    heads = "format, files, in pieces, documents, with rejects, failures, slowest, CPU s"
    reasons = Counter(reason for outcome in outcomes for reason in outcome.reasons)
    failures = Counter(outcome.failure for outcome in outcomes if outcome.failure)
    lines = tables.markdown(heads.split(", ", 6), rows) + tables.markdown(
        ("reason", "files with such rejects"),
        ((reason, f"{n:,}") for reason, n in reasons.most_common()),
    )
    lines += [f"FAILED {n} times: {failure}" for failure, n in failures.most_common()]
    print("\n".join(lines))


if __name__ == "__main__":
    main()
