"""What does one more delivery cost? Three dumps one after another, against one ingest of all three.

    python -m bench.incremental docs.parquet --tokenizer sp.model --work DIR

Rows of a Parquet file with `text` and `source` are dealt to three dumps, of 8, 1 and 1 parts, some
rows to several of them. The road runs until `tokenize`, with near-duplicates, after every dump; on
all three in a new lake, whose tables must be the same; with a file touched; and for a takedown.
Processor seconds of the whole process tree are what to compare: a run has a fixed cost, the start
of Spark and its small jobs, which the run with nothing but a touched file shows. Prints
Markdown.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from bench.measure import tree
from pivotmine.lake import Lake
from pivotmine.query import connect
from pivotmine.recipe import load_config

PARTS = 10
OF_ALL = 40
"""Every so many rows are in all dumps: exact copies."""
EDITED = 41
"""Every so many rows are in the last dump too, with a sentence more: near copies."""
DUMPS = ("first", "second", "third")
TABLES = ("inputs", "documents", "near_copies", "rejects", "duplicates", "tokens")
FILES = 4


class Run(NamedTuple):
    """What a command took."""

    seconds: float
    processor_seconds: float
    stages: dict[str, float]
    """Seconds of each stage that ran."""


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("texts", help="Parquet with `text` and `source`")
    parser.add_argument("--tokenizer", required=True, help="model file, for stage tokenize")
    parser.add_argument("--every", type=int, default=1, help="take every so many rows")
    parser.add_argument("--work", type=Path, required=True, help="new folder")
    arguments = parser.parse_args()
    rows = pq.read_table(arguments.texts, columns=["source", "text"])
    rows = rows.take(pa.array(range(0, rows.num_rows, arguments.every)))
    sizes = deal(rows, arguments.work)
    print("| run | MB of text, new | seconds | processor seconds | of them in stages |")
    print("|---|---|---|---|---|", flush=True)

    def run(title: str, lake: str, n_dumps: int, n_bytes: int, *command: str) -> None:
        command = command or ("run", "--until", "tokenize")
        done = measure(arguments.work / lake, command, arguments, DUMPS[:n_dumps])
        stages = ", ".join(f"{name} {seconds:.0f}" for name, seconds in done.stages.items())
        print(
            f"| {title} | {n_bytes / 1e6:.1f} | {done.seconds:.0f} | {done.processor_seconds:.0f} "
            f"| {stages} |",
            flush=True,
        )

    for n, name in enumerate(DUMPS, 1):
        run(f"{name} dump", "chain", n, sizes[name])
    run("all three, another lake", "once", 3, sum(sizes.values()))
    alike = {
        name: digest(arguments, "chain", name) == digest(arguments, "once", name) for name in TABLES
    }
    print(f"\nTables alike: {alike}\n")
    os.utime(next((arguments.work / "second").iterdir()), (1, 1))
    run("a file touched", "chain", 3, sizes["second"] // FILES)
    run("takedown of the second", "chain", 3, 0, "takedown", "second")


def deal(rows: pa.Table, work: Path) -> dict[str, int]:
    """Write the dumps; returns their bytes of text."""
    numbers = range(rows.num_rows)
    shares = {
        "first": [n for n in numbers if n % PARTS < PARTS - 2 or n % OF_ALL == 0],
        "second": [n for n in numbers if n % PARTS == PARTS - 2 or n % OF_ALL == 0],
        "third": [n for n in numbers if n % PARTS == PARTS - 1 or n % OF_ALL == 0],
    }
    edited = rows.take(pa.array(range(0, rows.num_rows, EDITED))).to_pylist()
    more = [{**row, "text": f"{row['text']}\nSeen again in the third dump."} for row in edited]
    sizes = {}
    for name, chosen in shares.items():
        dump = rows.take(pa.array(chosen))
        if name == "third":
            dump = pa.concat_tables([dump, pa.Table.from_pylist(more, dump.schema)])
        (work / name).mkdir(parents=True)
        for part in range(FILES):
            piece = dump.take(pa.array(range(part, dump.num_rows, FILES)))
            pq.write_table(piece, work / name / f"part-{part}.parquet")
        sizes[name] = sum(len(text.encode()) for text in dump["text"].to_pylist())
    return sizes


def measure(
    lake: Path, command: tuple[str, ...], arguments: argparse.Namespace, dumps: tuple[str, ...]
) -> Run:
    """Run a command of the command line, and add up what its processes took."""
    inputs = ", ".join(
        f"{{uris: ['{arguments.work / name}'], ingest_id: {name}, source_column: source}}"
        for name in dumps
    )
    settings = [
        f"lake.warehouse={lake}",
        f"ingest.inputs=[{inputs}]",
        "dedup.near=true",
        f"tokenize.tokenizer={arguments.tokenizer}",
        "spark.shuffle_partitions=4",
    ]
    before = len(runs(lake)) if lake.exists() else 0
    line = [sys.executable, "-m", "pivotmine", *command]
    line += [part for setting in settings for part in ("--set", setting)]
    started, used = time.monotonic(), dict[int, float]()
    with open(arguments.work / "log.txt", "ab") as log:
        process = subprocess.Popen(line, stdout=log, stderr=log)
        while process.poll() is None:
            used |= {pid: processor_seconds(pid, used) for pid in tree(process.pid)}
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.5)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed; see {arguments.work / 'log.txt'}")
    stages = {
        row["stage"]: (row["finished_at"] - row["started_at"]).total_seconds()
        for row in runs(lake)[before:]
    }
    return Run(time.monotonic() - started, sum(used.values()), stages)


def processor_seconds(pid: int, used: dict[int, float]) -> float:
    """User and system seconds of a process so far, or as it was last seen."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return used.get(pid, 0.0)


def runs(lake: Path) -> list[dict[str, Any]]:
    """Rows of `runs`."""
    return open_lake(lake).runs().to_pylist()


def open_lake(path: Path) -> Lake:
    """A lake, to be read."""
    return Lake(load_config(None, [f"lake.warehouse={path}"]).lake, read_only=True)


def digest(arguments: argparse.Namespace, lake: str, table: str) -> tuple[object, ...]:
    """What is the same for the same rows in any order."""
    connection = connect(open_lake(arguments.work / lake))
    found = connection.execute(f"SELECT count(*), sum(hash(t)::HUGEINT) FROM {table} t").fetchone()
    return tuple(found or ())


if __name__ == "__main__":
    main()
