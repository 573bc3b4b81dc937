"""What tasks do to find near-duplicates: hash lines, sign documents, compare signatures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import blake2b

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.kernels.minhash import band_keys, choose_bands, sign, similarities
from pivotmine.text.shingles import MAX_CHARS, find_words, hash_lines, shingle
from udfs.batches import slice_by_bytes

Batches = Iterator[pa.RecordBatch]

LINES = pa.schema([("line", pa.int64())])
SIGNED = pa.schema(
    [("node", pa.string()), ("signature", pa.binary()), ("keys", pa.list_(pa.int64()))]
)
COMPARED = pa.schema([("u", pa.string()), ("v", pa.string()), ("similarity", pa.float64())])


def lines(batches: Batches) -> Batches:
    """Batches with `text` to the distinct line hashes of each document."""
    for batch in _sliced(batches):
        words = find_words(batch.column("text").to_pylist())
        owner = np.repeat(np.arange(batch.num_rows), np.diff(words.text_ends, prepend=0))
        hashes = hash_lines(words)
        order = np.lexsort((hashes, owner))
        hashes, owner = hashes[order], owner[order]
        first = np.ones(len(hashes), bool)
        first[1:] = (hashes[1:] != hashes[:-1]) | (owner[1:] != owner[:-1])
        distinct = pa.array(hashes[first].view(np.int64))
        yield pa.RecordBatch.from_arrays([distinct], schema=LINES)


def bind_sign(
    common_lines: NDArray[np.uint64],
    similarity: float,
    n_permutations: int,
    n_words: int,
    min_shingles: int,
) -> Callable[[Batches], Batches]:
    """Batches with `node`, `lang` and `text` to batches of `SIGNED`.

    Documents of fewer than `min_shingles` shingles are left out. Keys of documents in two languages
    never agree.
    """
    bands, rows = choose_bands(n_permutations, similarity)

    def make(batches: Batches) -> Batches:
        for batch in _sliced(batches):
            words = find_words(batch.column("text").to_pylist())
            shingles, ends = shingle(words, common_lines, n_words, min_shingles)
            enough = np.flatnonzero(np.diff(ends, prepend=0) >= min_shingles)
            signatures = sign(shingles, ends, n_permutations)[enough]
            chosen = batch.take(pa.array(enough))
            languages = [_language_key(lang) for lang in chosen.column("lang").to_pylist()]
            keys = band_keys(signatures, bands, rows) ^ np.array(languages, np.int64)[:, np.newaxis]
            offsets = np.arange(len(enough) + 1, dtype=np.int32) * bands
            yield pa.RecordBatch.from_arrays(
                [
                    chosen.column("node"),
                    pa.array([row.tobytes() for row in signatures], pa.binary()),
                    pa.ListArray.from_arrays(pa.array(offsets), pa.array(keys.reshape(-1))),
                ],
                schema=SIGNED,
            )

    return make


def bind_compare(at_least: float) -> Callable[[Batches], Batches]:
    """Batches of `u`, `v` and their signatures `left`, `right` to batches of `COMPARED`."""

    def compare(batches: Batches) -> Batches:
        for batch in batches:
            if not batch.num_rows:
                continue
            left, right = (
                np.stack([np.frombuffer(value, np.uint32) for value in column.to_pylist()])
                for column in (batch.column("left"), batch.column("right"))
            )
            found = similarities(left, right)
            near = pa.RecordBatch.from_arrays(
                [batch.column("u"), batch.column("v"), pa.array(found)], schema=COMPARED
            )
            yield near.filter(pa.array(found >= at_least))

    return compare


def _sliced(batches: Batches) -> Batches:
    for batch in batches:
        if batch.num_rows:
            yield from slice_by_bytes(batch, "text", MAX_CHARS)


def _language_key(lang: str | None) -> int:
    digest = blake2b((lang or "").encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)
