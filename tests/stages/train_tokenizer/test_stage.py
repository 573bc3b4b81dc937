"""The tokenizer stage: a model from a balanced sample, or the given one."""

from __future__ import annotations

import pytest

from pivotmine.errors import InputError
from pivotmine.recipe.reading import load_recipe
from pivotmine.stages.train_tokenizer import stage as tokenizer


def test_a_corpus_without_a_document_in_the_languages_of_the_recipe_is_an_error(table_inputs):
    document = {"doc_id": "1", "lang": "de", "text": "Die Datei wurde gelöscht.", "n_bytes": 26}
    with pytest.raises(InputError, match=r"\['en', 'fr', 'zh', 'ja'\].*`rejects`"):
        tokenizer.run(table_inputs(documents=[document]), load_recipe())
