"""Files of every format, plain, in gzip and in zstd, damaged before or after compression.

Bytes are flipped, cut, copied, lost or inserted. Some files lie about their compression, their
character set, or the encodings of HTTP.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import re
import zlib
from collections.abc import Callable
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    ".gz": lambda data: gzip.compress(data, mtime=0),
    ".zst": lambda data: zstandard.compress(data),
}
TEXTS = (
    *("A plain sentence.", "Une phrase.\nEt une autre.", "猫についての文です。", "x" * 3000, ""),
    *("nul \0 and \x1b[31m", "👩‍👩‍👧 emoji", "a\tb", "{brackets}", "é" * 500),
)


def format_of(name: str) -> str:
    """Suffixes of a file name."""
    return name.partition(".")[2]


def make_case(seed: int, case: int) -> tuple[str, bytes]:
    """Name and bytes of a damaged file, the same for the same numbers."""
    draw = random.Random(f"case {seed} {case}")
    name, make = draw.choice(list(MAKERS.items()))
    data = make(draw)
    if draw.random() < 0.02:
        data = draw.choice(OTHER_CONTENT)
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


OTHER_CONTENT = (
    b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
    b"<!DOCTYPE html>\n<html><head><title>404</title></head><body>gone</body></html>",
    b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>",
    b"WARC/1.0\r\n\r\n",
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


def _json(draw: random.Random) -> bytes:
    rows = [
        {"n": [n, {"x": draw.choice(TEXTS)[:40]}], "text": draw.choice(TEXTS)}
        for n in range(draw.randrange(1, 20))
    ]
    kind = draw.randrange(5)
    if kind == 0:
        written = json.dumps(rows, indent=draw.choice((None, 1, 2)))
    elif kind == 1:
        written = "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]"
    elif kind == 2:
        written = "\n".join(json.dumps(row, indent=1) for row in rows)
    elif kind == 3:
        written = "\n".join(json.dumps(rows[:n]) for n in range(1, 4))
    else:
        written = json.dumps([*rows, 1, "two", None, [3]], indent=1)
    return written.encode()


def _lexicon(draw: random.Random) -> bytes:
    words = ("cat", "chat", "猫", "né", "cafe\u0301", "", "x" * 300, "a\x07", '"quoted, word"')
    codes = ("en", "fra", "zh-Hans", "xx", "", "kab_Latn", "no")
    divider = draw.choice("\t,")
    lines = [divider.join(("lang_a", "word_a", "lang_b", "word_b"))]
    for _ in range(draw.randrange(1, 40)):
        cells = [draw.choice(codes), draw.choice(words), draw.choice(codes), draw.choice(words)]
        lines.append(divider.join(cells[: draw.choice((1, 2, 4, 4, 4))]))
    return "\n".join(lines).encode()


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
    marks = ("", " class=jp", ' class="share x"', " rel=tag", " hidden", " class='")
    tags = ("td", "li", "figure", "figcaption", "time", "span", "a", "ruby", "ul", "p", "pre")
    parts = [f"<h1>t</h1><p>{text}<ul><li>{text}</ul>" for text in draw.sample(TEXTS, 4)]
    for _ in range(draw.randrange(9)):
        tag, text = draw.choice(tags), draw.choice(("猫", "né", "&#29483;", "—", "x", "\ufdd0"))
        parts.append(f"<{tag}{draw.choice(marks)}>{text}</{draw.choice((tag, tag, 'ul'))}>")
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
    "a.json": _json,
    "words.tsv": _lexicon,
    "words.csv": _lexicon,
}
