"""Signatures of texts, as table `signatures` keeps them: line hashes, MinHash, band keys."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.lake.tables import SIGNATURES
from pivotmine.numeric.arrow_batches import list_column
from pivotmine.recipe import DedupConfig
from pivotmine.stages.ingest.minhash import band_keys, choose_bands, sign
from pivotmine.stages.ingest.shingles import distinct_lines, find_words, lines_left_out, shingle


def signature_rows(
    documents: pa.RecordBatch, common_lines: NDArray[np.uint64], settings: DedupConfig
) -> pa.RecordBatch:
    """Rows of table `signatures` for documents with `doc_id` and `text`, one for one.

    Texts of fewer than `settings.min_shingles` shingles are not signed; they have lines only.

    Parameters
    ----------
    common_lines
        Hashes of lines to leave out, sorted.
    """
    bands, rows = choose_bands(settings.permutations, settings.similarity)
    words = find_words(documents.column("text").to_pylist())
    lines, line_ends = distinct_lines(words)
    left_out = lines_left_out(lines, line_ends, common_lines)
    shingles, ends = shingle(words, common_lines, settings.shingle_words, settings.min_shingles)
    is_signed = np.diff(ends, prepend=0) >= settings.min_shingles
    signatures = sign(shingles, ends, settings.permutations)
    keys = band_keys(signatures, bands, rows)[is_signed].reshape(-1)
    return pa.RecordBatch.from_arrays(
        [
            documents.column("doc_id"),
            list_column(lines.view(np.int64), line_ends),
            pa.array(left_out.view(np.int64)),
            pa.array([row.tobytes() for row in signatures], pa.binary(), mask=~is_signed),
            list_column(keys, np.cumsum(is_signed * bands)),
        ],
        schema=SIGNATURES.schema,
    )
