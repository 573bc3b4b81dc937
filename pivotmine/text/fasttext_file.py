"""Read a fastText model file: dictionary, rows of the input matrix, output matrix, tree of labels.

Format 11 and 12 of fastText 0.9, `.bin` and `.ftz`: plain and quantised (product quantiser of rows
and of norms), with or without pruned buckets, every loss of a supervised model. The layout follows
the sources of fastText (Joulin et al. 2017, "Bag of tricks for efficient text classification";
Joulin et al. 2016, "FastText.zip").

Rows of a quantised model are dequantised once. That takes 4 bytes a cell: 3 MB for lid.176.ftz.
The matrix of a plain model is mapped from its file, so all processes of a machine share its pages.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.jit import njit

MAX_DEQUANTISED_BYTES = 2**30
"""Models whose dequantised rows take more are left to the library."""

HIERARCHICAL_SOFTMAX, NEGATIVE_SAMPLING, SOFTMAX, ONE_VERSUS_ALL = 1, 2, 3, 4
_LOSSES = (HIERARCHICAL_SOFTMAX, NEGATIVE_SAMPLING, SOFTMAX, ONE_VERSUS_ALL)

_MAGIC = 793712314
_VERSIONS = (11, 12)
_SUPERVISED = 3
_CENTROIDS = 256
_WORD, _LABEL = 0, 1
_SLOTS_PER_WORD = 2
_ABSENT_COUNT = 10**15  # fastText's count of tree nodes that are not made yet


class UnreadableModel(ValueError):
    """A file that is no fastText model of a kind that is read here; the message says why."""


class DamagedModel(UnreadableModel):
    """A file that ends too early. The library would read what is missing as zeros or noise."""


class Dictionary(NamedTuple):
    """Words of a model, and how their subwords are hashed."""

    letters: NDArray[np.uint8]
    """The file's bytes."""
    word_starts: NDArray[np.int64]
    """int64[W + L]: where each entry's name starts; words come first, then labels."""
    word_ends: NDArray[np.int64]
    slots: NDArray[np.int32]
    """int32[power of two]: entries by hash of their name, open addressing; -1 is free."""
    n_words: int
    n_buckets: int
    min_chars: int
    max_chars: int
    word_ngrams: int
    kept_buckets: NDArray[np.uint64]
    """uint64[n_buckets / 64 + 1, 2]: which buckets of a block are kept (bits), and how many up to
    its end. Their rows follow those of the words, in order. Empty if no bucket was pruned."""
    has_buckets: bool


class ModelFile(NamedTuple):
    """A model as arrays. R rows, D dimensions, L labels."""

    labels: tuple[str, ...]
    dictionary: Dictionary
    rows: NDArray[np.float32]
    """float32[R, D]"""
    outputs: NDArray[np.float32]
    """float32[L, D]: a row a label, or a row an inner node of the tree."""
    loss: int
    children: NDArray[np.int32]
    """int32[L - 1, 2]: inner nodes of the tree of labels, the root last. Below L a number is a
    label, above it inner node `number - L`."""


def read_model_file(path: Path) -> ModelFile:
    """Read a model. Raises `UnreadableModel`, or `OSError` if the file cannot be opened."""
    if path.stat().st_size == 0:
        raise DamagedModel("the file is empty")
    reader = _Reader(np.memmap(path, np.uint8, "r"))
    try:
        return _read(reader)
    except (struct.error, UnicodeDecodeError, IndexError) as error:
        raise DamagedModel(f"it ends or breaks at byte {reader.at:,}: {error}") from error


class _Reader:
    """Values of a file, one after another."""

    def __init__(self, data: NDArray[np.uint8]) -> None:
        self.data = np.asarray(data)
        self.at = 0

    def values(self, layout: str) -> tuple[int, ...]:
        """Little-endian values in the notation of `struct`."""
        layout = f"<{layout}"
        found = struct.unpack_from(layout, self.data.data, self.at)
        self.at += struct.calcsize(layout)
        return found

    def array(self, kind: type[np.generic], n: int) -> NDArray[np.generic]:
        """The next n values, without a copy."""
        n_bytes = n * np.dtype(kind).itemsize
        if n < 0 or self.at + n_bytes > len(self.data):
            raise IndexError(f"{n:,} values are announced, but the file ends before")
        found = self.data[self.at : self.at + n_bytes].view(kind)
        self.at += n_bytes
        return found


def _read(reader: _Reader) -> ModelFile:
    magic, version = reader.values("ii")
    if magic != _MAGIC:
        raise UnreadableModel("it does not begin as fastText models do")
    if version not in _VERSIONS:
        raise UnreadableModel(f"format {version} is not one of {_VERSIONS}")
    arguments = reader.values("12i")
    n_dimensions, word_ngrams, loss, kind = (arguments[i] for i in (0, 5, 6, 7))
    n_buckets, min_chars, max_chars = arguments[8:11]
    reader.values("d")
    if kind != _SUPERVISED:
        raise UnreadableModel("it holds word vectors, and no classifier")
    if loss not in _LOSSES:
        raise UnreadableModel(f"loss {loss} is unknown")
    if version == 11:
        max_chars = 0  # as fastText reads models of before subwords
    labels, label_counts, dictionary, places = _read_dictionary(
        reader, n_buckets, (min_chars, max_chars), word_ngrams
    )
    (quantised,) = reader.values("?")
    rows = _read_matrix(reader, bool(quantised), n_dimensions)
    (quantised_outputs,) = reader.values("?")
    outputs = _read_matrix(reader, bool(quantised and quantised_outputs), n_dimensions)
    _check(dictionary, rows, places, outputs, len(labels))
    if len(places):
        order = np.append(np.arange(dictionary.n_words), dictionary.n_words + places)
        rows = rows[order]
    rows.setflags(write=False)  # as a mapped file is: kernels are compiled for one type of array
    children = np.empty((0, 2), np.int32)
    if loss == HIERARCHICAL_SOFTMAX:
        children = huffman_tree(label_counts)
    return ModelFile(labels, dictionary, rows, outputs, loss, children)


def _read_dictionary(
    reader: _Reader, n_buckets: int, chars: tuple[int, int], word_ngrams: int
) -> tuple[tuple[str, ...], NDArray[np.int64], Dictionary, NDArray[np.int32]]:
    """Labels, their counts, the dictionary, and the place of each kept bucket behind the words."""
    n_entries, n_words, n_labels, _, n_pruned = reader.values("iiiqq")
    if min(n_entries, n_words, n_labels) < 0 or n_entries != n_words + n_labels or not n_labels:
        raise UnreadableModel(f"its {n_entries} entries are not {n_words} words and some labels")
    # An entry takes ten bytes at least, so that no number of a broken file takes all memory.
    if n_entries * 10 > len(reader.data):
        raise IndexError(f"{n_entries:,} entries are announced, but the file ends before")
    starts, ends, counts, kinds, reader.at = scan_entries(reader.data, reader.at, n_entries)
    if reader.at < 0:
        reader.at = len(reader.data)
        raise IndexError("the dictionary does not end")
    if (kinds[:n_words] != _WORD).any() or (kinds[n_words:] != _LABEL).any():
        raise UnreadableModel("its labels do not follow its words")
    pairs = np.empty((0, 2), np.int32)
    if n_pruned > 0:
        pairs = reader.array(np.int32, 2 * n_pruned).reshape(-1, 2)  # type: ignore[assignment]
        if pairs.min() < 0 or pairs[:, 0].max() >= n_buckets:
            raise UnreadableModel("its list of kept buckets names others than it has")
        pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
        if (np.diff(pairs[:, 0]) == 0).any():
            raise UnreadableModel("its list of kept buckets names one twice")
    labels = tuple(
        bytes(reader.data[start:end]).decode()
        for start, end in zip(starts[n_words:].tolist(), ends[n_words:].tolist(), strict=True)
    )
    # A bucket is used by subwords and by pairs of words only.
    hashed = chars[1] > 0 or word_ngrams > 1
    if hashed and n_pruned != 0 and n_buckets <= 0:
        raise UnreadableModel("it has subwords and no buckets")
    dictionary = Dictionary(
        letters=reader.data,
        word_starts=starts,
        word_ends=ends,
        slots=hash_entries(reader.data, starts, ends),
        n_words=n_words,
        n_buckets=max(n_buckets, 1),
        min_chars=chars[0],
        max_chars=chars[1],
        word_ngrams=word_ngrams,
        kept_buckets=_blocks(pairs[:, 0], n_buckets),
        has_buckets=hashed and n_pruned != 0,
    )
    return labels, counts[n_words:], dictionary, pairs[:, 1]


def _read_matrix(reader: _Reader, quantised: bool, n_dimensions: int) -> NDArray[np.float32]:
    if quantised:
        return _read_quantised(reader, n_dimensions)
    n_rows, width = reader.values("qq")
    if width != n_dimensions:
        raise UnreadableModel(f"a matrix has {width} columns, not {n_dimensions}")
    return reader.array(np.float32, n_rows * width).reshape(n_rows, width)  # type: ignore[return-value]


def _read_quantised(reader: _Reader, n_dimensions: int) -> NDArray[np.float32]:
    """float32[R, D] of a matrix whose rows are quantised in parts (Jégou et al. 2011)."""
    has_norms, n_rows, width, n_codes = reader.values("?qqi")
    if width != n_dimensions:
        raise UnreadableModel(f"a matrix has {width} columns, not {n_dimensions}")
    if n_rows * width * 4 > MAX_DEQUANTISED_BYTES:
        raise UnreadableModel(f"its rows would take more than {MAX_DEQUANTISED_BYTES:,} bytes")
    codes = reader.array(np.uint8, n_codes)
    parts = _read_centroids(reader, n_dimensions)
    if n_codes != n_rows * len(parts):
        raise UnreadableModel(f"it has {n_codes:,} codes for {n_rows:,} rows")
    codes = codes.reshape(n_rows, len(parts))
    rows = np.hstack([part[codes[:, number]] for number, part in enumerate(parts)])
    if has_norms:
        norm_codes = reader.array(np.uint8, n_rows)
        (norms,) = _read_centroids(reader, 1)
        rows *= norms[norm_codes]
    return np.ascontiguousarray(rows, np.float32)


def _read_centroids(reader: _Reader, n_dimensions: int) -> list[NDArray[np.float32]]:
    """float32[256, width] of each part of a row; the last part may be narrower."""
    width, n_parts, part_width, last_width = reader.values("4i")
    if width != n_dimensions or (n_parts - 1) * part_width + last_width != width or n_parts < 1:
        raise UnreadableModel(f"a quantiser of {width} columns has {n_parts} parts")
    cells = reader.array(np.float32, width * _CENTROIDS)
    widths = [part_width] * (n_parts - 1) + [last_width]
    ends = np.cumsum([w * _CENTROIDS for w in widths])
    found = np.split(cells, ends[:-1])
    return [part.reshape(_CENTROIDS, w) for part, w in zip(found, widths, strict=True)]  # type: ignore[misc]


def _check(
    dictionary: Dictionary,
    rows: NDArray[np.float32],
    places: NDArray[np.int32],
    outputs: NDArray[np.float32],
    n_labels: int,
) -> None:
    n_kept = 0
    if dictionary.has_buckets:
        n_kept = int(places.max()) + 1 if len(places) else dictionary.n_buckets
    if len(rows) < dictionary.n_words + n_kept:
        raise UnreadableModel(
            f"it has {len(rows):,} rows for {dictionary.n_words:,} words and {n_kept:,} buckets"
        )
    if len(outputs) != n_labels:
        raise UnreadableModel(f"it has {len(outputs):,} outputs for {n_labels:,} labels")


def _blocks(kept: NDArray[np.int32], n_buckets: int) -> NDArray[np.uint64]:
    """See `Dictionary.kept_buckets`; `kept` is sorted."""
    if not len(kept):
        return np.empty((0, 2), np.uint64)
    blocks = np.zeros((n_buckets // 64 + 1, 2), np.uint64)
    bits = np.uint64(1) << (kept & 63).astype(np.uint64)
    np.bitwise_or.at(blocks[:, 0], kept >> 6, bits)
    blocks[:, 1] = np.cumsum(np.bincount(kept >> 6, minlength=len(blocks)))
    return blocks


FNV_BASIS = np.uint32(2166136261)


@njit
def fnv_step(state: np.uint32, byte: np.uint8) -> np.uint32:
    """FNV-1a of 32 bits after one more byte, which fastText takes as signed."""
    return np.uint32((state ^ np.uint32(np.int8(byte))) * np.uint32(16777619))


@njit
def scan_entries(
    data: NDArray[np.uint8], at: int, n_entries: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int8], int]:
    """Starts, ends, counts and kinds of the entries of a dictionary, and where it ends (or -1)."""
    starts = np.zeros(n_entries, np.int64)
    ends = np.zeros(n_entries, np.int64)
    counts = np.zeros(n_entries, np.int64)
    kinds = np.zeros(n_entries, np.int8)
    for entry in range(n_entries):
        starts[entry] = at
        while at < len(data) and data[at] != 0:
            at += 1
        ends[entry] = at
        if at + 10 > len(data):
            return starts, ends, counts, kinds, -1
        count = np.uint64(0)
        for byte in range(8):
            count |= np.uint64(data[at + 1 + byte]) << np.uint64(8 * byte)
        counts[entry] = np.int64(count)
        kinds[entry] = data[at + 9]
        at += 10
    return starts, ends, counts, kinds, at


@njit
def hash_entries(
    data: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.int32]:
    """int32[power of two]: entries by FNV-1a of their names, open addressing; -1 is free."""
    n_slots = 16
    while n_slots < _SLOTS_PER_WORD * len(starts):
        n_slots *= 2
    slots = np.full(n_slots, -1, np.int32)
    for entry in range(len(starts)):
        state = FNV_BASIS
        for at in range(starts[entry], ends[entry]):
            state = fnv_step(state, data[at])
        slot = state & np.uint32(n_slots - 1)
        while slots[slot] >= 0:
            slot = (slot + np.uint32(1)) & np.uint32(n_slots - 1)
        slots[slot] = entry
    return slots


def huffman_tree(counts: NDArray[np.int64]) -> NDArray[np.int32]:
    """int32[L - 1, 2]: inner nodes of fastText's tree over labels of given counts.

    fastText keeps labels in the order of falling counts and relies on it.
    """
    n = len(counts)
    weights = np.full(2 * n - 1, _ABSENT_COUNT, np.int64)
    weights[:n] = counts
    children = np.zeros((max(n - 1, 0), 2), np.int32)
    leaf, node = n - 1, n
    for inner in range(n, 2 * n - 1):
        for side in range(2):
            if leaf >= 0 and weights[leaf] < weights[node]:
                children[inner - n, side] = leaf
                leaf -= 1
            else:
                children[inner - n, side] = node
                node += 1
        weights[inner] = weights[children[inner - n]].sum()
    return children
