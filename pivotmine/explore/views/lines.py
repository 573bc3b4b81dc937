"""View Lines: the lines of the corpus in which a word stands, or two words meet."""

from __future__ import annotations

from pivotmine.ask.documents import find_documents
from pivotmine.explore.view import Asked, Unasked, View
from pivotmine.explore.words import typed

_DOCUMENTS_A_PAGE = 10
_MAX_LINES = 4
_MAX_PAGE = 100


def lines(asked: Asked) -> View:
    """Values: `a` a word, `b` a second one (or none), `page` from 1.

    Raises
    ------
    Unasked
        No word is named.
    InputError
        The page is no number.
    LakeError
        A word is not a single token of the vocabulary, or both are the same.
    """
    a, b = typed(asked.text("a")), typed(asked.text("b"))
    if not a:
        raise Unasked("name a word, such as fr:chat, and a second one that it meets: en:cat")
    page = asked.number("page", 1, _MAX_PAGE)
    # One more than is shown says whether there is a next page.
    wanted = asked.limit(page * _DOCUMENTS_A_PAGE + 1)
    found = find_documents(asked.connection, a, b or None, limit=wanted, max_lines=_MAX_LINES)
    start = (page - 1) * _DOCUMENTS_A_PAGE
    return View(
        "lines",
        f"{a} and {b}" if b else a,
        {
            "a": a,
            "b": b,
            "documents": found[start : start + _DOCUMENTS_A_PAGE],
            "first": start + 1,
            "page": page,
            "more": len(found) > start + _DOCUMENTS_A_PAGE and page < _MAX_PAGE,
        },
        {"documents": found.to_arrow()},
    )
