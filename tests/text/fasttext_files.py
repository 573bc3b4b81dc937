"""fastText model files of every kind, with chosen words and random weights."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TREE, NEGATIVES, SOFTMAX, ONE_VERSUS_ALL = 1, 2, 3, 4


@dataclass(frozen=True)
class Kind:
    """How a model is made and stored."""

    loss: int = SOFTMAX
    dimensions: int = 5
    chars: tuple[int, int] = (0, 0)
    word_ngrams: int = 1
    buckets: int = 0
    part: int = 0
    """Columns of a part of a quantised row; 0 for a plain model."""
    norms: bool = False
    quantised_outputs: bool = False
    kept_buckets: int | None = None
    """Number of buckets that are left after pruning."""
    seed: int = 0


def model_file(words: Sequence[str], labels: Sequence[str], kind: Kind) -> bytes:
    """A supervised fastText model, format 12; `labels` without their prefix."""
    rng = np.random.default_rng(kind.seed)
    arguments = (kind.dimensions, 5, 1, 1, 5, kind.word_ngrams, kind.loss, 3, kind.buckets)
    written = struct.pack("<ii12id", 793712314, 12, *arguments, *kind.chars, 100, 1e-4)
    pruned = kind.kept_buckets is not None
    n_kept = kind.kept_buckets if kind.kept_buckets is not None else -1
    n_entries = len(words) + len(labels)
    written += struct.pack("<iiiqq", n_entries, len(words), len(labels), n_entries, n_kept)
    counts = np.sort(rng.integers(1, 1000, len(labels)))[::-1].tolist()
    for word in words:
        written += word.encode() + b"\0" + struct.pack("<qb", 1, 0)
    for label, count in zip(labels, counts, strict=True):
        written += f"__label__{label}".encode() + b"\0" + struct.pack("<qb", count, 1)
    if pruned:
        kept = rng.permutation(kind.buckets)[: kind.kept_buckets]
        for place, bucket in enumerate(rng.permutation(kept).tolist()):
            written += struct.pack("<ii", bucket, place)
    n_rows = len(words) + (n_kept if pruned else kind.buckets)
    for n, quantised in ((n_rows, bool(kind.part)), (len(labels), kind.quantised_outputs)):
        written += struct.pack("<?", quantised)
        written += _quantised(n, kind, rng) if quantised else _plain(n, kind.dimensions, rng)
    return written


def _plain(n_rows: int, width: int, rng: np.random.Generator) -> bytes:
    cells = rng.normal(0, 2, (n_rows, width)).astype("<f4")
    return struct.pack("<qq", n_rows, width) + cells.tobytes()


def _quantised(n_rows: int, kind: Kind, rng: np.random.Generator) -> bytes:
    n_parts = -(-kind.dimensions // kind.part)
    codes = rng.integers(0, 256, n_rows * n_parts).astype(np.uint8)
    written = struct.pack("<?qqi", kind.norms, n_rows, kind.dimensions, len(codes))
    last = kind.dimensions - (n_parts - 1) * kind.part
    written += codes.tobytes() + _quantiser(kind.dimensions, n_parts, kind.part, last, rng)
    if kind.norms:
        written += rng.integers(0, 256, n_rows).astype(np.uint8).tobytes()
        written += _quantiser(1, 1, 1, 1, rng)
    return written


def _quantiser(width: int, n_parts: int, part: int, last: int, rng: np.random.Generator) -> bytes:
    centroids: NDArray[np.float32] = rng.normal(0, 2, width * 256).astype("<f4")
    return struct.pack("<4i", width, n_parts, part, last) + centroids.tobytes()


def word_model(labels_of_words: Mapping[str, str]) -> bytes:
    """A softmax model in which each word speaks for one label; labels without their prefix."""
    labels = list(dict.fromkeys(labels_of_words.values()))
    plain = Kind(dimensions=len(labels))
    whole = model_file(list(labels_of_words), labels, plain)
    size = 4 * len(labels) * (len(labels_of_words) + len(labels)) + 2 * (1 + 16)
    written = whole[:-size]
    speaks = [[5.0 * (label == one) for label in labels] for one in labels_of_words.values()]
    itself = [[float(label == other) for label in labels] for other in labels]
    for matrix in (speaks, itself):
        cells = np.array(matrix, "<f4")
        written += struct.pack("<?qq", False, *cells.shape) + cells.tobytes()
    return written
