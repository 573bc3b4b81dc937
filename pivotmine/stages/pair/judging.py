"""Candidates to verdicts: both documents aligned, in the features that both languages have."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pivotmine.stages.pair.alignment import Beads
from pivotmine.stages.pair.candidates import Search
from pivotmine.stages.pair.features import unpack
from pivotmine.stages.pair.verdict import judge

JUDGED = pa.schema(
    [
        ("pair", pa.int16()),
        ("doc_id_a", pa.string()),
        ("doc_id_b", pa.string()),
        ("lang_a", pa.int8()),
        ("lang_b", pa.int8()),
        ("estimated_overlap", pa.float64()),
        ("overlap", pa.float64()),
        ("score", pa.float64()),
        ("aligned_a", pa.float64()),
        ("aligned_b", pa.float64()),
        ("n_segment_pairs", pa.int32()),
        ("beads", pa.binary()),
    ]
)
"""Candidates with their evidence; `beads` is null where the score is too low to be used."""


def judged_rows(batch: pa.RecordBatch, search: Search, min_score: float) -> pa.RecordBatch:
    """Rows with `packed_a` and `packed_b` to rows of `JUDGED`."""
    rows = []
    for row in batch.to_pylist():
        lang_a, lang_b = search.pairs[row["pair"]]
        a, b = unpack(row.pop("packed_a")), unpack(row.pop("packed_b"))
        one, other = (
            side.weighted(search.known.weights(side.features, lang_a, lang_b)) for side in (a, b)
        )
        found = judge(one, other)
        row |= {"lang_a": lang_a, "lang_b": lang_b, "overlap": found.overlap}
        row |= {"score": found.score, "n_segment_pairs": len(found.beads.a)}
        row |= {"aligned_a": found.aligned_a, "aligned_b": found.aligned_b}
        passed = found.score >= min_score
        row["beads"] = pack_beads(found.beads, a.places, b.places) if passed else None
        rows.append(row)
    return pa.RecordBatch.from_pylist(rows, schema=JUDGED)


def pack_beads(beads: Beads, places_a: np.ndarray, places_b: np.ndarray) -> bytes:  # type: ignore[type-arg]
    """Beads as bytes: float64[7, B], the fields of `Beads`, with segments of the whole documents.

    Segments in other languages were left out, so two neighbours may lie apart. Such a bead ends at
    the first.
    """
    sides = []
    for first, n, places in ((beads.a, beads.n_a, places_a), (beads.b, beads.n_b, places_b)):
        start, end = places[first], places[first + n - 1]
        sides += [start, np.where(end - start == n - 1, n, 1)]
    columns = (*sides, beads.shared, beads.bits_a, beads.bits_b)
    return np.stack([np.asarray(column, np.float64) for column in columns]).tobytes()


def unpack_beads(packed: bytes) -> Beads:
    """The beads of `pack_beads`."""
    columns = np.frombuffer(packed).reshape(7, -1)
    return Beads(*(column.astype(np.int64) for column in columns[:4]), *columns[4:])
