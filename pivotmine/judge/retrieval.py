"""What could be learnt from an arm: translations found by word vectors of its documents alone.

This is a proxy for training. Every arm is cut to the same number of tokens of each language, and
word vectors are made from each arm by counting (`embeddings.py`). Then the nearest word of the
other language is looked up for words of a lexicon. The words are the same for every arm: whole
tokens in enough documents of the corpus. A word that an arm does not hold counts as a miss.

Intervals are bootstraps over words, with the same draws for all arms. They do not cover other draws
of documents.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from pivotmine.ask.arms import NOTHING_SELECTED, selected_names
from pivotmine.errors import LakeError
from pivotmine.judge.embeddings import embed, nearest, window_presence
from pivotmine.judge.figures import ALL, flat_columns
from pivotmine.judge.truth import Truth
from pivotmine.judge.vocabulary import token_words
from pivotmine.numeric.bootstrap import Interval, Resamples

_AT = 5


class VectorSettings(NamedTuple):
    """How the vectors of every arm are made."""

    window_tokens: int = 64
    n_dimensions: int = 100
    min_windows: int = 3
    """Windows of the arm that a word needs for a vector."""

    min_docs: int = 10
    """Documents of the corpus that a word and its translation each need to be asked."""

    seed: int = 0


@dataclass(frozen=True)
class Retrieval:
    """Translations retrieved from one arm, of one language pair or all."""

    arm: str
    lang_a: str
    """Language of the words that are asked, or `all`."""

    lang_b: str
    n_tokens: int
    """Tokens of the arm that were read."""

    n_queries: int
    held: float
    """Share of the words asked that have a vector, as does a translation."""

    p_at_1: Interval
    p_at_5: Interval

    def row(self) -> dict[str, Any]:
        """Flat columns."""
        return flat_columns(vars(self))


class _Lexicon(NamedTuple):
    word_of_token: NDArray[np.int32]
    """[ids] word of each token, -1 for fragments."""

    n_words: int
    words_of: dict[str, NDArray[np.int64]]
    """Words of each language, ascending."""

    answers: dict[tuple[str, str], dict[int, set[int]]]
    """For two languages: word of the first -> its translations."""


def evaluate_selection(
    connection: duckdb.DuckDBPyConnection, truth: Truth, settings: VectorSettings | None = None
) -> list[Retrieval]:
    """Judge every arm of table `selection`. Memory: the tokens and word pairs of one arm.

    Raises
    ------
    LakeError
        Nothing is selected, or no translation of the truth joins two frequent tokens.
    """
    settings = settings or VectorSettings()
    lexicon = _lexicon(connection, truth, settings.min_docs)
    connection.execute(_EQUAL)
    arms = connection.execute("SELECT DISTINCT arm FROM equal_arms ORDER BY arm").fetchall()
    if not arms:
        if selected_names(connection):
            raise LakeError(
                "every arm was selected and is empty: no document fits its budget; raise "
                "select.budget_tokens and run again"
            )
        raise LakeError(NOTHING_SELECTED)
    return [row for (arm,) in arms for row in _retrieve(connection, arm, lexicon, settings)]


def _lexicon(connection: duckdb.DuckDBPyConnection, truth: Truth, min_docs: int) -> _Lexicon:
    """Words are folded spellings: tokens that differ in case alone are one."""
    ((last_id,),) = connection.execute("SELECT max(token_id) FROM vocabulary").fetchall()
    numbers: dict[str, int] = {}
    word_of_token = np.full(0 if last_id is None else last_id + 1, -1, np.int32)
    members: dict[str, set[int]] = defaultdict(set)
    n_docs: dict[int, int] = defaultdict(int)
    for found in token_words(connection):
        if found.word:
            word = numbers.setdefault(found.word, len(numbers))
            word_of_token[found.token_id] = word
            members[found.lang].add(word)
            n_docs[word] = max(n_docs[word], found.document_frequency)
    answers: dict[tuple[str, str], dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for lang_a, word_a, lang_b, word_b in truth.pairs:
        a, b = numbers.get(word_a, -1), numbers.get(word_b, -1)
        if a == b or a not in members[lang_a] or b not in members[lang_b]:
            continue
        if min(n_docs[a], n_docs[b]) >= min_docs:
            answers[lang_a, lang_b][a].add(b)
            answers[lang_b, lang_a][b].add(a)
    if not answers:
        raise LakeError(
            f"no translation of the truth joins two tokens in {min_docs} documents each; "
            "fill the lake with `pivotmine run --until select`, or lower the number"
        )
    words_of = {lang: np.array(sorted(words), np.int64) for lang, words in members.items()}
    return _Lexicon(word_of_token, len(numbers), words_of, dict(answers))


def _retrieve(
    connection: duckdb.DuckDBPyConnection, arm: str, lexicon: _Lexicon, settings: VectorSettings
) -> list[Retrieval]:
    columns = connection.sql(_TOKENS, params={"arm": arm}).to_arrow_table()
    ids = columns["token_ids"].combine_chunks()
    lengths = ids.value_lengths().to_numpy(zero_copy_only=False) if len(ids) else np.zeros(0, int)
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    flat = ids.flatten().to_numpy() if len(ids) else np.zeros(0, np.int32)
    presence = window_presence(
        lexicon.word_of_token[flat], offsets, lexicon.n_words, settings.window_tokens
    )
    vectors = embed(presence, settings.n_dimensions, settings.min_windows, settings.seed)
    known = np.abs(vectors).sum(axis=1) > 0
    parts: dict[tuple[str, str], tuple[NDArray[Any], ...]] = {}
    for pair, answers in sorted(lexicon.answers.items()):
        queries = np.array(sorted(answers), np.int64)
        found = nearest(vectors, queries, lexicon.words_of[pair[1]], _AT)
        right: NDArray[np.bool_] = np.array(
            [
                [word in answers[query] for word in row]
                for query, row in zip(queries.tolist(), found.tolist(), strict=True)
            ]
        )
        held = [known[query] and known[list(answers[query])].any() for query in queries.tolist()]
        first, any_of = right[:, 0], np.asarray(right.any(axis=1))
        parts[pair] = (queries, np.array(held), first, any_of)
    whole = tuple(np.concatenate(columns) for columns in zip(*parts.values(), strict=True))
    resamples = Resamples(lexicon.n_words, seed=settings.seed)
    return [
        _judged(arm, pair, int(offsets[-1]), part, resamples)
        for pair, part in {(ALL, ALL): whole, **parts}.items()
    ]


def _judged(
    arm: str,
    pair: tuple[str, str],
    n_tokens: int,
    part: tuple[NDArray[Any], ...],
    resamples: Resamples,
) -> Retrieval:
    queries, held, *hits = part
    ones = np.ones(len(queries))
    first, fifth = (resamples.ratio(queries, hit.astype(np.float64), ones) for hit in hits)
    return Retrieval(arm, *pair, n_tokens, len(queries), float(held.mean()), first, fifth)


_EQUAL = """
    CREATE OR REPLACE TEMP TABLE equal_arms AS
    WITH sizes AS (
        SELECT arms.arm, langs.lang, coalesce(sum(n_tokens), 0) AS n
        FROM (SELECT DISTINCT arm FROM selection) arms
        CROSS JOIN (SELECT DISTINCT lang FROM selection) langs
        LEFT JOIN selection s ON s.arm = arms.arm AND s.lang = langs.lang GROUP BY ALL
    ), least AS (SELECT lang, min(n) AS n FROM sizes GROUP BY lang)
    SELECT arm, doc_id, position FROM (
        SELECT *, sum(n_tokens) OVER (PARTITION BY arm, lang ORDER BY position) AS used
        FROM selection)
    JOIN least USING (lang) WHERE used <= n
"""
"""Documents of each arm, cut to the tokens that every arm has of each language. Positions are
random, so this is a random part."""

_TOKENS = """
    SELECT token_ids FROM tokens JOIN (SELECT * FROM equal_arms WHERE arm = $arm) USING (doc_id)
    ORDER BY position
"""
