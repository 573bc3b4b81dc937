"""What tasks do to find near-duplicates: hash lines, sign documents, compare signatures."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.stages.ingest.minhash import band_keys, choose_bands, sign, similarities
from pivotmine.stages.ingest.shingles import (
    MAX_CHARS,
    distinct_lines,
    find_words,
    lines_left_out,
    shingle,
)
from pivotmine.udfs.batches import slice_by_bytes

Batches = Iterator[pa.RecordBatch]

LINES = pa.schema([("line", pa.int64())])
IDS = pa.schema([("doc_id", pa.string())])
SIGNED = pa.schema(
    [
        ("doc_id", pa.string()),
        ("lines", pa.list_(pa.int64())),
        ("left_out", pa.int64()),
        ("signature", pa.binary()),
        ("keys", pa.list_(pa.int64())),
    ]
)
"""Table `signatures`."""
COMPARED = pa.schema([("u", pa.string()), ("v", pa.string()), ("similarity", pa.float64())])


def lines(batches: Batches) -> Batches:
    """Batches with `text` to the distinct line hashes of each document."""
    for batch in _sliced(batches):
        hashes, _ = distinct_lines(find_words(batch.column("text").to_pylist()))
        yield pa.RecordBatch.from_arrays([pa.array(hashes.view(np.int64))], schema=LINES)


def bind_outdated(common_lines: NDArray[np.uint64]) -> Callable[[Batches], Batches]:
    """Batches with `doc_id`, `lines`, `left_out` to ids of which other lines are left out now."""

    def find(batches: Batches) -> Batches:
        for batch in batches:
            column = batch.column("lines")
            offsets = column.offsets.to_numpy().astype(np.int64)
            values = column.flatten().to_numpy().view(np.uint64)
            left_out = lines_left_out(values, offsets[1:] - offsets[0], common_lines)
            differ = left_out.view(np.int64) != batch.column("left_out").to_numpy()
            yield batch.select(["doc_id"]).filter(pa.array(differ)).cast(IDS)

    return find


def bind_sign(
    common_lines: NDArray[np.uint64],
    similarity: float,
    n_permutations: int,
    n_words: int,
    min_shingles: int,
) -> Callable[[Batches], Batches]:
    """Batches with `doc_id` and `text` to batches of `SIGNED`.

    Documents of fewer than `min_shingles` shingles have lines only.
    """
    bands, rows = choose_bands(n_permutations, similarity)

    def make(batches: Batches) -> Batches:
        for batch in _sliced(batches):
            words = find_words(batch.column("text").to_pylist())
            hashes, line_ends = distinct_lines(words)
            left_out = lines_left_out(hashes, line_ends, common_lines)
            shingles, ends = shingle(words, common_lines, n_words, min_shingles)
            enough = np.diff(ends, prepend=0) >= min_shingles
            signatures = sign(shingles, ends, n_permutations)
            keys = band_keys(signatures, bands, rows)[enough]
            yield pa.RecordBatch.from_arrays(
                [
                    batch.column("doc_id"),
                    _lists(hashes.view(np.int64), line_ends),
                    pa.array(left_out.view(np.int64)),
                    pa.array([row.tobytes() for row in signatures], pa.binary(), mask=~enough),
                    _lists(keys.reshape(-1), np.cumsum(enough * bands)),
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


def _lists(values: NDArray[np.int64], ends: NDArray[np.int64]) -> pa.ListArray:
    offsets = np.concatenate(([0], ends)).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values))
