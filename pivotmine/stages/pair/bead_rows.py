"""Beads of paired documents to rows of table `segment_pairs`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from pivotmine.lake.pair_tables import SEGMENT_PAIRS
from pivotmine.stages.pair.judging import unpack_beads


def segment_pair_rows(batch: pa.RecordBatch, languages: Sequence[str]) -> pa.RecordBatch:
    """Rows of `judging.JUDGED` to rows of `segment_pairs`, one for each bead."""
    beads = [unpack_beads(packed) for packed in batch.column("beads").to_pylist()]
    counts = [len(found.a) for found in beads]
    row = pa.array(np.repeat(np.arange(len(beads)), counts))
    names = pa.array(languages, pa.string())
    flat = [np.concatenate([np.empty(0), *parts]) for parts in zip(*beads, strict=True)] or [
        np.empty(0)
    ] * 7
    first_a, n_a, first_b, n_b, shared, bits_a, bits_b = flat
    mean = np.maximum((bits_a + bits_b) / 2, 1e-9)
    places = [np.arange(count) for count in counts]
    columns = {
        "doc_id_a": batch.column("doc_id_a").take(row),
        "doc_id_b": batch.column("doc_id_b").take(row),
        "lang_a": names.take(batch.column("lang_a").take(row)),
        "lang_b": names.take(batch.column("lang_b").take(row)),
        "position": np.concatenate([np.empty(0, np.int32), *places]).astype(np.int32),
        "segment_a": first_a.astype(np.int32),
        "n_a": n_a.astype(np.int32),
        "segment_b": first_b.astype(np.int32),
        "n_b": n_b.astype(np.int32),
        "score": shared / mean,
        "shared_bits": shared,
    }
    return pa.RecordBatch.from_pydict(columns, schema=SEGMENT_PAIRS.schema)
