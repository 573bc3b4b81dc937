"""The tokenize stage: a document that mixes languages is kept whole and says what it holds."""

from __future__ import annotations

from pivotmine.recipe import load_config
from pivotmine.stages import tokenize
from tests.conftest import rows_of
from tests.text.test_language import EN, FR, ZH
from tests.text.test_tokenizer import OWN


def test_a_mixed_document_is_marked_with_the_tokens_of_each_language(table_inputs):
    documents = [
        {"doc_id": "mixed", "lang": "fr", "text": FR[0] + EN[0] + ZH[0] + FR[1]},
        {"doc_id": "one", "lang": "en", "text": "".join(EN)},
        {"doc_id": "void", "lang": "und", "text": ""},
    ]
    tokenizer = {"kind": OWN.kind, "model": OWN.model}
    made = tokenize.run(table_inputs(documents=documents, tokenizer=[tokenizer]), load_config())
    columns = ("doc_id", "segment_langs", "segment_ends", "lang_tokens", "n_tokens")
    mixed, one, void = rows_of(made["tokens"], *columns)

    _, langs, ends, marked, n_tokens = mixed
    assert langs == ["fr", "en", "zh", "fr"]
    by_lang = {"fr": ends[0] + ends[3] - ends[2], "en": ends[1] - ends[0], "zh": ends[2] - ends[1]}
    assert dict(marked) == by_lang
    assert [n for _, n in marked] == sorted(by_lang.values(), reverse=True)
    assert sum(by_lang.values()) == n_tokens
    assert one[3] == [("en", one[4])]
    assert void[3:] == ([], 0)
