"""What a lake remembers of its files, so that a file that is gone or changed is noticed.

Every snapshot has a list of digests, `<table>/data/<run_id>/_digests.json`, written before the
snapshot is committed: the size and BLAKE3 hash of each of its files, those that it keeps of earlier
runs included. Table `shards` lists its training files there, too. The hash of the list itself is a
property of the snapshot, so the list cannot be exchanged unnoticed. A file is named by its path
below the namespace, so a lake may be moved.

Size and existence are compared by listing folders; that is cheap, and done by every run. Hashes are
compared by reading every file, which `pivotmine audit` does.

BLAKE3 hashes 4.9 GB a second of processor time, SHA-256 1.8 (`docs/failures.md`).
"""

from __future__ import annotations

import io
import json
import posixpath
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa
from blake3 import blake3

from pivotmine.errors import DamagedError
from pivotmine.lake.addresses import relative_address
from pivotmine.lake.arm_tables import SHARDS
from pivotmine.lake.parquet_files import REMEDY, parquet_reader, parquet_writer, reading
from pivotmine.lake.schema import conform
from pivotmine.storage.filesystem import open_filesystem

if TYPE_CHECKING:
    from pyiceberg.table.snapshots import Snapshot

    from pivotmine.lake.lake import Lake

DIGESTS_FILE = "_digests.json"
"""Name of the list. Iceberg's clean-up of orphan files leaves names that begin with `_`."""

DIGESTS = "digests"
"""Snapshot property: the BLAKE3 hash of the list of digests."""

_RUN_ID = "run_id"
_BLOCK_BYTES = 8 * 2**20
_THREADS = 8


@dataclass(frozen=True)
class FileDigest:
    """A file as it was written."""

    n_bytes: int
    blake3: str
    """Hexadecimal."""


NO_BYTES = FileDigest(0, "")
"""In place of a file that was not written."""


@dataclass(frozen=True)
class Damage:
    """A file of a table that is not as it was written."""

    table: str
    path: str
    what: str


class DigestsLost(DamagedError):
    """The list of digests of a table is gone, or is not the one that was committed."""

    def __init__(self, path: str, what: str) -> None:
        super().__init__(f"{path} {what}. {REMEDY}")
        self.path, self.what = path, what


def described(damages: Sequence[Damage]) -> str:
    """The first of some damages, and how many there are."""
    first = damages[0]
    more = f" (and {len(damages) - 1:,} more)" if len(damages) > 1 else ""
    return f"{first.path} {first.what}{more}"


def digest_of(stream: IO[bytes]) -> FileDigest:
    """The digest of a file that is open for reading. Memory: 8 MiB."""
    found, n_bytes = blake3(), 0
    while block := stream.read(_BLOCK_BYTES):
        found.update(block)
        n_bytes += len(block)
    return FileDigest(n_bytes, str(found.hexdigest()))


class DigestingWriter(io.RawIOBase):
    """Passes bytes on to a stream, and hashes them; 0.2 ns a byte."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
        self._stream, self._hash, self._n_bytes = stream, blake3(), 0

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:  # type: ignore[no-untyped-def, override]
        view = memoryview(data).cast("B")
        self._hash.update(view)
        self._stream.write(view)
        self._n_bytes += view.nbytes
        return view.nbytes

    def tell(self) -> int:
        return self._n_bytes

    def digest(self) -> FileDigest:
        """The digest of what was written so far."""
        return FileDigest(self._n_bytes, str(self._hash.hexdigest()))


@dataclass(frozen=True)
class WrittenFile:
    """A Parquet file, as who wrote it knows it."""

    n_rows: int
    digest: FileDigest
    footer: bytes
    """Its metadata, as a Parquet file without rows."""


def write_parquet_file(rows: Iterable[pa.Table], schema: pa.Schema, uri: str) -> WrittenFile:
    """Write tables, each as one row group at most, as a file at any address."""
    filesystem, path = open_filesystem(uri)
    filesystem.makedirs(path.rpartition("/")[0], exist_ok=True)
    n_rows = 0
    metadata: list[Any] = []
    with filesystem.open(path, "wb") as stream:
        sink = DigestingWriter(stream)
        with parquet_writer(sink, schema, metadata_collector=metadata) as writer:
            for part in rows:
                conformed = conform(part, schema)
                writer.write_table(conformed, row_group_size=max(part.num_rows, 1))
                n_rows += part.num_rows
        digest = sink.digest()
    footer = io.BytesIO()
    metadata[0].write_metadata_file(footer)
    return WrittenFile(n_rows, digest, footer.getvalue())


def digest_files(lake: Lake, paths: Iterable[str]) -> dict[str, FileDigest]:
    """The digests of files of a lake, by their paths; every file is read once."""

    def read(path: str) -> FileDigest:
        with lake.open(path) as stream:
            return digest_of(stream)

    paths = list(paths)
    with ThreadPoolExecutor(_THREADS) as pool:
        return dict(zip(paths, pool.map(read, paths), strict=True))


# ---- the list of a snapshot -------------------------------------------------------------------


def write_digests(
    lake: Lake,
    table: str,
    folder: str,
    base: Snapshot | None,
    kept: Collection[str],
    new: Collection[str],
    digests: Mapping[str, FileDigest],
) -> str:
    """Write the list of the snapshot that a run is about to commit; returns the hash of the list.

    Parameters
    ----------
    folder
        Where the run puts files of the table.
    base, kept
        The snapshot before, and its files that stay. Their digests are taken from its list;
        a file that no list names, because it was written by an older version, is read.
    new
        Files that the run adds.
    digests
        Digests that are known from writing, by path; other new files are read.
    """
    paths = {_name(lake, path): path for path in (*kept, *new)}
    known = {_name(lake, path): digest for path, digest in digests.items()}
    if kept:
        known |= _recorded(lake, table, base) or {}
    if table == SHARDS.name:
        files = lake.files_below(lake.artifact_path(table, posixpath.basename(folder)))
        paths |= {_name(lake, path): path for path in files.values()}
        known |= _of_shards(lake, files, new)
    unread = {name: path for name, path in paths.items() if name not in known}
    found = digest_files(lake, unread.values())
    known |= {name: found[path] for name, path in unread.items()}
    listed = {name: [known[name].n_bytes, known[name].blake3] for name in sorted(paths)}
    content = json.dumps(listed, indent=0).encode()
    lake.filesystem.makedirs(folder, exist_ok=True)
    with lake.filesystem.open(posixpath.join(folder, DIGESTS_FILE), "wb") as stream:
        stream.write(content)
    return str(blake3(content).hexdigest())


def _of_shards(
    lake: Lake, files: Mapping[str, str], tables: Iterable[str]
) -> dict[str, FileDigest]:
    """Digests of training files, as their writers entered them in rows of table `shards`."""
    sizes = {
        address: n_bytes
        for folder in {posixpath.dirname(path) for path in files.values()}
        for address, n_bytes in lake.sizes_in(folder).items()
    }
    return {
        _name(lake, path): FileDigest(sizes[lake.normal_address(path)], checksum)
        for table in tables
        for path, checksum in _shard_rows(lake, table)
        if lake.normal_address(path) in sizes
    }


def _shard_rows(lake: Lake, file: str) -> list[tuple[str, str]]:
    with reading(file), lake.open(file) as stream, parquet_reader(stream) as rows:
        read = rows.read(["path", "checksum"])
    paths, checksums = (column.to_pylist() for column in read.columns)
    return [(lake.address_of(path), one) for path, one in zip(paths, checksums, strict=True)]


def digests_path(lake: Lake, table: str, snapshot: Snapshot) -> str | None:
    """Where the list of a snapshot lies; None if it was written without one."""
    if snapshot.summary is None or snapshot.summary.additional_properties.get(DIGESTS) is None:
        return None
    run_id = snapshot.summary.additional_properties[_RUN_ID]
    return posixpath.join(lake.staging_path(table, run_id), DIGESTS_FILE)


def recorded(lake: Lake, table: str) -> dict[str, FileDigest] | None:
    """The digests of a table's files by their paths; None if none were kept.

    Raises
    ------
    DigestsLost
        The list is gone, or is not the one that was committed.
    """
    found = _recorded(lake, table, lake.snapshot(table))
    if found is None:
        return None
    root = posixpath.join(lake.warehouse, lake.namespace)
    return {posixpath.join(root, name): digest for name, digest in found.items()}


def _recorded(lake: Lake, table: str, snapshot: Snapshot | None) -> dict[str, FileDigest] | None:
    path = digests_path(lake, table, snapshot) if snapshot else None
    if path is None or snapshot is None or snapshot.summary is None:
        return None
    try:
        content = lake.content(path)
    except FileNotFoundError:
        raise DigestsLost(path, "is gone") from None
    if blake3(content).hexdigest() != snapshot.summary.additional_properties[DIGESTS]:
        raise DigestsLost(path, "is not as it was written")
    return {name: FileDigest(*digest) for name, digest in json.loads(content).items()}


def _name(lake: Lake, path: str) -> str:
    """The path of a file below its namespace."""
    root = posixpath.join(lake.warehouse, lake.namespace)
    return relative_address(lake.normal_address(path), lake.normal_address(root))


# ---- comparison with what is there ------------------------------------------------------------


def missing_or_resized(lake: Lake, table: str) -> list[Damage]:
    """Files of a table that are gone or have another size, by listing their folders.

    Data files are taken from the table's manifests, training files from the list of digests. In a
    store, where each manifest costs a request, the list stands for the manifests, and the manifest
    list is only looked for.
    """
    snapshot = lake.snapshot(table)
    try:
        digests = recorded(lake, table)
    except DigestsLost as lost:
        return [Damage(table, lost.path, lost.what)]
    expected: dict[str, tuple[str, int | None]] = {}
    if lake.is_local or digests is None or snapshot is None:
        try:
            listed = lake.file_sizes(table)
        except DamagedError:
            path = snapshot.manifest_list if snapshot else table
            return [Damage(table, path, "is gone or damaged")]
        expected = {lake.normal_address(path): (path, size) for path, size in listed}
    else:
        expected[lake.normal_address(snapshot.manifest_list)] = (snapshot.manifest_list, None)
    for path, digest in (digests or {}).items():
        expected.setdefault(lake.normal_address(path), (path, digest.n_bytes))
    return list(_compare(lake, table, expected))


def changed(lake: Lake, table: str, expected: Mapping[str, FileDigest]) -> Iterator[Damage]:
    """Files of a table whose bytes are not those of their digests; reads every file."""
    with ThreadPoolExecutor(_THREADS) as pool:
        found = pool.map(
            lambda item: _read_digest(lake, item[0], item[1].n_bytes), expected.items()
        )
        for (path, digest), now in zip(expected.items(), found, strict=True):
            if now is None:
                yield Damage(table, path, "is gone")
            elif now != digest:
                yield Damage(table, path, "is not as it was written")


def _read_digest(lake: Lake, path: str, n_bytes: int) -> FileDigest | None:
    try:
        with lake.open(path, n_bytes) as stream:
            return digest_of(stream)
    except FileNotFoundError:
        return None


def _compare(
    lake: Lake, table: str, expected: Mapping[str, tuple[str, int | None]]
) -> Iterator[Damage]:
    folders = defaultdict(list)
    for address in expected:
        folders[posixpath.dirname(address)].append(address)
    with ThreadPoolExecutor(_THREADS) as pool:
        listed = pool.map(
            lake.sizes_in, (posixpath.dirname(expected[a[0]][0]) for a in folders.values())
        )
        for addresses, sizes in zip(folders.values(), listed, strict=True):
            for address in addresses:
                path, size = expected[address]
                found = sizes.get(address)
                if found is None:
                    yield Damage(table, path, "is gone")
                elif size is not None and found != size:
                    yield Damage(table, path, f"has {found:,} bytes, was written with {size:,}")
