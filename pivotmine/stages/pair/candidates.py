"""Packed documents to counts of features, and to the keys under which documents meet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pivotmine.numeric.mix import mix64
from pivotmine.stages.pair.features import unpack
from pivotmine.stages.pair.known import KnownFeatures
from pivotmine.stages.pair.samples import document_keys

COUNTED = pa.schema([("feature", pa.int32()), ("lang", pa.int8()), ("n_docs", pa.int64())])
"""Documents of a language that hold a feature."""

KEYS = pa.schema(
    [
        ("key", pa.int64()),
        ("side", pa.int8()),
        ("pair", pa.int16()),
        ("doc", pa.int64()),
        ("weight", pa.int64()),
        ("norm", pa.float64()),
    ]
)
"""Keys of documents: hash of key and language pair, 0 for the first language and 1 for the second,
number of the pair and of the document, weight in `UNITS`, and length of the vector of its bits."""

UNITS = 256
"""Weights are summed as integers of this part of a squared bit, so their order does not matter."""


class Search(NamedTuple):
    """What all documents are compared by; shipped to every worker."""

    known: KnownFeatures
    pairs: tuple[tuple[int, int], ...]
    """Language pairs by their indices, the lower one first."""

    rare_keys: int
    sampled_features: int
    max_bucket: int
    min_bits: float


def feature_counts(batch: pa.RecordBatch) -> pa.RecordBatch:
    """`lang` and `packed` to rows of `COUNTED`."""
    language = batch.column("lang").to_numpy()
    parts = [
        np.unique(unpack(packed).features).astype(np.int64) << 8 | language[row]
        for row, packed in enumerate(batch.column("packed").to_pylist())
    ]
    values, counts = np.unique(np.concatenate([np.empty(0, np.int64), *parts]), return_counts=True)
    columns = [(values >> 8).astype(np.int32), (values & 0xFF).astype(np.int8), counts]
    return pa.RecordBatch.from_arrays([pa.array(column) for column in columns], schema=COUNTED)


def key_rows(batch: pa.RecordBatch, search: Search) -> Iterator[pa.RecordBatch]:
    """`doc`, `lang` and `packed` to rows of `KEYS`, a batch a language pair."""
    language, document = batch.column("lang").to_numpy(), batch.column("doc").to_numpy()
    row, feature = _distinct_features(batch)
    for pair, sides in enumerate(search.pairs):
        for side, of_side in enumerate(sides):
            here = language[row] == of_side
            bits = search.known.weights(feature[here], *sides)
            norm, long = _norms(row[here], bits, batch.num_rows, search)
            kept = long[row[here]] & (bits > 0)
            rows, features, bits = row[here][kept], feature[here][kept], bits[kept]
            rare = (search.known.documents(features, *sides) <= search.max_bucket).all(axis=1)
            keys = document_keys(
                rows, features, bits, rare, search.rare_keys, search.sampled_features
            )
            yield _key_batch(keys.key, pair, side, document[keys.document],
                             keys.weight, norm[keys.document])  # fmt: skip


def too_short(batch: pa.RecordBatch, search: Search) -> pa.RecordBatch:
    """`doc_id`, `lang`, `outcome` and `packed` to the first three.

    The outcome of documents that have no keys is `short`.
    """
    packed = batch.filter(pc.is_valid(batch.column("packed")))
    language = packed.column("lang").to_numpy()
    row, feature = _distinct_features(packed)
    is_long = np.zeros(packed.num_rows, np.bool_)
    for sides in search.pairs:
        for of_side in sides:
            here = language[row] == of_side
            bits = search.known.weights(feature[here], *sides)
            is_long |= _norms(row[here], bits, packed.num_rows, search)[1]
    short = packed.column("doc_id").filter(pa.array(~is_long))
    is_short = pc.is_in(batch.column("doc_id"), value_set=short)
    outcome = pc.if_else(is_short, "short", batch.column("outcome"))
    return pa.RecordBatch.from_arrays(
        [batch.column("doc_id"), batch.column("lang"), outcome], names=["doc_id", "lang", "outcome"]
    )


def _norms(
    row: NDArray[np.int64], bits: NDArray[np.float32], n_rows: int, search: Search
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """[n_rows] length of the vector of bits, and whether there are enough of them."""
    norm = np.sqrt(np.bincount(row, bits.astype(np.float64) ** 2, n_rows))
    return norm, np.bincount(row, bits, n_rows) >= max(search.min_bits, 1e-9)


def _distinct_features(batch: pa.RecordBatch) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Row and number of every feature of every document, once."""
    parts = [np.unique(unpack(packed).features) for packed in batch.column("packed").to_pylist()]
    row = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return row, np.concatenate([np.empty(0, np.int32), *parts])


def _key_batch(
    key: NDArray[np.int64],
    pair: int,
    side: int,
    document: NDArray[np.int64],
    weight: NDArray[np.float64],
    norm: NDArray[np.float64],
) -> pa.RecordBatch:
    of_pair = mix64(np.array([pair + 1], np.uint64)).view(np.int64)
    columns = {
        "key": key ^ of_pair,
        "side": np.full(len(key), side, np.int8),
        "pair": np.full(len(key), pair, np.int16),
        "doc": document,
        "weight": np.round(weight * UNITS).astype(np.int64),
        "norm": norm,
    }
    return pa.RecordBatch.from_pydict(columns, schema=KEYS)
