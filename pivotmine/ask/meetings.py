"""Where words meet: a scan for the documents that hold them, and the lines in which they stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.lake.query import WordTokens

_BATCH_DOCUMENTS = 256


@dataclass(frozen=True)
class Meeting:
    """A document that holds all words, and the lines that an answer shows."""

    distance: int
    """Lines from one word to the other at the nearest place; 0 for a single word."""
    doc_id: str
    n_lines: int
    """Lines that hold a word."""
    lines: tuple[tuple[int, str, list[int]], ...]
    """Number, language and token ids of the lines where the words are nearest, in order."""

    def __lt__(self, other: Meeting) -> bool:
        """Whether this one comes after the other in an answer, so that a heap drops it first."""
        return (self.distance, self.doc_id) > (other.distance, other.doc_id)


def meetings(
    connection: duckdb.DuckDBPyConnection,
    words: Sequence[WordTokens],
    max_lines: int,
    rows: str = "tokens",
) -> Iterator[Meeting]:
    """Documents that hold all words, each in lines of its language.

    `rows` is the SQL of the rows of `tokens` to read.
    """
    # Token ids are written into the statement: DuckDB streams no result that has parameters.
    conditions = " AND ".join(f"list_has_any(token_ids, {list(w.token_ids)})" for w in words)
    batches = connection.sql(
        f"SELECT doc_id, token_ids, segment_ends, segment_langs FROM {rows} WHERE {conditions}"
    ).to_arrow_reader(_BATCH_DOCUMENTS)
    for batch in batches:
        for row in range(batch.num_rows):
            doc_id, ids, ends, langs = (column[row] for column in batch.columns)
            found = _meeting(
                words,
                _numbers(ids.values),
                _numbers(ends.values),
                np.array(langs.as_py(), dtype=object),
            )
            if found is None:
                continue
            distance, lines = found
            starts = [0, *ends.as_py()]
            chosen = [
                (
                    int(line),
                    str(langs[int(line)]),
                    ids.values[starts[line] : starts[line + 1]].to_pylist(),
                )
                for line in lines[:max_lines]
            ]
            yield Meeting(distance, doc_id.as_py(), len(lines), tuple(sorted(chosen)))


def _numbers(values: pa.Int32Array) -> NDArray[np.int32]:
    """The values without a copy; pyarrow's own conversion would import pandas."""
    if not len(values):
        return np.zeros(0, np.int32)
    held = np.frombuffer(values.buffers()[1], np.int32)
    return held[values.offset : values.offset + len(values)]


def _meeting(
    words: Sequence[WordTokens],
    token_ids: NDArray[Any],
    segment_ends: NDArray[Any],
    segment_langs: NDArray[Any],
) -> tuple[int, list[int]] | None:
    """Distance of the words, and the lines that hold one, nearest to the other first.

    None where a word stands in no line of its language.
    """
    lines_of = []
    for word in words:
        places = np.flatnonzero(np.isin(token_ids, word.token_ids))
        lines = np.unique(np.searchsorted(segment_ends, places, side="right"))
        if word.lang is not None:
            lines = lines[segment_langs[lines] == word.lang]
        if not len(lines):
            return None
        lines_of.append(lines)
    if len(lines_of) == 1:
        return 0, lines_of[0].tolist()
    nearest: dict[int, int] = {}
    for own, other in (lines_of, lines_of[::-1]):
        for line, distance in zip(own.tolist(), _distances(own, other).tolist(), strict=True):
            nearest[line] = min(distance, nearest.get(line, distance))
    return min(nearest.values()), sorted(nearest, key=lambda line: (nearest[line], line))


def _distances(own: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
    """For each of some sorted numbers, how far the nearest of others is."""
    at = np.searchsorted(other, own)
    after = np.abs(other[np.minimum(at, len(other) - 1)] - own)
    before = np.abs(own - other[np.maximum(at - 1, 0)])
    return np.asarray(np.minimum(after, before))
