"""Signatures of texts, as table `signatures` keeps them: line hashes, MinHash, band keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.recipe import DedupConfig
from pivotmine.stages.ingest.minhash import band_keys, choose_bands, sign
from pivotmine.stages.ingest.shingles import distinct_lines, find_words, lines_left_out, shingle


class TextSignatures(NamedTuple):
    """Signatures of N texts."""

    lines: NDArray[np.uint64]
    """[L] hashes of the distinct lines of each text."""

    line_ends: NDArray[np.int64]
    """[N] where the lines of each text end."""

    left_out: NDArray[np.uint64]
    """[N] hash of the lines that were left out (`lines_left_out`)."""

    signatures: NDArray[np.uint32]
    """[N, settings.permutations]"""

    is_signed: NDArray[np.bool_]
    """[N]"""

    keys: NDArray[np.int64]
    """[K] band keys of the texts that are signed."""

    key_ends: NDArray[np.int64]
    """[N] where the keys of each text end."""


def sign_texts(
    texts: Sequence[str], common_lines: NDArray[np.uint64], settings: DedupConfig
) -> TextSignatures:
    """Sign texts, leaving out common lines.

    Texts of fewer than `settings.min_shingles` shingles are not signed; they have lines only.

    Parameters
    ----------
    common_lines
        Hashes, sorted.
    """
    bands, rows = choose_bands(settings.permutations, settings.similarity)
    words = find_words(texts)
    lines, line_ends = distinct_lines(words)
    shingles, ends = shingle(words, common_lines, settings.shingle_words, settings.min_shingles)
    is_signed = np.diff(ends, prepend=0) >= settings.min_shingles
    signatures = sign(shingles, ends, settings.permutations)
    return TextSignatures(
        lines,
        line_ends,
        lines_left_out(lines, line_ends, common_lines),
        signatures,
        is_signed,
        band_keys(signatures, bands, rows)[is_signed].reshape(-1),
        np.cumsum(is_signed * bands),
    )
