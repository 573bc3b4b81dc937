"""A document that mixes languages is kept whole and says what it holds."""

from __future__ import annotations

from udfs.tokenize import tokens_by_language


def test_a_mixed_document_is_marked_with_the_tokens_of_each_language():
    assert tokens_by_language([3, 3, 10, 12], ["fr", "en", "ja", "fr"]) == [
        ("ja", 7),
        ("fr", 5),
    ]
    assert tokens_by_language([], []) == []
