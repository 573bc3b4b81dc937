"""A language model is known by its content, not by its path."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pivotmine.errors import SetupError
from pivotmine.recipe.reading import load_recipe
from pivotmine.stages.ingest.files import reading_settings
from pivotmine.stages.ingest.stage import STAGE as INGEST
from pivotmine.stages.tokenize.stage import STAGE as TOKENIZE
from pivotmine.text.fasttext_model import model_digest


def test_other_bytes_under_the_same_path_change_what_stages_depend_on(tmp_path: Path):
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n')
    model = tmp_path / "lid.bin"
    recipe = load_recipe(
        None,
        [f"ingest.inputs=[{{uris: ['{tmp_path}/a.jsonl']}}]", f"ingest.language_model={model}"],
    )
    seen = []
    for content in (b"one model", b"two model", b"one model"):
        model.write_bytes(content)
        os.utime(model, ns=(len(seen) + 1, len(seen) + 1))  # a write within a tick of the clock
        seen.append((INGEST.external(recipe), TOKENIZE.external(recipe), reading_settings(recipe)))
    assert all(one != two for one, two in zip(seen[0], seen[1], strict=True))
    assert seen[0] == seen[2]


def test_the_default_model_has_a_digest_too_and_a_missing_one_is_said():
    assert len(model_digest()) == 64
    with pytest.raises(SetupError, match=r"no/such\.bin does not exist"):
        model_digest("/no/such.bin")
