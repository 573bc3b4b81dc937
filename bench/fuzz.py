"""Feed damaged files to the readers: no crash, no hang, and no record may vanish.

    python -m bench.fuzz --cases 12000 --seed 0

Files of every format, plain, in gzip and in zstd, are damaged before or after compression: bytes
are flipped, cut, copied, lost or inserted. Some files lie: about their compression, their character
set, or the encodings of HTTP. They are read with small limits. In each case the number of records
must equal that of documents and rejects, Arrow batches must validate, no text may hold a
replacement character that its bytes do not, and the processor time must stay below a limit. Where a
file is cut at places that are found by looking, its pieces must give what the whole file gives, or
say that they do not meet. Readers run in a process of their own, a batch of cases each, so that a
crash of native code (zlib, zstd, Arrow, brotli, Lexbor) is reported. Prints Markdown; exits with 1
if a case failed. Failing files are kept.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import multiprocessing
import random
import re
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from bench import tables
from pivotmine.sources import ColumnMap, ReadLimits, Split, read_split
from pivotmine.sources.listing import list_splits
from pivotmine.sources.records import WHOLE_FILE
from pivotmine.sources.unit_splits import PieceRead, check_pieces, is_piece

MAX_SECONDS = 5.0
"""Most CPU time of a case; the files have some kilobytes."""

HANG_SECONDS = 60.0
"""How long the parent waits for a case."""

BATCH_CASES = 200
LIMITS = ReadLimits(
    max_document_bytes=20_000, max_record_bytes=30_000, raw_bytes=64, max_window_bytes=1 << 23
)
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    ".gz": lambda data: gzip.compress(data, mtime=0),
    ".zst": lambda data: zstandard.compress(data),
}
TEXTS = (
    *("A plain sentence.", "Une phrase.\nEt une autre.", "猫についての文です。", "x" * 3000, ""),
    *("nul \0 and \x1b[31m", "👩‍👩‍👧 emoji", "a\tb", "{brackets}", "é" * 500),
)

Fate = tuple[int, str | None, str | None]
"""Position, text and reason of a record."""

SplitRead = tuple[list[Fate], str | None]
"""Fates of a split, and the detail of its last row, which describes it as a piece."""


class Outcome(NamedTuple):
    """The result of one case."""

    format: str
    failure: str | None
    documents: int
    reasons: tuple[str, ...]
    seconds: float
    met: bool = False
    """Whether the file was cut into pieces by looking, and they met."""


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"))
    arguments = parser.parse_args()
    started = time.perf_counter()
    outcomes = [
        outcome
        for first in range(0, arguments.cases, BATCH_CASES)
        for outcome in run_batch(
            arguments.seed, range(first, min(first + BATCH_CASES, arguments.cases)), arguments.keep
        )
    ]
    report(outcomes, time.perf_counter() - started)
    sys.exit(any(outcome.failure for outcome in outcomes))


def run_batch(seed: int, cases: range, keep: Path) -> list[Outcome]:
    """Run cases in a child process; the case in which it dies or hangs is a failure."""
    context = multiprocessing.get_context("fork")
    done: list[Outcome] = []
    while len(done) < len(cases):
        rest = cases[len(done) :]
        receive, send = context.Pipe(duplex=False)
        child = context.Process(target=_work, args=(seed, rest, send))
        child.start()
        send.close()
        failure = None
        while failure is None and len(done) < len(cases):
            if not receive.poll(HANG_SECONDS):
                failure = "hang"
                child.kill()
                break
            try:
                done.append(receive.recv())
            except EOFError:
                child.join()
                failure = f"crash, exit code {child.exitcode}"
        child.join()
        if failure:
            name, data = make_case(seed, cases[len(done)])
            done.append(Outcome(format_of(name), failure, 0, (), 0.0))
        for case, outcome in zip(cases, done, strict=False):
            if outcome.failure:
                keep.mkdir(exist_ok=True)
                name, data = make_case(seed, case)
                (keep / f"{seed}-{case}-{name}").write_bytes(data)
    return done


def _work(seed: int, cases: range, send: Connection) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for case in cases:
            name, data = make_case(seed, case)
            path = Path(folder) / name
            path.write_bytes(data)
            send.send(read_case(path, random.Random(f"split {seed} {case}")))
            path.unlink()
    send.close()


def read_case(path: Path, draw: random.Random) -> Outcome:
    """Read one file in pieces of random size, and check the records."""
    started = time.process_time()
    fates: list[Fate] = []
    met, failure = False, None
    try:
        splits = list_splits([str(path)], "auto", draw.choice((100, 1000, 1 << 30)), 0)
        reads = [_read_split(split) for split in splits]
        fates = [fate for found, _ in reads for fate in found]
        if is_piece(splits[0]):
            whole, _ = _read_split(splits[0]._replace(start=0, end=WHOLE_FILE))
            joined = join_pieces(splits, reads)
            if joined not in (None, whole):
                failure = "pieces that meet give something else than the whole file"
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


def format_of(name: str) -> str:
    """Suffixes of a file name."""
    return name.partition(".")[2]


def make_case(seed: int, case: int) -> tuple[str, bytes]:
    """Name and bytes of a damaged file, the same for the same numbers."""
    draw = random.Random(f"case {seed} {case}")
    name, make = draw.choice(list(MAKERS.items()))
    data = make(draw)
    if name == "a.parquet":
        return name, damage(data, draw)
    suffix = draw.choice(list(PACKERS))
    pack = PACKERS[suffix]
    if draw.random() < 0.3:
        return name + suffix, pack(damage(data, draw))
    cuts = [0, *sorted(draw.randrange(len(data) + 1) for _ in range(draw.randrange(5))), len(data)]
    if draw.random() < 0.5:
        cuts = [0, *(found.start() for found in re.finditer(rb"WARC/1|\{|msgid", data)), len(data)]
    packed = b"".join(pack(data[start:end]) for start, end in pairwise(cuts) if start < end)
    if draw.random() < 0.1:
        packed = draw.choice(list(PACKERS.values()))(packed)  # twice, or under another suffix
    return name + suffix, damage(packed, draw)


def damage(data: bytes, draw: random.Random) -> bytes:
    """A few changes to bytes, at random places."""
    for _ in range(draw.choice((0, 0, 1, 1, 2, 5, 30))):
        at = draw.randrange(len(data) + 1)
        n = draw.choice((1, 2, 8, 100))
        kind = draw.randrange(7)
        if kind == 0 and at < len(data):
            data = data[:at] + bytes([data[at] ^ 1 << draw.randrange(8)]) + data[at + 1 :]
        elif kind == 1:
            data = data[:at] + data[at + n :]
        elif kind == 2:
            data = data[:at] + draw.randbytes(n) + data[at:]
        elif kind == 3:
            data = data[:at] + data[at : at + 10 * n] + data[at:]
        elif kind == 4 and draw.random() < 0.3:
            data = data[:at]
        elif kind == 5:
            data = data[:at] + draw.choice(TOKENS) + data[at:]
        else:
            data = data[:at] + b"\xff" * min(n, len(data) - at) + data[at + n :]
    return data


TOKENS = (
    *(b"WARC/1.0\r\n", b"\r\n\r\n", b"Content-Length: 99999999999\r\n", b"\n", b"\0" * 20),
    *(b'{"text":', b"<div>" * 300, b"msgid ", b'"', b"\\ud800", b"PAR1", b"\x1f\x8b\x08\0"),
    *(b"\x28\xb5\x2f\xfd", b"charset=utf-7", b"Transfer-Encoding: chunked\r\n", b"-1"),
)


LABELS = ("utf-8", "gb2312", "shift_jis", "iso-8859-1", "euc-kr", "utf-16", "windows-1251")
ENCODERS = (lambda data: gzip.compress(data, mtime=0), zlib.compress, zstandard.compress)


def _jsonl(draw: random.Random) -> bytes:
    odd = (float("nan"), float("inf"), 10**400, [[[]]], "\ud800")
    rows = [
        {"text": draw.choice(TEXTS), "n": draw.choice(odd) if draw.random() < 0.1 else n}
        for n in range(draw.randrange(1, 20))
    ]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode(
        errors="surrogatepass"
    )


def _parquet(draw: random.Random) -> bytes:
    rows = [{"text": draw.choice(TEXTS), "n": n} for n in range(draw.randrange(1, 60))]
    sink = io.BytesIO()
    table = pa.Table.from_pylist(rows)
    if draw.random() < 0.3:
        table = table.set_column(0, "text", table["text"].cast(pa.binary()))
    pq.write_table(
        table,
        sink,
        compression=draw.choice(("none", "zstd", "snappy", "gzip")),
        row_group_size=draw.choice((5, 1000)),
        use_dictionary=draw.random() < 0.5,
        write_page_checksum=draw.random() < 0.5,
    )
    return sink.getvalue()


def _warc(draw: random.Random) -> bytes:
    return b"".join(_warc_record(draw) for _ in range(draw.randrange(1, 6)))


def _warc_record(draw: random.Random) -> bytes:
    text = draw.choice(TEXTS).encode()
    kind = draw.choice((b"response", b"response", b"conversion", b"resource", b"request"))
    body, content = text, b"text/plain"
    if kind == b"response":
        content = b"application/http; msgtype=response"
        label = draw.choice(LABELS)
        written = label if draw.random() < 0.5 else "utf-8"
        page = b"<html><body><nav>menu</nav><p>" + text + b"</p></body></html>"
        page = page.decode().encode(written, "xmlcharrefreplace")
        fields = [b"HTTP/1.1 200 OK"]
        if draw.random() < 0.9:
            fields.append(f"Content-Type: text/html; charset={label}".encode())
        if draw.random() < 0.3:
            page = page if draw.random() < 0.3 else draw.choice(ENCODERS)(page)
            fields.append(b"Content-Encoding: " + draw.choice((b"gzip", b"deflate", b"br", b"x")))
        if draw.random() < 0.3:
            page = b"%x\r\n%s\r\n0\r\n\r\n" % (len(page), page)
            fields.append(b"Transfer-Encoding: chunked")
        end = draw.choice((b"\r\n", b"\r\n", b"\n"))
        body = end.join(fields) + end + end + page
    head = (
        *(b"WARC/1.0", b"WARC-Type: " + kind, b"WARC-Target-URI: http://host.example/a"),
        *(b"Content-Type: " + content, b"Content-Length: %d" % len(body)),
    )
    end = draw.choice((b"\r\n", b"\r\n", b"\n"))
    return end.join(head) + end + end + body + end + end


def _gettext(draw: random.Random) -> bytes:
    entries = ['msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n']
    for n in range(draw.randrange(1, 50)):
        text = json.dumps(draw.choice(TEXTS)[:80], ensure_ascii=False)
        flags = draw.choice(("", "#, fuzzy\n", "#: a.py\n", 'msgctxt "c"\n'))
        entries.append(f'{flags}msgid "message {n}"\nmsgstr {text}\n')
    return "\n".join(entries).encode()


def _html(draw: random.Random) -> bytes:
    parts = (f"<h1>t</h1><p>{text}<ul><li>{text}</ul>" for text in draw.sample(TEXTS, 4))
    label = draw.choice(LABELS)
    page = f"<!doctype html><meta charset={label}><body>{''.join(parts)}"
    return page.encode(label if draw.random() < 0.5 else "utf-8", "xmlcharrefreplace")


def _text(draw: random.Random) -> bytes:
    return "\n".join(draw.sample(TEXTS, 3)).encode()


MAKERS: dict[str, Callable[[random.Random], bytes]] = {
    "a.jsonl": _jsonl,
    "a.parquet": _parquet,
    "a.warc": _warc,
    "a.po": _gettext,
    "a.html": _html,
    "a.txt": _text,
}


def report(outcomes: list[Outcome], seconds: float) -> None:
    """Print what was fed, what came out, and what failed."""
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
