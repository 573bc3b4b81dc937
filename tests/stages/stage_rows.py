"""Rows of the lake's tables in a few words, for the tests of stages."""

from __future__ import annotations

from collections import Counter
from itertools import accumulate
from typing import Any

Row = dict[str, Any]


def tokens_row(
    doc_id: str, *segments: tuple[str, list[int]], lang: str = "en", source: str = ""
) -> Row:
    """A row of `tokens` from segments, each a language and its token ids."""
    token_ids = [token for _, tokens in segments for token in tokens]
    lang_tokens = Counter[str]()
    for language, tokens in segments:
        lang_tokens[language] += len(tokens)
    return {
        "doc_id": doc_id,
        "source": source,
        "lang": lang,
        "token_ids": token_ids,
        "segment_ends": list(accumulate(len(tokens) for _, tokens in segments)),
        "segment_langs": [language for language, _ in segments],
        "n_tokens": len(token_ids),
        "lang_tokens": list(lang_tokens.items()),
    }


def vocabulary_row(
    token_id: int,
    token: str,
    langs: list[str],
    *,
    token_count: int = 100,
    document_frequency: int = 100,
    whole_share: float = 1.0,
) -> Row:
    """A row of `vocabulary`: a word of `langs`."""
    return {
        "token_id": token_id,
        "token": token,
        "lang": langs[0] if len(langs) == 1 else "shared",
        "lang_share": 1.0,
        "langs": langs,
        "document_frequency": document_frequency,
        "token_count": token_count,
        "whole_share": whole_share,
    }


def counts_row(
    a: int,
    b: int,
    table: tuple[int, int, int, int],
    langs: tuple[str, str] = ("en", "fr"),
    fold_counts: list[int] | None = None,
) -> Row:
    """A row of `counts` from (n_ab, n_a, n_b, n_contexts)."""
    n_ab, n_a, n_b, n_contexts = table
    return {
        "a": a,
        "b": b,
        "n_ab": n_ab,
        "n_a": n_a,
        "n_b": n_b,
        "n_contexts": n_contexts,
        "lang_a": langs[0],
        "lang_b": langs[1],
        "fold_counts": fold_counts or [n_ab],
    }


def link_row(
    a: int,
    b: int,
    langs: tuple[str, str],
    *,
    prevails: bool = True,
    g2: float = 100.0,
    folds: int = 4,
) -> Row:
    """A row of `links`, between rare words; figures that no reader uses are left out."""
    return {
        "a": a,
        "b": b,
        "lang_a": langs[0],
        "lang_b": langs[1],
        "n_a": 1,
        "n_b": 1,
        "n_contexts": 1024,
        "g2": g2,
        "folds": folds,
        "is_copy": a == b,
        "prevails": prevails,
    }
