"""The text that a corpus is planted from: its segments, and its words as numbers.

The text is held in memory, in about 12 bytes for each byte of `max_bytes`. The corpus may be of any
size, since documents are drawn from the text repeatedly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.sources import ColumnMap, ReadLimits, read_split
from pivotmine.sources.listing import list_splits
from pivotmine.text.folding import fold
from pivotmine.text.segments import split_segments

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
"""A word: letters, with apostrophes inside. The script must put spaces between words."""

_SPLIT_BYTES = 1 << 40
_MIN_WORDS, _MAX_WORDS, _MAX_WORD_CHARS = 3, 60, 30


class SourceText(NamedTuple):
    """S segments in D documents, W words in them, V different ones."""

    segments: list[str]
    """[S] without line ends, each of 3 to 60 words."""

    document_offsets: NDArray[np.int64]
    """[D + 1] first segment of each document."""

    word_offsets: NDArray[np.int64]
    """[S + 1] first word of each segment."""

    word_ids: NDArray[np.int32]
    """[W] number of each word."""

    words: list[str]
    """[V] folded spelling, by frequency and then by spelling."""

    frequencies: NDArray[np.int64]
    """[V] occurrences."""


def read_text(uris: Iterable[str], text_column: str, max_bytes: int) -> Iterator[str]:
    """Texts of JSON Lines or Parquet files (plain, gzip, zstd), until `max_bytes` are read.

    Raises
    ------
    InputError
        A file is missing, or its name has no known format.
    """
    columns, limits = ColumnMap(text=text_column), ReadLimits()
    n_bytes = 0
    for split in list_splits(list(uris), "auto", _SPLIT_BYTES, 0):
        for batch in read_split(split, columns, limits):
            for text in batch.column("text").to_pylist():
                if text is None:
                    continue
                yield text
                n_bytes += len(text.encode("utf-8", "replace"))
                if n_bytes >= max_bytes:
                    return


def source_text(documents: Iterable[str]) -> SourceText:
    """Segments and words of documents; those with fewer than two usable segments are left out.

    Raises
    ------
    InputError
        No document is left.
    """
    segments: list[str] = []
    document_ends, counts = [0], [0]
    ids: list[int] = []
    numbers: dict[str, int] = {}
    for document in documents:
        usable = [
            (segment, words)
            for segment in (" ".join(part.split()) for part in split_segments(document))
            if _MIN_WORDS <= len(words := WORD.findall(segment)) <= _MAX_WORDS
            and max(map(len, words)) <= _MAX_WORD_CHARS
        ]
        if len(usable) < 2:
            continue
        for segment, words in usable:
            segments.append(segment)
            counts.append(len(words))
            ids.extend(numbers.setdefault(fold(word), len(numbers)) for word in words)
        document_ends.append(len(segments))
    if not segments:
        raise InputError(
            "the text holds no document of two segments with 3 to 60 words each; give running "
            "text in a script with spaces between words"
        )
    found = np.array(ids, np.int32)
    spelled = list(numbers)
    n_found = np.bincount(found, minlength=len(spelled))
    order = sorted(range(len(spelled)), key=lambda number: (-n_found[number], spelled[number]))
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return SourceText(
        segments,
        np.array(document_ends),
        np.cumsum(counts),
        place[found],
        [spelled[number] for number in order],
        n_found[order],
    )
