"""Tokens: each text is tokenized once, and the tokens of each language are counted."""

from __future__ import annotations

from typing import Any

from pivotmine.engine.stage import Renewed
from pivotmine.recipe import Recipe
from pivotmine.stages.tokenize import stage as tokenize
from tests.conftest import rows_of
from tests.text.test_language import EN, FR, ZH
from tests.text.test_tokenizer import OWN

TOKENIZER = [{"kind": OWN.kind, "model": OWN.model}]


def test_a_mixed_document_is_marked_with_the_tokens_of_each_language(table_inputs: Any):
    documents = [
        {"doc_id": "mixed", "lang": "fr", "text": FR[0] + EN[0] + ZH[0] + FR[1]},
        {"doc_id": "one", "lang": "en", "text": "".join(EN)},
        {"doc_id": "void", "lang": "und", "text": ""},
    ]
    tokens = tokenize.run(table_inputs(documents=documents, tokenizer=TOKENIZER), Recipe())[
        "tokens"
    ]
    assert isinstance(tokens, Renewed)
    columns = ("doc_id", "segment_langs", "segment_ends", "lang_tokens", "n_tokens")
    mixed, one, void = rows_of(tokens.rows[0], *columns)

    _, langs, ends, marked, n_tokens = mixed
    assert langs == ["fr", "en", "zh", "fr"]
    by_lang = {"fr": ends[0] + ends[3] - ends[2], "en": ends[1] - ends[0], "zh": ends[2] - ends[1]}
    assert dict(marked) == by_lang
    assert [n for _, n in marked] == sorted(by_lang.values(), reverse=True)
    assert sum(by_lang.values()) == n_tokens
    assert one[3] == [("en", one[4])]
    assert void[3:] == ([], 0)


def test_documents_that_have_tokens_are_not_tokenized_again(table_inputs: Any):
    documents = [
        {"doc_id": name, "source": "site", "lang": "en", "text": "Open the file"}
        for name in ("a", "b", "c", "renamed")
    ]
    inputs = table_inputs(documents=documents, tokenizer=TOKENIZER)
    made = {"lang": "en", "token_ids": [7], "segment_ends": [1], "segment_langs": ["en"]}
    names = {"a": "site", "b": "site", "gone": "site", "renamed": "other site"}
    rows = {
        name: {"doc_id": name, "source": source, **made, "n_tokens": 1}
        for name, source in names.items()
    }
    torn = [rows["b"], rows["gone"], rows["renamed"]]
    inputs.earlier["tokens"] = {"whole": [rows["a"]], "torn": torn}

    tokens = tokenize.run(inputs, Recipe())["tokens"]

    assert isinstance(tokens, Renewed)
    assert tokens.kept == ("whole",)
    # A document that comes from another source now has its tokens made anew.
    new, moved = (rows_of(part, "doc_id", "n_tokens") for part in tokens.rows)
    assert [doc_id for doc_id, n_tokens in new if n_tokens > 1] == ["c", "renamed"]
    assert moved == [("b", 1)], "it moves as it was"
