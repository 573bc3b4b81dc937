"""Rows of table `term_counts` from a lexicon and its totals.

The driver holds the totals. The rows are ten times as large and are made by tasks, in pieces.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.dictionaries.lexicon import Lexicon
from pivotmine.lake.tables import TERM_COUNTS
from pivotmine.stages.terms.layout import DOCUMENTS, WINDOWS, TermPairs, TermTotals

PIECE_ROWS = 2**17
"""Rows made at once."""

_KINDS = ((DOCUMENTS, "n_docs"), (WINDOWS, "n_windows"))

Columns = dict[str, NDArray[np.int64] | pa.Array]


class TermResult(NamedTuple):
    """A lexicon with what was counted."""

    lexicon: Lexicon
    terms: TermPairs
    totals: TermTotals


def n_pieces(lexicon: Lexicon) -> tuple[int, int]:
    """Pieces of single words, and of pairs."""
    return -(-len(lexicon.terms) // PIECE_ROWS), -(-len(lexicon.a) // PIECE_ROWS)


def piece_rows(result: TermResult, piece: int) -> pa.RecordBatch:
    """Rows of one piece; pieces of words come first, then those of pairs."""
    n_word_pieces, _ = n_pieces(result.lexicon)
    if piece < n_word_pieces:
        made = _words(result, _piece(piece, len(result.lexicon.terms)))
    else:
        made = _pairs(result, _piece(piece - n_word_pieces, len(result.lexicon.a)))
    length = len(made["n_listed"])
    return pa.RecordBatch.from_arrays(
        [
            pa.array(made[field.name], field.type)
            if field.name in made
            else pa.nulls(length, field.type)
            for field in TERM_COUNTS.schema
        ],
        schema=TERM_COUNTS.schema,
    )


def _piece(piece: int, n_rows: int) -> NDArray[np.int64]:
    return np.arange(piece * PIECE_ROWS, min((piece + 1) * PIECE_ROWS, n_rows))


def _side(lexicon: Lexicon, words: NDArray[np.integer], side: str) -> Columns:
    indices = pa.array(words)
    return {
        f"lang_{side}": lexicon.languages.take(indices),
        f"term_{side}": lexicon.terms.take(indices),
        f"word_{side}": lexicon.words.take(indices),
    }


def _words(result: TermResult, words: NDArray[np.int64]) -> Columns:
    lexicon, terms, totals = result
    language = terms.language[words]
    columns = _side(lexicon, words, "a")
    columns["n_listed"] = lexicon.n_listed[words]
    for kind, name in _KINDS:
        columns[name] = totals.words[words, 0, kind]
        columns[f"{name}_total"] = np.full(len(words), totals.contexts[kind])
        columns[f"{name}_in_lang"] = totals.words[words, 1, kind]
        columns[f"{name}_in_lang_total"] = _mixed(totals, kind, language, language)
    return columns


def _pairs(result: TermResult, pairs: NDArray[np.int64]) -> Columns:
    lexicon, terms, totals = result
    a, b = lexicon.a[pairs], lexicon.b[pairs]
    language_a, language_b = terms.language[a], terms.language[b]
    counted_as = np.empty_like(terms.order)
    counted_as[terms.order] = np.arange(len(terms.order))
    counted = counted_as[pairs]
    margin_a, margin_b = _margins(terms, a, language_b), _margins(terms, b, language_a)
    columns = _side(lexicon, a, "a") | _side(lexicon, b, "b")
    columns["n_listed"] = lexicon.n_pair_listed[pairs]
    for kind, name in _KINDS:
        # A last entry for margins of languages that are not mined.
        margins = np.append(totals.margins[:, kind], 0)
        columns[name] = totals.pairs[counted, 0, kind]
        columns[f"{name}_a"] = totals.words[a, 0, kind]
        columns[f"{name}_b"] = totals.words[b, 0, kind]
        columns[f"{name}_total"] = np.full(len(pairs), totals.contexts[kind])
        columns[f"{name}_in_lang"] = totals.pairs[counted, 1, kind]
        columns[f"{name}_in_lang_a"] = margins[margin_a]
        columns[f"{name}_in_lang_b"] = margins[margin_b]
        columns[f"{name}_in_lang_total"] = _mixed(totals, kind, language_a, language_b)
    return columns


def _mixed(
    totals: TermTotals, kind: int, one: NDArray[np.int16], other: NDArray[np.int16]
) -> NDArray[np.int64]:
    """Contexts in which both languages take part; none for languages that are not mined."""
    lower, higher = np.minimum(one, other), np.maximum(one, other)
    return np.where(lower < 0, 0, totals.mixed[lower, higher, kind])


def _margins(
    terms: TermPairs, words: NDArray[np.int32], other_language: NDArray[np.int16]
) -> NDArray[np.int64]:
    """The margin of each word for a partner's language; -1 where one of them is not mined."""
    owner = np.repeat(np.arange(len(terms.language)), np.diff(terms.kept[:, 1]))
    keys = owner * terms.n_languages + terms.margin_language
    wanted = words.astype(np.int64) * terms.n_languages + other_language
    mined = (terms.language[words] >= 0) & (other_language >= 0)
    return np.where(mined, np.searchsorted(keys, wanted), -1)
