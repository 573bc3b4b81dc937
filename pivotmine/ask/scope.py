"""Where lines are looked for, so that an answer comes in seconds however large the corpus is.

A corpus of up to `most_tokens` is searched whole. In a larger one, a pair whose link counts for
scores is looked up in column `links` of table `scores`, which lists for each document the links
that it realises: it is the index from links to documents, is written anyway, and holds about one
number for 20 tokens. The documents that are read are a draw of `_MAX_DRAWN` of them: the first by
their ids, which are hashes. Other words are looked for in the first documents of the table, up to
`most_tokens`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from pivotmine.lake.query import SCORING_LINKS, WordTokens, quoted

TABLES_READ = ("tokens", "scores", "links")

_MAX_DRAWN = 400


@dataclass(frozen=True)
class Size:
    """Documents and tokens of the corpus."""

    n_docs: int
    n_tokens: int


@dataclass(frozen=True)
class Scope:
    """The documents that a search reads."""

    rows: str
    """SQL of the rows of `tokens` that are read."""
    n_docs: int
    """Their number."""
    of: int
    """All documents of the corpus, or all that realise the link."""
    by_link: bool
    """Whether they realise a link of the words."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return self.n_docs == self.of and not self.by_link


def corpus_size(connection: duckdb.DuckDBPyConnection) -> Size:
    """Documents and tokens of the corpus; reads one narrow column."""
    n_docs, n_tokens = connection.execute(
        "SELECT count(*), coalesce(sum(n_tokens), 0)::BIGINT FROM tokens"
    ).fetchall()[0]
    return Size(n_docs, n_tokens)


def choose_scope(
    connection: duckdb.DuckDBPyConnection,
    words: Sequence[WordTokens],
    size: Size,
    most_tokens: int,
) -> Scope:
    """Where to look for words in a corpus of this size."""
    if size.n_tokens <= most_tokens:
        return Scope("tokens", size.n_docs, size.n_docs, by_link=False)
    links = _links_between(connection, *words) if len(words) == 2 else []
    if links:
        found = connection.execute(_REALISING, {"links": links, "most": _MAX_DRAWN}).fetchall()
        ids = ", ".join(quoted(doc_id) for doc_id, _ in found)
        total = found[0][1] if found else 0
        rows = f"(FROM tokens WHERE list_contains([{ids}]::VARCHAR[], doc_id))"
        return Scope(rows, len(found), total, by_link=True)
    n_docs = max(size.n_docs * most_tokens // size.n_tokens, 1)
    return Scope(f"(FROM tokens LIMIT {n_docs})", n_docs, size.n_docs, by_link=False)


def _links_between(
    connection: duckdb.DuckDBPyConnection, one: WordTokens, other: WordTokens
) -> list[int]:
    """Numbers in `scores.links` of the links between two words."""
    asked = {
        **{"one": list(one.token_ids), "one_lang": one.lang},
        **{"other": list(other.token_ids), "other_lang": other.lang},
    }
    return [number for (number,) in connection.execute(_BETWEEN, asked).fetchall()]


_BETWEEN = f"""
    SELECT link FROM ({SCORING_LINKS})
    WHERE (list_contains($one, a) AND list_contains($other, b)
           AND coalesce(lang_a = $one_lang, true) AND coalesce(lang_b = $other_lang, true))
       OR (list_contains($other, a) AND list_contains($one, b)
           AND coalesce(lang_a = $other_lang, true) AND coalesce(lang_b = $one_lang, true))
    ORDER BY link
"""

_REALISING = """
    SELECT doc_id, count(*) OVER () FROM scores
    WHERE method = 'translation' AND list_has_any(links, $links::INT[])
    ORDER BY doc_id LIMIT $most
"""
