"""From the files of an input to splits: how to share the reading out.

Runs on the driver. Splits depend on the files and on `split_bytes` alone, never on how many cores
there are. No file is skipped silently: a file whose name does not show its format is an error.
"""

import posixpath
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pyarrow.parquet as pq

from pivotmine import plugins
from pivotmine.errors import ConfigError, InputError, StoreUnavailable
from pivotmine.sources.content import HEAD_BYTES, WrongContent, compression_of
from pivotmine.sources.files import InputFile, list_files
from pivotmine.sources.json_values import is_spread
from pivotmine.sources.records import WHOLE_FILE, Split
from pivotmine.sources.unit_splits import holds_several
from pivotmine.storage.filesystem import open_filesystem

_WEB = re.compile("https?://", re.IGNORECASE)

COMPRESSIONS: dict[str, str] = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd"}
# Read as plain bytes these would be one reject a line, so they are refused by name.
UNSUPPORTED_COMPRESSIONS = (".bz2", ".xz", ".lz4", ".br", ".snappy", ".zip", ".7z", ".tar", ".tgz")

FOOTER_THREADS = 16
MAX_PACK_FILES = 1000
"""Files that a task reads at most: on an object store each costs a request."""


def suffixes() -> dict[str, str]:
    """File suffixes, without those of compression, and the formats that they mean."""
    names = plugins.SOURCES.names()
    return {suffix: name for name in names for suffix in plugins.SOURCES.facts(name).suffixes}


def list_splits(
    uris: Sequence[str],
    format: str,
    split_bytes: int,
    input_index: int,
    compression: str = "auto",
) -> list[Split]:
    """`plan_splits` over `list_files`."""
    return plan_splits(list_files(uris), format, split_bytes, input_index, compression)


def plan_splits(
    files: Sequence[InputFile],
    format: str,
    split_bytes: int,
    input_index: int,
    compression: str = "auto",
) -> list[Split]:
    """Cut files into splits of about `split_bytes` bytes on disk, sorted.

    `format` is `auto` (by suffix) or a format's name; `compression` is `auto` (by content) or
    `none`, `gzip` or `zstd`. Files of up to `split_bytes` stay whole, and so do compressed files of
    one gzip member or zstd frame, and JSON arrays. The beginnings or footers of larger
    files are read, 16 at a time. Raises `InputError` where a name does not show its format,
    `ConfigError` for a `format` that does not exist.
    """
    if split_bytes < 1:
        raise ConfigError(f"split_bytes is {split_bytes}; give a positive number of bytes")
    if format != "auto":
        plugins.SOURCES.check(format)

    def plan(file: InputFile) -> list[Split]:
        name, packed = detect(file.uri, format, compression)
        is_named = compression != "auto"
        is_whole = False
        if name != "parquet" and (file.size_bytes or 0) > split_bytes:
            head = _head(file.uri)
            packed = packed if is_named else _compression(head, packed)
            is_whole = name == "jsonl" and packed == "none" and is_spread(head)
        ranges = _ranges(file, name, packed, split_bytes)
        return [
            Split(file.uri, name, packed, start, end, input_index, is_named)
            for start, end in ([(0, WHOLE_FILE)] if is_whole else ranges)
        ]

    with ThreadPoolExecutor(FOOTER_THREADS) as pool:
        return sorted(split for splits in pool.map(plan, files) for split in splits)


def pack_splits(
    splits: Sequence[Split], files: Sequence[InputFile], split_bytes: int
) -> list[tuple[Split, ...]]:
    """Splits in order, in packs of about `split_bytes` bytes on disk, one for each task.

    A task costs a tenth of a second however little it reads: a tree of ten thousand pages is read
    in as many tasks as its bytes need. Pieces of files that were cut stay alone.
    """
    sizes = {file.uri: file.size_bytes for file in files}
    packs: list[tuple[Split, ...]] = []
    pack: list[Split] = []
    n_bytes = 0
    for split in splits:
        size = sizes.get(split.uri) if split.start == 0 else None
        if split.end not in (WHOLE_FILE, size) or size is None:
            size = split_bytes
        if pack and (n_bytes + size > split_bytes or len(pack) == MAX_PACK_FILES):
            packs.append(tuple(pack))
            pack, n_bytes = [], 0
        pack.append(split)
        n_bytes += size
    return [*packs, tuple(pack)] if pack else packs


def detect(uri: str, format: str, compression: str = "auto") -> tuple[str, str]:
    """Format and compression of a file by its name; what the recipe names overrules the suffix.

    Of an address of the web the name is what comes before the query and the fragment.
    """
    name = urlsplit(uri).path if _WEB.match(uri) else uri
    stem, suffix = posixpath.splitext(name.lower())
    if suffix in UNSUPPORTED_COMPRESSIONS and compression == "auto":
        raise InputError(
            f"{uri}: compression {suffix} is not supported; use one of {sorted(COMPRESSIONS)}"
        )
    packed = COMPRESSIONS.get(suffix, "none")
    if packed != "none" or suffix in UNSUPPORTED_COMPRESSIONS:
        suffix = posixpath.splitext(stem)[1]
    if compression != "auto":
        packed = compression
    name = suffixes().get(suffix, "") if format == "auto" else format
    if not name:
        raise InputError(
            f"{uri}: the name does not tell its format; expected one of {sorted(suffixes())}, then"
            f" perhaps one of {sorted(COMPRESSIONS)}. Set the format, or name the files to read"
            " with a pattern such as dir/**/*.jsonl.gz"
        )
    if name == "parquet" and packed != "none":
        raise InputError(f"{uri}: Parquet inside {packed} cannot be read; decompress it")
    return name, packed


def _head(uri: str) -> bytes:
    """The first bytes of a file that may be cut; none where it cannot be read."""
    try:
        fs, path = open_filesystem(uri)
        with fs.open(path, "rb", block_size=HEAD_BYTES) as file:
            return bytes(file.read(HEAD_BYTES))
    except StoreUnavailable:
        raise
    except Exception:
        # A file that cannot be read must not stop the others: its reader will say why.
        return b""


def _compression(head: bytes, named: str) -> str:
    """Compression of a file by its first bytes."""
    try:
        return compression_of(head, named)
    except WrongContent:  # its reader will say what it is
        return named


def _ranges(
    file: InputFile, format: str, compression: str, split_bytes: int
) -> list[tuple[int, int]]:
    size = file.size_bytes
    if size is None:
        return [(0, WHOLE_FILE)]
    n_splits = max(1, round(size / split_bytes))
    if n_splits == 1:
        return [(0, WHOLE_FILE)]
    even = [(size * i // n_splits, size * (i + 1) // n_splits) for i in range(n_splits)]
    facts = plugins.SOURCES.facts(format)
    if compression in facts.by_looking and n_splits > 1:
        return even if holds_several(file.uri, compression) else [(0, WHOLE_FILE)]
    if compression in facts.even:
        return even
    if format == "parquet" and size > split_bytes:
        return _row_group_ranges(file.uri, split_bytes)
    return [(0, WHOLE_FILE)]


def _row_group_ranges(uri: str, split_bytes: int) -> list[tuple[int, int]]:
    """Runs of row groups, each closed once it holds `split_bytes` on disk."""
    try:
        fs, path = open_filesystem(uri)
        with fs.open(path, "rb") as file:
            metadata = pq.read_metadata(file)
        groups = [metadata.row_group(g) for g in range(metadata.num_row_groups)]
        sizes = [
            sum(g.column(c).total_compressed_size for c in range(g.num_columns)) for g in groups
        ]
    except StoreUnavailable:
        raise
    except Exception:
        # A file that cannot be read must not stop the others: its reader will say why.
        return [(0, WHOLE_FILE)]
    ranges: list[tuple[int, int]] = []
    start = held = 0
    for group, size in enumerate(sizes):
        held += size
        if held >= split_bytes or group == len(sizes) - 1:
            ranges.append((start, group + 1))
            start, held = group + 1, 0
    return ranges or [(0, WHOLE_FILE)]
