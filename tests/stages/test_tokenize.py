"""Tokens: made once for each text."""

from __future__ import annotations

from typing import Any

from pivotmine.config import Config
from pivotmine.stage import Renewed
from pivotmine.stages import tokenize
from tests.conftest import rows_of
from tests.text.test_tokenizer import OWN


def test_tokens_of_documents_that_were_there_are_not_made_again(table_inputs: Any):
    documents = [{"doc_id": name, "lang": "en", "text": "Open the file"} for name in "abc"]
    inputs = table_inputs(
        documents=documents, tokenizer=[{"kind": "sentencepiece", "model": OWN.model}]
    )
    made = {"lang": "en", "token_ids": [7], "segment_ends": [1], "segment_langs": ["en"]}
    rows = {name: {"doc_id": name, **made, "n_tokens": 1} for name in ("a", "b", "gone")}
    inputs.earlier["tokens"] = {"whole": [rows["a"]], "torn": [rows["b"], rows["gone"]]}

    tokens = tokenize.run(inputs, Config())["tokens"]

    assert isinstance(tokens, Renewed)
    assert tokens.kept == ("whole",)
    new, moved = (rows_of(part, "doc_id", "n_tokens") for part in tokens.rows)
    assert [doc_id for doc_id, n_tokens in new if n_tokens > 1] == ["c"]
    assert moved == [("b", 1)], "it moves as it was"
