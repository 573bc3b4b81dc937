"""Bad input: a run ends well, loses nothing, and reports why and where it refused a record."""

from __future__ import annotations

import contextlib
import gzip
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from pyspark.sql import SparkSession

from bench.race import tree
from pivotmine.lake.lake import Lake
from pivotmine.lake.lease import hold_lease
from pivotmine.recipe.reading import load_recipe
from tests.handmade import cli, settings
from tests.road import command, contents, environment, open_lake, run_cli

MIB = 1 << 20
RAW_BYTES = 48
MAX_DOCUMENT_BYTES = 20_000
MAX_RECORD_BYTES = 1_000_000
LONG_LINE_BYTES = 200 * MIB
HAS_PROC = Path("/proc/self/status").exists()

# A worker with its libraries and the language model is some 250 MiB here, most of it shared with
# the daemon that forked it; to hold the long line once would add 200.
MAX_WORKER_BYTES = 400 * MIB

SETTINGS = (
    f"ingest.raw_bytes={RAW_BYTES}",
    f"ingest.max_document_bytes={MAX_DOCUMENT_BYTES}",
    f"ingest.max_record_bytes={MAX_RECORD_BYTES}",
    "ingest.split_bytes=64000000",
    "spark.master=local[2]",
    "spark.shuffle_partitions=2",
    "spark.driver_memory=1g",
)

# Odd, and good all the same.
GOOD = (
    "A plain English sentence about cats.",
    "Une phrase française sur les chats, l’été.",
    "一个关于猫的句子。",
    "猫についての文です。",
    "nul \0 inside, bell \a, escape \x1b[31m",
    "\ufeffa byte order mark, \u2028a line separator, \u202eright to left",
    "🐱👨‍👩‍👧",
    "12345 67890 ---",
    "ALL CAPS " * 2000,
    "e\u0301 é \u0301",
    "\U000f0000 private",
)


class Expected(NamedTuple):
    """A reject that must be there; `raw` is the whole record, of which the lake keeps the head."""

    file: str
    position: int
    reason: str
    raw: bytes | None


class Corpus(NamedTuple):
    folder: Path
    documents: set[str]
    n_copies: int
    rejects: set[Expected]


def json_line(text: str) -> bytes:
    return json.dumps({"text": text}, ensure_ascii=False).encode() + b"\n"


def write_lines(path: Path, lines: list[tuple[str | None, bytes]]) -> Iterator[Expected]:
    """Write lines, each with the reason for which it is refused; None for a good one."""
    position = 0
    with path.open("wb") as file:
        for reason, line in lines:
            if reason:
                yield Expected(path.name, position, reason, line)
            file.write(line + b"\n")
            position += len(line) + 1


REFUSED_LINES: list[tuple[str | None, bytes]] = [
    ("missing_text", b'{"title": "no text"}'),
    ("missing_text", b'{"text": null}'),
    ("missing_text", b"{}"),
    ("empty_text", b'{"text": ""}'),
    ("empty_text", '{"text": " \\n\u3000"}'.encode()),
    ("wrong_type", b'{"text": 5}'),
    ("wrong_type", b'{"text": ["a"]}'),
    ("not_an_object", b'["text"]'),
    ("not_an_object", b'"text"'),
    ("invalid_json", b'{"text": "cut off in the mid'),
    ("invalid_json", b'{"text": nan}'),
    ("invalid_json", b"plain words, and more of them than are kept of a record that is refused"),
    ("invalid_json", b"\0\0\0\0"),
    ("unencodable_text", b'{"text": "lone \\ud83d surrogate"}'),
    ("document_too_long", b'{"text": "%s"}' % (b"x" * (MAX_DOCUMENT_BYTES + 1))),
    ("undecodable_bytes", b'{"text": "caf\xe9"}'),
    ("undecodable_bytes", b"\xff\xfe{\0}\0"),
]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Every kind of damage in one folder, good documents in between."""
    folder = tmp_path_factory.mktemp("bad") / "corpus"
    folder.mkdir()
    documents, rejects = set(GOOD), set[Expected]()

    def kept(text: str) -> bytes:
        documents.add(text)
        return json_line(text)

    (folder / "good.jsonl").write_bytes(b"".join(map(json_line, GOOD)) + b"\n  \n")
    (folder / "copies.jsonl").write_bytes(b"".join(map(json_line, GOOD[:4] + GOOD[:2])))

    lines: list[tuple[str | None, bytes]] = []
    for number, refused in enumerate(REFUSED_LINES):
        lines += [refused, (None, kept(f"Good line {number}.").rstrip())]
    rejects.update(write_lines(folder / "lines.jsonl", lines))

    before, middle, after = kept("Before the long."), b'{"text": "', kept("After the long.")
    with (folder / "long.jsonl").open("wb") as file:
        file.write(before + middle)
        file.seek(LONG_LINE_BYTES, 1)  # a hole of zero bytes, which costs no disk
        file.write(b'"}\n' + after)
    head = middle + bytes(RAW_BYTES)
    rejects.add(Expected("long.jsonl", len(before), "record_too_long", head))

    whole = kept("In a whole gzip member.") + kept("And one more.")
    # A deflate block of type 3 does not exist.
    (folder / "broken.jsonl.gz").write_bytes(gzip.compress(whole) + gzip.compress(b"")[:10] + b"\7")
    rejects.add(Expected("broken.jsonl.gz", len(whole), "corrupt_compression", None))

    packer = zstandard.ZstdCompressor().compressobj()
    whole, half = kept("In a whole zstd block."), b'{"text": "Half a line in '
    packed = [
        packer.compress(part) + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        for part in (whole, half)
    ]
    (folder / "cut.jsonl.zst").write_bytes(b"".join(packed))
    end = len(whole) + len(half)
    rejects.add(Expected("cut.jsonl.zst", end, "corrupt_compression", half))

    for name in ("empty.jsonl", "empty.jsonl.gz", "empty.json.zst", "empty.parquet"):
        (folder / name).touch()
        rejects.add(Expected(name, 0, "empty_file", None))

    texts = pa.array([b"In Parquet.", None, b"caf\xe9", b"After it."], pa.binary())
    documents.update(("In Parquet.", "After it."))
    pq.write_table(pa.table({"text": texts.view(pa.string())}), folder / "rows.parquet")
    rejects.add(Expected("rows.parquet", 1, "missing_text", None))
    rejects.add(Expected("rows.parquet", 2, "undecodable_bytes", b"caf\xe9"))
    pq.write_table(pa.table({"title": ["a"] * 9, "body": ["b"] * 9}), folder / "columns.parquet")
    rejects.add(Expected("columns.parquet", 0, "missing_column", None))
    pq.write_table(pa.table({"text": [1, 2]}), folder / "numbers.parquet")
    rejects.add(Expected("numbers.parquet", 0, "wrong_type", None))
    (folder / "words.parquet").write_text("These are words, not Parquet. " * 9)
    rejects.add(Expected("words.parquet", 0, "unreadable_file", None))
    (folder / "gone.jsonl").symlink_to(folder / "nowhere.jsonl")
    rejects.add(Expected("gone.jsonl", 0, "unreadable_file", None))
    return Corpus(folder, documents, 6, rejects)


class Run(NamedTuple):
    warehouse: Path
    log: str
    worker_bytes: int
    """Largest resident set that any Python worker ever had."""


@pytest.fixture(scope="module")
def run(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One `pivotmine run --until ingest` over the folder, watched from outside."""
    folder = tmp_path_factory.mktemp("bad-run")
    inputs = f"ingest.inputs=[{{uris: ['{corpus.folder}']}}]"
    overrides = (f"lake.warehouse={folder / 'lake'}", inputs, *SETTINGS)
    arguments = [part for override in overrides for part in ("--set", override)]
    worker_bytes = 0
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command("run", "--until", "ingest", *arguments),
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment(),
        )
        while process.poll() is None:
            if HAS_PROC:
                worker_bytes = max(worker_bytes, *map(peak_worker_bytes, tree(process.pid)))
            time.sleep(0.1)
    text = (folder / "log").read_text()
    assert process.returncode == 0, text
    return Run(folder / "lake", text, worker_bytes)


def peak_worker_bytes(pid: int) -> int:
    """Largest resident set of a Spark Python worker so far; 0 for any other process."""
    with contextlib.suppress(OSError):
        proc = Path(f"/proc/{pid}")
        # Java's command names the module too.
        if b"-m\0pivotmine.engine.worker_daemon\0" in (proc / "cmdline").read_bytes():
            for line in (proc / "status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    return 0


def rows(run: Run, table: str) -> list[tuple[Any, ...]]:
    return contents(run.warehouse)[table]


def test_every_good_document_is_there_once_and_unchanged(run: Run, corpus: Corpus):
    texts = [row[6] for row in rows(run, "documents")]
    assert set(texts) == corpus.documents
    assert len(texts) == len(corpus.documents)


def test_every_document_has_a_language_and_its_own_length(run: Run):
    for _, _, _, _, lang, probability, text, n_bytes, _ in rows(run, "documents"):
        assert n_bytes == len(text.encode())
        assert lang and 0 <= probability <= 1.001


def test_every_reject_has_its_reason_and_its_place(run: Run, corpus: Corpus):
    found = {(Path(row[0]).name, row[1], row[2]) for row in rows(run, "rejects")}
    assert found == {(e.file, e.position, e.reason) for e in corpus.rejects}
    assert len(rows(run, "rejects")) == len(corpus.rejects)


def test_every_reject_keeps_the_first_bytes_of_its_record_as_they_were(run: Run, corpus: Corpus):
    found = {(Path(row[0]).name, row[1]): row[4] for row in rows(run, "rejects")}
    for expected in corpus.rejects:
        kept = None if expected.raw is None else expected.raw[:RAW_BYTES]
        assert found[expected.file, expected.position] == kept, expected


def test_every_reject_explains_itself_with_values(run: Run):
    details = {(Path(row[0]).name, row[2]): row[3] for row in rows(run, "rejects")}
    assert all(details.values())
    too_long = f"{LONG_LINE_BYTES + 12} bytes, over max_record_bytes = {MAX_RECORD_BYTES}"
    assert details["long.jsonl", "record_too_long"] == too_long
    columns = details["columns.parquet", "missing_column"]
    assert "9 rows not read; columns: title (string), body (string)" in columns


def test_copies_are_distinguished_from_their_originals(run: Run, corpus: Corpus):
    duplicates = rows(run, "duplicates")
    assert len(duplicates) == corpus.n_copies
    assert {Path(row[5]).name for row in duplicates} == {"good.jsonl", "copies.jsonl"}
    kept = {row[0]: (row[2], row[3]) for row in rows(run, "documents")}
    for _, kept_id, kind, similarity, _, uri, position, _ in duplicates:
        assert (kind, similarity) == ("exact", 1.0)
        assert kept[kept_id] < (uri, position), "the first of them in the order of files stays"


def test_every_record_that_was_read_is_accounted_for(run: Run, corpus: Corpus):
    n_records = sum(row[2] for row in rows(run, "inputs"))
    n_rows = [len(rows(run, table)) for table in ("documents", "rejects", "duplicates")]
    assert n_records == sum(n_rows)
    assert n_rows == [len(corpus.documents), len(corpus.rejects), corpus.n_copies]
    out, rejected, duplicate = n_rows
    assert f"rows in {n_records}, out {out}, rejected {rejected}, duplicate {duplicate}" in run.log


def test_every_file_was_read(run: Run, corpus: Corpus):
    read = {Path(row[0]).name for row in rows(run, "inputs")}
    assert read == {path.name for path in corpus.folder.iterdir()}


def test_the_audit_agrees(run: Run):
    status, out, _ = cli("audit", *settings(open_lake(run.warehouse)))
    assert status == 0
    assert "FAIL" not in out
    assert "ok   records read = documents + rejects + duplicates" in out


@pytest.mark.skipif(not HAS_PROC, reason="needs /proc")
def test_no_worker_holds_the_long_line(run: Run):
    assert 0 < run.worker_bytes < MAX_WORKER_BYTES, f"{run.worker_bytes / MIB:.0f} MiB"


# ---- nothing but rejects, and failures of tasks


def in_session(spark: SparkSession, *arguments: str) -> tuple[int, str]:
    """A command in this process, on the tests' own session."""
    assert SparkSession.getActiveSession() is not None
    status, _, err = cli(*arguments)
    return status, err


def test_nothing_but_rejects_is_ingested_and_the_run_fails(spark: SparkSession, tmp_path: Path):
    (tmp_path / "corpus.jsonl").write_text("no\njson\n")
    inputs = f"ingest.inputs=[{{uris: ['{tmp_path}/corpus.jsonl']}}]"
    arguments = ("--set", f"lake.warehouse={tmp_path}/lake", "--set", inputs)
    status, err = in_session(spark, "run", "--until", "ingest", *arguments)
    committed = "ingest: committed; rows in 2, out 0, rejected 2, duplicate 0"
    assert status == 2
    assert committed in err
    *_, warning, last = err.splitlines()
    assert "WARNING: 2 of 2 records that were read now were refused: 2 invalid_json" in warning
    assert last.startswith("error: no record became a document: all 2 were refused.")
    (log,) = (tmp_path / "lake" / "logs").iterdir()
    logged = log.read_text(encoding="utf-8")
    assert committed in logged
    assert "pivotmine.errors.InputError: no record became a document" in logged
    assert cli("audit", *arguments).status == 0


def test_an_error_in_a_task_is_one_message_too(spark: SparkSession, tmp_path: Path):
    (tmp_path / "corpus.jsonl").write_bytes(json_line(GOOD[0]))
    inputs = f"ingest.inputs=[{{uris: ['{tmp_path}/corpus.jsonl']}}]"
    overrides = (f"lake.warehouse={tmp_path}/lake", inputs, "ingest.language_model=/no/such.bin")
    arguments = [part for override in overrides for part in ("--set", override)]
    status, err = in_session(spark, "run", "--until", "ingest", *arguments)
    assert status == 2
    last = err.splitlines()[-1]
    assert last.startswith("error: language model /no/such.bin does not exist: give the path")
    assert "Traceback" not in err
    assert open_lake(tmp_path / "lake").snapshot("documents") is None


# ---- what stops a run before it starts


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "good.jsonl").write_bytes(json_line(GOOD[0]))
    (tmp_path / "notes.doc").write_text("what is this?")
    (tmp_path / "packed.jsonl.bz2").write_bytes(b"BZh9")
    (tmp_path / "odd.yaml").write_text("- not\n- a recipe\n")
    return tmp_path


REFUSED: dict[str, tuple[str, list[str], list[str]]] = {
    "a file that is not there": (
        *("{place}/missing.jsonl", []),
        ["{place}/missing.jsonl: no file matches", "{place} holds good.jsonl, notes.doc"],
    ),
    "a pattern that nothing matches": (
        *("{place}/*.parquet", []),
        ["{place}/*.parquet: no file matches", "good.jsonl"],
    ),
    "a folder that is not there": ("{place}/no/such/", [], ["no file matches"]),
    "no input": ("", ["-s", "ingest.inputs=[]"], ["ingest.inputs is empty", "uris:"]),
    "a file that does not tell its format": (
        *("{place}/notes.doc", []),
        ["notes.doc: the name does not tell its format", "Set the format"],
    ),
    "a compression that is not supported": (
        *("{place}/packed.jsonl.bz2", []),
        [".bz2 is not supported", ".gz", ".zst"],
    ),
    "a file in two inputs": (
        "",
        ["-s", "ingest.inputs=[{{uris: [{place}/good.jsonl]}}, {{uris: ['{place}/*.jsonl']}}]"],
        ["{place}/good.jsonl belongs to two of ingest.inputs", "narrow the patterns"],
    ),
    "a limit beyond Arrow's": (
        *("{place}/good.jsonl", ["-s", "ingest.max_document_bytes=3000000000"]),
        ["max_document_bytes is 3000000000", "at most 1073741824"],
    ),
    "a warehouse that cannot be written": (
        *("{place}/good.jsonl", ["-s", "lake.warehouse={place}/notes.doc/lake"]),
        ["{place}/notes.doc/lake cannot be written", "Set lake.warehouse"],
    ),
    "a remote warehouse without a catalog": (
        *("{place}/good.jsonl", ["-s", "lake.warehouse=memory://bucket/lake"]),
        ["memory://bucket/lake", "Give lake.catalog"],
    ),
    "a setting that does not exist": (
        *("{place}/good.jsonl", ["-s", "count.min_cuont=5"]),
        ["count.min_cuont: unknown setting", "did you mean 'min_count'?"],
    ),
    "a value that is not allowed": (
        *("{place}/good.jsonl", ["-s", "count.context=page"]),
        ["count.context", "'window' or 'document'", "'page'"],
    ),
    "a stage that does not exist": (
        *("{place}/good.jsonl", ["--until", "counting"]),
        ["no stage 'counting'", "ingest, train_tokenizer, tokenize, vocabulary, contexts, count"],
    ),
    "one stage and a last one": (
        *("{place}/good.jsonl", ["--until", "count", "--only", "count"]),
        ["--only or --until, not both"],
    ),
    "a stage before what it reads": (
        *("{place}/good.jsonl", ["--only", "link"]),
        ["stage link reads table contexts", "pivotmine run --until link"],
    ),
    "a recipe that is not there": (
        *("{place}/good.jsonl", ["--config", "{place}/recipe.yaml"]),
        ["recipe not found: {place}/recipe.yaml", "Give --config"],
    ),
    "a recipe that is none": (
        *("{place}/good.jsonl", ["--config", "{place}/odd.yaml"]),
        ["{place}/odd.yaml must hold `section:` entries"],
    ),
}


@pytest.mark.parametrize(("uri", "more", "parts"), REFUSED.values(), ids=REFUSED.keys())
def test_a_run_that_cannot_work_is_refused_before_anything_starts(
    place: Path, uri: str, more: list[str], parts: list[str]
):
    inputs = ["-s", f"ingest.inputs=[{{uris: ['{uri.format(place=place)}']}}]"] if uri else []
    given = [argument.format(place=place) for argument in more]
    status, out, err = cli("run", "-s", f"lake.warehouse={place}/lake", *inputs, *given)
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("error: ") == 1
    assert "Traceback" not in err
    assert "started" not in err
    for part in parts:
        assert part.format(place=place) in err


def test_a_run_is_kept_out_of_a_lake_that_another_is_writing(place: Path):
    config = load_recipe(None, [f"lake.warehouse={place}/lake"])
    with hold_lease(Lake(config.lake)):
        inputs = f"ingest.inputs=[{{uris: [{place}/good.jsonl]}}]"
        status, _, err = cli("run", "-s", f"lake.warehouse={place}/lake", "-s", inputs)
    assert status == 2
    assert "another run is writing" in err
    assert "started" not in err


def test_a_refusal_is_all_that_a_process_prints(tmp_path: Path):
    done = run_cli("run", "--config", f"{tmp_path}/none.yaml", expect=2)
    assert done.stdout == ""
    assert done.stderr == (
        f"error: recipe not found: {tmp_path}/none.yaml. "
        "Give --config the path or URI of a YAML file.\n"
    )
