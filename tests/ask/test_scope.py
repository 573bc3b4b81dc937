"""Where a search of a large corpus looks."""

from __future__ import annotations

import duckdb
import pytest

from pivotmine.ask.documents import find_documents
from pivotmine.ask.scope import choose_scope, corpus_size
from pivotmine.lake.query import connect, find_word
from tests.handmade import link, make_lake, word
from tests.stages.stage_rows import tokens_row

CAT, CHAT, DOG, CHIEN = range(4)
HELD = {"00": [0, 1], "01": [1], "02": [0], "03": []}
"""Documents and the links that they realise: 0 is dog and chien, the stronger one."""


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    lake = make_lake(
        tmp_path_factory.mktemp("scope"),
        vocabulary=[word(CAT, "▁cat", "en"), word(CHAT, "▁chat", "fr"), word(DOG, "▁dog", "en"),
                    word(CHIEN, "▁chien", "fr")],
        links=[link(CAT, "en", CHAT, "fr", 0.5, g2=10.0),
               link(DOG, "en", CHIEN, "fr", 0.9, g2=90.0),
               link(CAT, "en", CHIEN, "fr", 0.1, g2=99.0, prevails=False)],
        tokens=[tokens_row(name, ("en", [CAT, DOG]), ("fr", [CHAT, CHIEN])) for name in HELD],
        documents=[{"doc_id": name, "source": "web", "uri": "a"} for name in HELD],
        scores=[{"doc_id": name, "method": "translation", "score": 1.0, "links": links}
                for name, links in HELD.items()],
        selection=[],
    )  # fmt: skip
    return connect(lake)


def scope_of(connection, *words, most_tokens=8):
    found = [find_word(connection, name) for name in words]
    return choose_scope(connection, found, corpus_size(connection), most_tokens)


def documents(connection, scope, *words):
    return [one.doc_id for one in find_documents(connection, *words, rows=scope.rows)]


def test_a_small_corpus_is_searched_whole(connection):
    scope = scope_of(connection, "cat", "chat", most_tokens=16)
    assert scope.is_whole and scope.n_docs == len(HELD)
    assert documents(connection, scope, "cat", "chat") == list(HELD)


@pytest.mark.parametrize("words", [("cat", "chat"), ("fr:chat", "en:cat")])
def test_a_pair_whose_link_counts_is_looked_up_in_the_scores(connection, words):
    scope = scope_of(connection, *words)
    assert (scope.by_link, scope.n_docs, scope.of) == (True, 2, 2)
    assert documents(connection, scope, *words) == ["00", "01"]


def test_a_link_that_does_not_count_is_no_index(connection):
    scope = scope_of(connection, "cat", "chien")
    assert (scope.by_link, scope.n_docs, scope.of) == (False, 2, 4)
    assert len(documents(connection, scope, "cat", "chien")) == 2


def test_a_word_is_looked_for_in_the_first_documents(connection):
    assert len(documents(connection, scope_of(connection, "cat"), "cat")) == 2
