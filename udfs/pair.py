"""Tokens to documents of features, to keys, to candidates, to verdicts, to segment pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from pivotmine.lake.pair_tables import SEGMENT_PAIRS
from pivotmine.numeric.arrow_batches import slice_by_values
from pivotmine.stages.pair.bead_rows import segment_pair_rows
from pivotmine.stages.pair.buckets import pairs_in_buckets, uncrowded
from pivotmine.stages.pair.candidates import KEYS, Search, feature_counts, key_rows, too_short
from pivotmine.stages.pair.documents import DocumentRules, packed_documents
from pivotmine.stages.pair.judging import judged_rows

Batches = Iterator[pa.RecordBatch]
Make = Callable[[Batches], Batches]

COLUMNS = ("doc_id", "lang", "token_ids", "segment_ends", "segment_langs")
"""Columns of table `tokens` that are read."""

MET = pa.schema(
    [
        ("pair", pa.int16()),
        ("a", pa.int64()),
        ("b", pa.int64()),
        ("weight", pa.int64()),
        ("norms", pa.float64()),
    ]
)
"""Documents that share a key: number of the language pair, both documents, the weight of the key,
and the product of the lengths of both vectors."""

_CHUNK_TOKENS = 2**18
"""Tokens turned into features at once, unless one document has more: some 150 bytes each."""


def bind_documents(rules: DocumentRules) -> Make:
    """Batches of table `tokens` to rows of `documents.PACKED`, one for one."""

    def make(batches: Batches) -> Batches:
        for batch in batches:
            for chunk in slice_by_values(batch, "token_ids", _CHUNK_TOKENS):
                yield packed_documents(chunk, rules)

    return make


def count_features(batches: Batches) -> Batches:
    """`lang` and `packed` of documents to rows of `candidates.COUNTED`."""
    return map(feature_counts, batches)


def bind_keys(search: Search) -> Make:
    """`doc`, `lang` and `packed` of documents to rows of `candidates.KEYS`."""

    def make(batches: Batches) -> Batches:
        for batch in batches:
            yield from key_rows(batch, search)

    return make


def bind_short(search: Search) -> Make:
    """`doc_id`, `lang`, `outcome` and `packed` to the first three, with the outcome `short`."""

    def make(batches: Batches) -> Batches:
        return (too_short(batch, search) for batch in batches)

    return make


def bind_meet(most: int) -> Make:
    """Rows of `candidates.KEYS`, sorted by key and side, to rows of `MET`.

    Memory: a batch, and `most` + 1 rows of each side of the key that it ends in.
    """

    def make(batches: Batches) -> Batches:
        held = KEYS.empty_table()
        for batch in batches:
            rows = pa.concat_tables([held, pa.Table.from_batches([batch])]).combine_chunks()
            rows = rows.filter(pa.array(uncrowded(*_key_and_side(rows), most)))
            key = rows["key"].to_numpy()
            whole = int(np.searchsorted(key == key[-1], True)) if len(key) else 0
            held = rows.slice(whole)
            yield _met(rows.slice(0, whole), most)
        yield _met(held, most)

    return make


def _key_and_side(rows: pa.Table) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    return rows["key"].to_numpy(), rows["side"].to_numpy()


def _met(rows: pa.Table, most: int) -> pa.RecordBatch:
    found = pairs_in_buckets(*_key_and_side(rows), most)
    document, weight, norm = (rows[name].to_numpy() for name in ("doc", "weight", "norm"))
    columns = {
        "pair": rows["pair"].to_numpy()[found.a],
        "a": document[found.a],
        "b": document[found.b],
        "weight": np.minimum(weight[found.a], weight[found.b]),
        "norms": norm[found.a] * norm[found.b],
    }
    return pa.RecordBatch.from_pydict(columns, schema=MET)


def bind_judge(search: Search, min_score: float) -> Make:
    """Candidates with both documents packed to rows of `judging.JUDGED`, one for one."""

    def make(batches: Batches) -> Batches:
        return (judged_rows(batch, search, min_score) for batch in batches)

    return make


def bind_segment_pairs(languages: Sequence[str]) -> Make:
    """Rows of `judging.JUDGED` to rows of table `segment_pairs`."""

    def make(batches: Batches) -> Batches:
        for batch in batches:
            yield segment_pair_rows(batch, languages).cast(SEGMENT_PAIRS.schema)

    return make
