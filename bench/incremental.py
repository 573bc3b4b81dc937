"""What does one more delivery cost? Three dumps one after another, against one ingest of all three.

    python -m bench.incremental docs.parquet --tokenizer sp.model --work DIR

Rows of a Parquet file with `text` and `source` are dealt to three dumps, of 8, 1 and 1 parts, some
rows to several of them. The road runs until `tokenize`, with near-duplicates unless told otherwise,
after every dump; on all three in a new lake, whose tables must be the same; and for a takedown. All
in one Spark session, which has run once before. Processor seconds of the whole process tree are
what to compare; a run has a fixed cost, that of Spark's small jobs, which a run over the second
dump alone shows. Before that, what a megabyte of text costs in each step of one task, without
Spark. Prints Markdown.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.measure import processor_seconds
from pivotmine import api
from pivotmine.keep.takedown import take_down
from pivotmine.lake.lake import Lake
from pivotmine.lake.query import connect
from pivotmine.recipe import DedupConfig, Recipe
from pivotmine.recipe.reading import load_recipe
from pivotmine.sources.listing import list_files, plan_splits
from pivotmine.sources.records import ColumnMap, ReadLimits
from pivotmine.text.tokenizer import Tokenizer, read_tokenizer_file
from pivotmine.udfs import ingest, tokenize

PARTS = 10
OF_ALL = 40
"""Every so many rows are in all dumps: exact copies."""
EDITED = 41
"""Every so many rows are in the last dump too, with a sentence more: near copies."""
DUMPS = ("first", "second", "third")
TABLES = ("inputs", "documents", "near_copies", "signatures", "rejects", "duplicates", "tokens")
FILES = 4
COMMON_LINES = 100_000
"""What lines are compared with; how many of them are common hardly shows."""


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("texts", help="Parquet with `text` and `source`")
    parser.add_argument("--tokenizer", required=True, help="model file, for stage tokenize")
    parser.add_argument("--every", type=int, default=1, help="take every so many rows")
    parser.add_argument("--steps-only", action="store_true", help="without Spark")
    parser.add_argument("--exact-only", action="store_true", help="without near-duplicates")
    parser.add_argument("--work", type=Path, required=True, help="new folder")
    arguments = parser.parse_args()
    rows = pq.read_table(arguments.texts, columns=["source", "text"])
    rows = rows.take(pa.array(range(0, rows.num_rows, arguments.every)))
    sizes = deal(rows, arguments.work)
    by_step(arguments.work / "first", arguments.tokenizer)
    if arguments.steps_only:
        return

    def settings(lake: str, *dumps: str) -> list[str]:
        inputs = ", ".join(
            f"{{uris: ['{arguments.work / name}'], ingest_id: {name}, source_column: source}}"
            for name in dumps
        )
        return [
            f"lake.warehouse={arguments.work / lake}",
            f"ingest.inputs=[{inputs}]",
            f"dedup.near={str(not arguments.exact_only).lower()}",
            f"tokenize.tokenizer={arguments.tokenizer}",
            "spark.shuffle_partitions=4",
        ]

    def road(lake: str, *dumps: str) -> Callable[[], object]:
        return lambda: api.run(load_recipe(None, settings(lake, *dumps)), until="tokenize")

    road("warm", "second")()
    print("| run | MB of text, new | seconds | processor seconds | of ingest | of tokenize |")
    print("|---|---|---|---|---|---|", flush=True)
    with processor_seconds() as used:

        def report(title: str, lake: str, n_bytes: int, run: Callable[[], object]) -> None:
            started, before = time.monotonic(), used()
            run()
            seconds, processor = time.monotonic() - started, used() - before
            last = {
                row["stage"]: row for row in open_lake(arguments.work / lake).runs().to_pylist()
            }
            stages = (
                (last[name]["finished_at"] - last[name]["started_at"]).total_seconds()
                for name in ("ingest", "tokenize")
            )
            cells = (f"{n_bytes / 1e6:.1f}", *(f"{n:.0f}" for n in (seconds, processor, *stages)))
            print(f"| {title} | {' | '.join(cells)} |", flush=True)

        report("second dump alone", "alone", sizes["second"], road("alone", "second"))
        for n, name in enumerate(DUMPS, 1):
            report(f"{name} dump", "chain", sizes[name], road("chain", *DUMPS[:n]))
        report("all three at once", "once", sum(sizes.values()), road("once", *DUMPS))
        alike = {
            name: digest(arguments.work / "chain", name) == digest(arguments.work / "once", name)
            for name in TABLES
        }
        recipe = settings("chain", *DUMPS)
        report("takedown of the second", "chain", 0, lambda: take_down(None, recipe, "second"))
    print(f"\nTables alike: {alike}")


def by_step(folder: Path, tokenizer_uri: str) -> None:
    """Print processor seconds of one task by step, for new text and for text that is known."""
    (*_, file) = list_files([str(folder)])
    packs = [tuple(plan_splits([file], "auto", 1 << 40, 0))]
    read = ingest.bind_read(packs, [ColumnMap(source="source")], ReadLimits(), None)
    encode = tokenize.bind(Tokenizer(*read_tokenizer_file(tokenizer_uri)), Recipe().languages, None)
    settings = DedupConfig()
    sign = ingest.bind_sign(np.zeros(0, np.uint64), settings)

    def timed(make: Callable[[], Iterable[pa.RecordBatch]]) -> tuple[pa.Table, float]:
        started = time.process_time()
        batches = list(make())
        return pa.Table.from_batches(batches), time.process_time() - started

    first = pa.record_batch({"id": pa.array([0], pa.int64())})
    list(sign(iter([pa.record_batch({"doc_id": ["a"], "text": ["b c d"]})])))
    rows, reading = timed(lambda: read(iter([first])))
    texts = rows.filter(pc.field("kind") == "document")
    _, lines = timed(lambda: ingest.hash_lines(iter(texts.to_batches())))
    signed, signing = timed(lambda: sign(iter(texts.to_batches())))
    outdated = ingest.bind_outdated(np.arange(COMMON_LINES, dtype=np.uint64))
    _, comparing = timed(lambda: outdated(iter(signed.to_batches())))
    _, tokenizing = timed(lambda: encode(iter(texts.to_batches())))
    size = pc.sum(pc.binary_length(texts["text"])).as_py() / 1e6
    print(
        f"One task, {texts.num_rows:,} documents, {size:.1f} MB of text, processor seconds a MB:\n"
    )
    print("| step | seconds a MB | for |\n|---|---|---|")
    for step, seconds, scope in (
        ("read, identify languages", reading, "new files"),
        ("tokenize, languages of segments", tokenizing, "new documents"),
        ("hash lines", lines, "new documents, with dedup.near"),
        ("hash lines, sign", signing, "new documents, with dedup.near"),
        ("compare lines with the common ones", comparing, "all, with dedup.near"),
    ):
        print(f"| {step} | {seconds / size:.3f} | {scope} |")
    sizes = (parquet_bytes(rows) / texts.num_rows for rows in (signed, texts.select(["text"])))
    print("\nParquet, bytes a document: {:.0f} of signatures, {:.0f} of text\n".format(*sizes))


def parquet_bytes(rows: pa.Table) -> int:
    """Size of a table as the lake keeps it."""
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, compression="zstd")
    return int(sink.getvalue().size)


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


def open_lake(path: Path) -> Lake:
    """A lake, to be read."""
    return Lake(load_recipe(None, [f"lake.warehouse={path}"]).lake, read_only=True)


def digest(lake: Path, table: str) -> tuple[object, ...]:
    """What is the same for the same rows in any order."""
    sql = f"SELECT count(*), sum(hash(t)::HUGEINT) FROM {table} t"
    return tuple(connect(open_lake(lake)).execute(sql).fetchone() or ())


if __name__ == "__main__":
    main()
