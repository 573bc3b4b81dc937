"""A stream's documents, shuffled, concatenated and cut into sequences of equal length.

Sequence n of a stream is a pure function of (stream, seed, n). Epoch e has its own order of
documents, drawn from (seed, e), and n gives the place in the endless concatenation of epochs. So
the step is the only state to save, resuming at a step costs nothing, and any number of workers can
share the work without communication.

Memory: 16 bytes a document for each of the two epochs in use.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.model.shards.stream import Stream, fetch

_EPOCHS_KEPT = 2


class Sequences(NamedTuple):
    """n sequences of L tokens."""

    ids: NDArray[np.int64]
    """[n, L]"""
    positions: NDArray[np.int64]
    """[n, L] position of each token in the part of its document that the sequence holds."""


class Packing:
    """Cuts sequences of `length` tokens out of a stream, in an order drawn from `seed`."""

    def __init__(self, stream: Stream, length: int, seed: Sequence[int]) -> None:
        self._stream, self._length, self._seed = stream, length, seed
        self._n_tokens = stream.n_tokens
        self._epochs: dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}

    @property
    def content(self) -> tuple[str, int, tuple[int, ...]]:
        """Equal for packings that give the same sequences."""
        return self._stream.checksum, self._length, tuple(self._seed)

    def take(self, number: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Ids and positions of sequence `number` (from 0), both [L].

        Raises
        ------
        InputError
            A document of a remote shard does not end where it should.
        """
        ids = np.empty(self._length, np.int64)
        positions = np.empty(self._length, np.int64)
        done = 0
        for file, start, stop, is_end in self._parts(number):
            n = stop - start
            part = ids[done : done + n] = self._stream.ids[file][start:stop]
            positions[done : done + n] = np.arange(n)
            done += n
            if is_end and self._stream.end_id is not None and part[-1] != self._stream.end_id:
                raise InputError(
                    f"shard {file} of {self._stream.name}: a document does not end at token "
                    f"{stop - 1:,}, where its boundaries say; write the shards again"
                )
        return ids, positions

    def fetch(self, numbers: Sequence[int], executor: Executor) -> None:
        """Bring what is remote of these sequences into the cache."""
        spans = [part[:3] for number in numbers for part in self._parts(number)]
        fetch(self._stream, spans, executor)

    def _parts(self, number: int) -> Iterator[tuple[int, int, int, bool]]:
        """The parts of documents in a sequence: file, first token, the one after the last, and
        whether the document ends there."""
        done = 0
        epoch, offset = divmod(number * self._length, self._n_tokens)
        while done < self._length:
            order, ends = self._epoch(epoch)
            place = int(np.searchsorted(ends, offset, "right"))
            while done < self._length and place < len(order):
                document = order[place]
                skipped = offset - (int(ends[place]) - int(self._stream.lengths[document]))
                start = int(self._stream.starts[document]) + skipped
                left = int(ends[place]) - offset
                n = min(left, self._length - done)
                yield int(self._stream.files[document]), start, start + n, n == left
                done, offset, place = done + n, offset + n, place + 1
            epoch, offset = epoch + 1, 0

    def _epoch(self, number: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The documents in the order of an epoch, and the end of each in tokens."""
        if number not in self._epochs:
            while len(self._epochs) >= _EPOCHS_KEPT:
                del self._epochs[min(self._epochs)]
            generator = np.random.default_rng([*self._seed, number])
            order = generator.permutation(len(self._stream.lengths))
            self._epochs[number] = order, np.cumsum(self._stream.lengths[order])
        return self._epochs[number]
