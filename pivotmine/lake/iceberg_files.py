"""PyIceberg's files, opened as all other files are: `pivotmine.storage`.

Metadata and manifests never change once they are written, so a process asks for each once, and not
at all for what it wrote itself: contents of up to `CACHED_FILE_BYTES` are kept, `CACHE_BYTES`
together. The files of a run come with their footers from the tasks that wrote them (`remember`), so
a commit opens none.
"""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from typing import Any, NamedTuple
from uuid import uuid4
from weakref import WeakValueDictionary

from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile, OutputStream

from pivotmine.errors import LakeError
from pivotmine.storage.filesystem import open_filesystem
from pivotmine.storage.settings import StorageSettings, current

CACHE_BYTES = 64 * 2**20
CACHED_FILE_BYTES = 8 * 2**20

IMPLEMENTATION = "pivotmine.lake.iceberg_files.StorageFiles"
"""PyIceberg's property `py-io-impl`."""

READ_ONLY = "pivotmine.read-only"
"""Property of a catalog that is open for reading only."""


class Footer(NamedTuple):
    """What is known of a Parquet file without opening it."""

    n_bytes: int
    """Size of the file."""

    metadata: bytes
    """Its metadata, as a Parquet file without rows."""


class _Contents:
    """Contents of files that never change, the last used ones."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, bytes] = OrderedDict()
        self._n_bytes = 0
        self._lock = threading.Lock()

    def get(self, location: str) -> bytes | None:
        with self._lock:
            if location in self._held:
                self._held.move_to_end(location)
            return self._held.get(location)

    def put(self, location: str, content: bytes) -> None:
        if len(content) > CACHED_FILE_BYTES:
            return
        with self._lock:
            self._n_bytes += len(content) - len(self._held.pop(location, b""))
            self._held[location] = content
            while self._n_bytes > CACHE_BYTES:
                _, dropped = self._held.popitem(last=False)
                self._n_bytes -= len(dropped)

    def drop(self, location: str) -> None:
        with self._lock:
            self._n_bytes -= len(self._held.pop(location, b""))


class Held:
    """What the tables of one open lake share: contents, sizes and footers of its files."""

    def __init__(self, settings: StorageSettings) -> None:
        self.settings = settings
        self.contents = _Contents()
        self.sizes: dict[str, int] = {}
        self.footers: dict[str, Footer] = {}
        self.name = uuid4().hex
        _OPEN[self.name] = self

    def remember(self, path: str, n_bytes: int, footer: bytes) -> None:
        """Keep what the writer of a Parquet file knows, so that its commit need not open it."""
        self.footers[path] = Footer(n_bytes, footer)

    def properties(self, *, read_only: bool) -> dict[str, str]:
        """Properties of a catalog whose tables use it; it must be kept as long as they."""
        given = {"py-io-impl": IMPLEMENTATION, HELD: self.name}
        return given | ({READ_ONLY: "true"} if read_only else {})


HELD = "pivotmine.held"
"""Property of a catalog that names its `Held`."""

_OPEN: WeakValueDictionary[str, Held] = WeakValueDictionary()


class StorageFiles(FileIO):
    """Files of tables, as PyIceberg asks for them."""

    def __init__(self, properties: dict[str, str] | None = None) -> None:
        super().__init__(properties or {})
        self.held = _OPEN.get(self.properties.get(HELD, "")) or Held(current())

    def new_input(self, location: str) -> InputFile:
        return _File(location, self)

    def new_output(self, location: str) -> OutputFile:
        if self.properties.get(READ_ONLY):
            raise LakeError(f"{location}: this lake is open for reading only")
        return _File(location, self)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        place = location if isinstance(location, str) else location.location
        if self.properties.get(READ_ONLY):
            raise LakeError(f"{place}: this lake is open for reading only")
        self.held.contents.drop(place)
        filesystem, path = open_filesystem(place, self.held.settings)
        filesystem.rm_file(path)


class _File(InputFile, OutputFile):
    def __init__(self, location: str, files: StorageFiles) -> None:
        super().__init__(location)
        self._held = files.held

    def _open(self) -> tuple[Any, str]:
        return open_filesystem(self.location, self._held.settings)

    def __len__(self) -> int:
        footer = self._held.footers.get(self.location)
        if footer is not None:
            return footer.n_bytes
        if self.location not in self._held.sizes:
            filesystem, path = self._open()
            self._held.sizes[self.location] = int(filesystem.size(path))
        return self._held.sizes[self.location]

    def exists(self) -> bool:
        filesystem, path = self._open()
        return bool(filesystem.exists(path))

    def open(self, seekable: bool = True) -> InputStream:
        """The whole file, in one request; only the footer where a task has reported it."""
        footer = self._held.footers.get(self.location)
        if footer is not None:
            return io.BytesIO(footer.metadata)
        content = self._held.contents.get(self.location)
        if content is None:
            filesystem, path = self._open()
            if self.location.endswith(".parquet"):
                stream: InputStream = filesystem.open(path, "rb")
                return stream
            content = bytes(filesystem.cat_file(path))
            self._held.contents.put(self.location, content)
        return io.BytesIO(content)

    def create(self, overwrite: bool = False) -> OutputStream:
        """A new file. Its name is drawn at random, so it is not looked for before it is written."""
        return _Output(self)

    def write(self, content: bytes) -> None:
        """Write the whole content."""
        filesystem, path = self._open()
        filesystem.makedirs(filesystem._parent(path), exist_ok=True)
        filesystem.pipe_file(path, content)
        self._held.sizes[self.location] = len(content)
        if not self.location.endswith(".parquet"):
            self._held.contents.put(self.location, content)

    def to_input_file(self) -> InputFile:
        return self


class _Output(io.BytesIO):
    """Written when it is closed, and not at all after an error."""

    def __init__(self, file: _File) -> None:
        super().__init__()
        self._file = file
        self._is_dropped = False

    def close(self) -> None:
        if not self.closed:
            content = self.getvalue()
            super().close()
            if not self._is_dropped:
                self._file.write(content)

    def __exit__(self, kind: Any, *rest: Any) -> None:
        self._is_dropped = kind is not None
        self.close()
