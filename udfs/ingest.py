"""Source files to records, and documents to signatures, which find near-duplicates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.engine.numbered_tasks import numbers
from pivotmine.numeric.arrow_batches import slice_by_bytes
from pivotmine.recipe import DedupConfig
from pivotmine.sources import read_split
from pivotmine.sources.records import ColumnMap, ReadLimits, Split
from pivotmine.stages.ingest.documents import BoundsOf, identify, reject_low_quality
from pivotmine.stages.ingest.minhash import similarities
from pivotmine.stages.ingest.shingles import MAX_CHARS, distinct_lines, find_words, lines_left_out
from pivotmine.stages.ingest.text_signatures import signature_rows
from pivotmine.text.language import load_identifier

Batches = Iterator[pa.RecordBatch]

LINES = pa.schema([("line", pa.int64())])
IDS = pa.schema([("doc_id", pa.string())])
COMPARED = pa.schema([("u", pa.string()), ("v", pa.string()), ("similarity", pa.float64())])


def bind_read(
    packs: Sequence[Sequence[Split]],
    columns: Sequence[ColumnMap],
    limits: ReadLimits,
    language_model: str | None,
    bounds_of: BoundsOf,
) -> Callable[[Batches], Batches]:
    """Numbers of packs to rows of `pivotmine.stages.ingest.documents.SCHEMA`.

    A task reads the pieces of its pack itself, so reading scales with the bytes and no record
    passes through the driver.

    Parameters
    ----------
    columns
        One for each input of the recipe; a split names its input.
    bounds_of
        Quality bounds of documents in a language.
    """

    def read(batches: Batches) -> Batches:
        identifier = load_identifier(language_model)
        for split in (split for number in numbers(batches) for split in packs[number]):
            for records in read_split(split, columns[split.input_index], limits):
                found = identify(records, identifier, split)
                yield reject_low_quality(found, bounds_of, limits.raw_bytes)

    return read


def hash_lines(batches: Batches) -> Batches:
    """Batches with `text` to rows of `LINES`: the distinct lines of each document."""
    for batch in _sliced(batches):
        hashes, _ = distinct_lines(find_words(batch.column("text").to_pylist()))
        yield pa.RecordBatch.from_arrays([pa.array(hashes.view(np.int64))], schema=LINES)


def bind_sign(
    common_lines: NDArray[np.uint64], settings: DedupConfig
) -> Callable[[Batches], Batches]:
    """Batches with `doc_id` and `text` to rows of table `signatures`, one for one."""

    def make(batches: Batches) -> Batches:
        return (signature_rows(batch, common_lines, settings) for batch in _sliced(batches))

    return make


def bind_outdated(common_lines: NDArray[np.uint64]) -> Callable[[Batches], Batches]:
    """Batches with `doc_id`, `lines`, `left_out` to ids of documents that must be signed anew.

    These are the documents whose common lines have changed.
    """

    def find(batches: Batches) -> Batches:
        for batch in batches:
            column = batch.column("lines")
            offsets = column.offsets.to_numpy().astype(np.int64)
            values = column.flatten().to_numpy().view(np.uint64)
            left_out = lines_left_out(values, offsets[1:] - offsets[0], common_lines)
            differ = left_out.view(np.int64) != batch.column("left_out").to_numpy()
            yield batch.select(["doc_id"]).filter(pa.array(differ)).cast(IDS)

    return find


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
