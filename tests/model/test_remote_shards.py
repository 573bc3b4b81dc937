"""Shards in a store: what is asked for, what is kept, and when checksums are computed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec
import numpy as np
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from pivotmine.errors import InputError
from pivotmine.model.shards import remote, verified
from pivotmine.model.shards.packing import Packing
from pivotmine.model.shards.remote import RemoteIds
from pivotmine.model.shards.stream import Stream, open_stream
from pivotmine.model.training.mixture import Mixture, Placement, look_ahead, slots
from tests.model.handmade_shards import write_arm

BLOCK = 64
"""Bytes of a block: 32 tokens."""

DOCUMENTS = [np.random.default_rng(n).integers(1, 99, 5 + n % 7).tolist() for n in range(80)]


class Store:
    """A store in memory with an arm of two shards, which counts what it is asked for."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.local = write_arm(folder / "here", DOCUMENTS, n_files=2)
        self.files = fsspec.filesystem("memory")
        self.files.put(self.local, "/arm", recursive=True)
        self.cache = folder / "cache"
        self.ranges: list[tuple[str, int | None, int | None]] = []
        given = MemoryFileSystem.cat_file

        def cat_file(files, path, start=None, end=None, **options):
            if path.endswith(".npy"):
                self.ranges.append((path, start, end))
            return given(files, path, start=start, end=end, **options)

        monkeypatch.setattr(MemoryFileSystem, "cat_file", cat_file)
        monkeypatch.setattr(remote, "BLOCK_BYTES", BLOCK)

    def open(self, again: bool = False) -> Stream:
        return open_stream("memory://arm", self.cache, again)

    def spoil(self, place: int, value: int) -> None:
        """Change a byte of the first shard."""
        path = "/arm/part-00000.npy"
        content = bytearray(self.files.cat_file(path))
        content[place] = value
        self.files.pipe_file(path, bytes(content))
        self.ranges.clear()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    yield (made := Store(tmp_path, monkeypatch))
    made.files.rm("/arm", recursive=True)


@pytest.fixture
def digests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files whose checksum was computed."""
    found: list[str] = []
    compute = verified._digest

    def counted(path: Path) -> str:
        found.append(path.name)
        return compute(path)

    monkeypatch.setattr(verified, "_digest", counted)
    return found


def sequences(stream: Stream, n: int) -> list[list[int]]:
    packing = Packing(stream, 16, (0,))
    return [packing.take(number)[0].tolist() for number in range(n)]


def test_only_blocks_that_are_read_are_fetched_each_once_and_then_never_again(
    store: Store, digests: list[str]
):
    stream = store.open()
    assert store.ranges == [], "opening reads no token"
    wanted = sequences(open_stream(store.local), 60)
    assert sequences(stream, 1) == wanted[:1]
    n_blocks = sum(-(-2 * len(ids) // BLOCK) for ids in stream.ids)
    assert 0 < len(store.ranges) < n_blocks / 2
    digests.clear()
    other_worker = store.open()
    for worker in (stream, other_worker):
        assert sequences(worker, 60) == wanted, "an epoch and more"
    assert len(store.ranges) == len(set(store.ranges)) == n_blocks
    assert all(end - start <= BLOCK for _, start, end in store.ranges)
    assert len(digests) == 2, "one a shard, when its last block has come"
    again = store.open()
    assert sequences(again, 60) == wanted
    assert len(store.ranges) == n_blocks
    assert len(digests) == 2
    assert not any(isinstance(ids, RemoteIds) for ids in again.ids), "whole shards are mapped"
    kept = {path.suffix for path in store.cache.iterdir() if path.is_file()}
    assert kept == {".npy", ".lock"}, "nothing else is left behind"


def test_steps_are_read_ahead_and_are_those_of_local_shards(store: Store):
    def mixture(stream: Stream) -> Mixture:
        return Mixture([Packing(stream, 16, (0,))], slots([Placement("all", 1.0)], 40))

    here = mixture(open_stream(store.local))
    for rank in range(2):
        ahead = look_ahead(mixture(store.open()), 4, range(3, 10), rank, 2, 2)
        for step, found in enumerate(ahead, 3):
            wanted = here.step(step, 4, rank, 2)
            assert found.ids.tolist() == wanted.ids.tolist()
            assert found.positions.tolist() == wanted.positions.tolist()
    reading = look_ahead(mixture(store.open()), 4, range(10), 0, 1, 2)
    next(reading)
    reading.close()  # a run that stops waits for no step


def test_a_changed_shard_is_refused_when_all_of_it_is_there(store: Store):
    store.spoil(0, 98)
    stream = store.open()
    with pytest.raises(InputError, match=r"part-00000.npy is not what was written"):
        sequences(stream, 60)
    assert len(list(store.cache.glob("*.parts"))) <= 1, "what was refused is dropped"
    with pytest.raises(InputError, match=r"part-00000.npy is not what was written"):
        store.open(again=True)


def test_a_document_that_ends_elsewhere_is_refused_as_soon_as_it_is_read(store: Store):
    stream = store.open()
    here = stream.files == 0
    for end in (stream.starts + stream.lengths)[here].tolist():
        store.spoil(2 * (end - 1), 7)
    with pytest.raises(InputError, match="shard 0 of arm: a document does not end at token"):
        sequences(stream, 3)
    assert len(store.ranges) < sum(-(-2 * len(ids) // BLOCK) for ids in stream.ids), "not all of it"


def test_a_shard_that_is_cut_off_is_refused(store: Store):
    path = "/arm/part-00001.npy"
    store.files.pipe_file(path, store.files.cat_file(path)[:-4])
    with pytest.raises(InputError, match=r"part-00001.npy is cut off: it has no bytes at"):
        sequences(store.open(), 60)


def test_a_damaged_copy_is_dropped_so_that_the_next_try_fetches_anew(store: Store):
    sequences(store.open(), 60)
    kept = sorted(store.cache.glob("*.npy"))
    content = kept[0].read_bytes()
    kept[0].write_bytes(b"\0\0" + content[2:])
    with pytest.raises(InputError, match="not what was written"):
        store.open()
    assert sequences(store.open(), 60) == sequences(open_stream(store.local), 60)


def test_a_checksum_is_computed_once_by_one_worker_until_the_file_changes(
    store: Store, digests: list[str], tmp_path: Path
):
    def start(_: int) -> int:
        return len(open_stream(store.local, tmp_path / "notes").ids)

    with ThreadPoolExecutor(4) as workers:
        assert set(workers.map(start, range(8))) == {2}
    assert sorted(digests) == ["part-00000.npy", "part-00001.npy"]
    os.utime(Path(store.local) / "part-00001.npy")
    start(0)
    assert digests[2:] == ["part-00001.npy"]
    open_stream(store.local, tmp_path / "notes", again=True)
    assert len(digests) == 5, "a check looks at every byte"
