"""View Lines: the lines of the corpus in which a word stands, or two words meet."""

from __future__ import annotations

from pivotmine.ask.documents import find_documents
from pivotmine.ask.scope import choose_scope, corpus_size
from pivotmine.explore.view import Asked, Unasked, View
from pivotmine.lake.query import find_word

_DOCUMENTS_A_PAGE = 10
_MAX_LINES = 4
_MAX_PAGE = 100

MOST_TOKENS = 50_000_000
"""Tokens that a question reads: about five seconds of processor time."""


def lines(asked: Asked) -> View:
    """Values: `a` a word, `b` a second one (or none), `page` from 1, `all` to read everything.

    Raises
    ------
    Unasked
        No word is named.
    InputError
        The page is no number.
    LakeError
        A word is not a single token of the vocabulary, or both are the same.
    """
    a, b = asked.text("a"), asked.text("b")
    if not a:
        raise Unasked("name a word, such as fr:chat, and a second one that it meets: en:cat")
    page = asked.number("page", 1, _MAX_PAGE)
    connection = asked.connection
    size = asked.opened.remember("size", lambda: corpus_size(connection))
    words = [find_word(connection, word) for word in (a, b) if word]
    most_tokens = size.n_tokens if asked.flag("all") else MOST_TOKENS
    scope = choose_scope(connection, words, size, most_tokens)
    # One more than is shown says whether there is a next page.
    wanted = asked.limit(page * _DOCUMENTS_A_PAGE + 1)
    found = find_documents(
        connection, a, b or None, limit=wanted, max_lines=_MAX_LINES, rows=scope.rows
    )
    start = (page - 1) * _DOCUMENTS_A_PAGE
    return View(
        "lines",
        f"{a} and {b}" if b else a,
        {
            "a": a,
            "b": b,
            "documents": found[start : start + _DOCUMENTS_A_PAGE],
            "first": start + 1,
            "scope": scope,
            "all": asked.flag("all"),
            "page": page,
            "more": len(found) > start + _DOCUMENTS_A_PAGE and page < _MAX_PAGE,
        },
        {"documents": found.to_arrow()},
    )
