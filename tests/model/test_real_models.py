"""The real models, where their packages are installed (not by default: 350 MB).

They load in seconds once converted; `PIVOTMINE_TEST_MODELS` names a folder that keeps the
conversion between runs.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import pytest

from pivotmine.model.load import PACKAGES, load_model
from pivotmine.model.scoring.engine import log_probs
from pivotmine.model.scoring.prompts import answer, prompt
from pivotmine.model.scoring.reference import log_probs_plain
from pivotmine.model.scoring.tokens import tokenize
from pivotmine.model.words.dataset import Direction, WordSet

pytest.importorskip("torch")
pytest.importorskip("transformers")

NAMES = {"en": "English", "fr": "French", "zh": "Chinese", "ja": "Japanese"}


@pytest.fixture(scope="module", params=sorted(PACKAGES))
def real_model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    package = PACKAGES[request.param]
    missing = [m for m in (package.module, "gguf", "accelerate") if not importlib.util.find_spec(m)]
    if missing:
        pytest.skip(f"{missing[0]} is not installed: {package.install}")
    kept = os.environ.get("PIVOTMINE_TEST_MODELS")
    return load_model(
        request.param, cache=Path(kept) if kept else tmp_path_factory.mktemp("models")
    )


def questions(model: Any, words: WordSet, source: str, target: str, n: int) -> list[Any]:
    direction = Direction(source, target)
    shots = words.split("train")
    return tokenize(
        model.tokenizer,
        [
            (prompt(direction, NAMES, shots, c.words[source]), answer(c.words[target]))
            for c in words.split("test")[:n]
        ],
    )


def test_real_tokenizers_cut_prompt_and_answer_at_the_seam(real_model: Any, small_words: WordSet):
    direction = Direction("fr", "zh")
    shots = small_words.split("train")
    for concept in small_words.split("test"):
        text = prompt(direction, NAMES, shots, concept.words["fr"])
        wanted = answer(concept.words["zh"])
        question = tokenize(real_model.tokenizer, [(text, wanted)])[0]
        alone = tuple(real_model.tokenizer(text)["input_ids"])
        assert question.context == alone
        assert real_model.tokenizer.decode(question.answer).strip() == wanted.strip()


def test_gemma_begins_with_its_bos_and_smollm_with_none(real_model: Any):
    question = tokenize(real_model.tokenizer, [("French: chat\nEnglish:", " cat")])[0]
    begins = question.context[0] == real_model.tokenizer.bos_token_id
    assert begins == real_model.name.startswith("gemma")


@pytest.mark.parametrize("target", ["fr", "zh"])
def test_real_models_score_as_in_the_plain_loop(real_model: Any, small_words: WordSet, target: str):
    asked = questions(real_model, small_words, "en", target, 5)
    fast = log_probs(real_model, asked)
    assert fast == pytest.approx(log_probs_plain(real_model, asked), abs=1e-3)


def test_real_models_know_a_cat_from_a_train(real_model: Any):
    text = "English: dog\nFrench: chien\n\nEnglish: water\nFrench: eau\n\nEnglish: train\nFrench:"
    right, wrong = log_probs(
        real_model, tokenize(real_model.tokenizer, [(text, " train"), (text, " chat")])
    )
    assert right > wrong
