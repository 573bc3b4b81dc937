"""The tokenizer stage: a model from a balanced sample, or the given one."""

from __future__ import annotations

import pytest

from pivotmine.errors import InputError
from pivotmine.recipe.reading import load_recipe
from pivotmine.stages.train_tokenizer import stage as tokenizer
from pivotmine.stages.train_tokenizer.training import train_sentencepiece


def test_a_corpus_without_a_document_in_the_languages_of_the_recipe_is_an_error(table_inputs):
    document = {"doc_id": "1", "lang": "de", "text": "Die Datei wurde gelöscht.", "n_bytes": 26}
    with pytest.raises(InputError, match=r"\['en', 'fr', 'zh', 'ja'\].*`rejects`"):
        tokenizer.run(table_inputs(documents=[document]), load_recipe())


def test_a_corpus_without_documents_is_told_from_one_without_these_languages(table_inputs):
    with pytest.raises(InputError, match="table documents is empty: no record became a document"):
        tokenizer.run(table_inputs(documents=[]), load_recipe())


def test_a_language_without_a_document_is_noted(table_inputs, tmp_path):
    lines = ["the old farmer told a story", "le vieux fermier raconte une histoire"] * 9
    (tmp_path / "own.model").write_bytes(train_sentencepiece(lines, 330))
    recipe = load_recipe(overrides=[f"tokenize.tokenizer={tmp_path / 'own.model'}"])
    found = [{"doc_id": lang, "lang": lang, "n_bytes": 9} for lang in ("en", "fr", "de")]
    inputs = table_inputs(documents=found)
    tokenizer.run(inputs, recipe)
    assert len(inputs.notes) == 1
    assert "no document is in zh or ja" in inputs.notes[0]
