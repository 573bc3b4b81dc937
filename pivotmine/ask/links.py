"""The links of a word: the words of other languages that it is associated with, strongest first."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from pivotmine.ask.rows import Rows
from pivotmine.lake.query import rows_of_word

TABLES_READ = ("links", "vocabulary")


@dataclass(frozen=True)
class Partner:
    """A link of a word, seen from that word."""

    word: str
    """The token of the word that is linked: a word may have several spellings."""
    lang: str
    """Its language."""
    partner: str
    """The token at the other end."""
    partner_lang: str
    n_ab: int
    """Mixed contexts that hold both."""
    expected: float
    """`n_ab` if the two were independent."""
    npmi: float
    """Normalised pointwise mutual information, -1 to 1."""
    g2: float
    """Log-likelihood ratio (Dunning 1993)."""
    q_value: float
    """False discovery rate at which the pair passes (Benjamini & Hochberg 1995)."""
    rank: int
    """Place of the partner among the word's partners of that language, by G2; copies apart."""
    prevails: bool
    """Whether the link is the best one of one of its words, and no rival explains it."""
    is_copy: bool
    """Whether both tokens are spelled alike: a name, a number, a loan word."""
    other_rank: int
    """Place of the word among the partner's partners of the word's language."""
    folds: int
    """Hash folds of documents in which the two meet more often than expected."""
    n_won: int
    """Contexts with both in which no better partner of either is present."""
    prevails_q_value: float | None
    """False discovery rate of the best partners that are as sure; None for other links."""


def find_links(
    connection: duckdb.DuckDBPyConnection, word: str, lang: str | None = None, limit: int = 20
) -> Rows[Partner]:
    """Partners of a word: links that prevail first, then by G2; copies last.

    Parameters
    ----------
    connection
        A connection to a lake (`pivotmine.lake.query.connect`) with the tables `TABLES_READ`.
    word
        A word, which may name its language: `chat`, `fr:chat`.
    lang
        Language of the partners; without one, any.
    limit
        Most rows.

    Raises
    ------
    LakeError
        The word is not a single token of the vocabulary.
    """
    rows = rows_of_word(connection, _LINKS, word, lang, limit)
    return Rows(Partner, (Partner(*row) for row in rows))


_LINKS = """
    WITH sides AS (
        SELECT a AS id, token_a AS word, lang_a AS lang, token_b AS partner, lang_b AS partner_lang,
               rank_ab AS rank, rank_ba AS other_rank, *
        FROM links WHERE list_contains($ids, a)
        UNION ALL BY NAME
        SELECT b AS id, token_b AS word, lang_b AS lang, token_a AS partner, lang_a AS partner_lang,
               rank_ba AS rank, rank_ab AS other_rank, *
        FROM links WHERE list_contains($ids, b))
    SELECT word, lang, partner, partner_lang, n_ab, expected, npmi, g2, q_value, rank, prevails,
           is_copy, other_rank, folds, n_won, prevails_q_value
    FROM sides
    WHERE coalesce(lang = $word_lang, true) AND coalesce(partner_lang = $lang, true)
    ORDER BY is_copy, prevails DESC, g2 DESC, partner_lang, partner, word, lang
    LIMIT $limit
"""
