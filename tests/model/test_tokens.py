"""Where the answer begins, for tokenizers that make it hard."""

from __future__ import annotations

import pytest

from pivotmine.errors import InputError
from pivotmine.model.scoring.prompts import answer, prompt
from pivotmine.model.scoring.tokens import Question, seam, tokenize
from pivotmine.model.words.dataset import Direction, WordSet
from tests.model.conftest import byte_tokenizer, merging_tokenizer, metaspace_tokenizer

pytest.importorskip("transformers")

NAMES = {"en": "English", "fr": "French", "zh": "Chinese", "ja": "Japanese"}


def texts(words: WordSet, target: str) -> list[tuple[str, str]]:
    shots = words.split("train")
    direction = Direction("en", target)
    return [
        (prompt(direction, NAMES, shots, concept.words["en"]), answer(concept.words[target]))
        for concept in words.split("test")
    ]


def spelled(tokenizer, ids) -> list[str]:
    return tokenizer.convert_ids_to_tokens(list(ids))


@pytest.mark.parametrize("target", ["fr", "zh", "ja"])
def test_context_and_answer_are_the_text_cut_at_the_seam(small_words: WordSet, target: str):
    tokenizer = byte_tokenizer()
    for (text, wanted), question in zip(
        texts(small_words, target),
        tokenize(tokenizer, texts(small_words, target)),
        strict=True,
    ):
        assert tokenizer.decode(question.context) == text
        assert tokenizer.decode(question.answer) == wanted


def test_a_character_spread_over_bytes_is_whole_in_the_answer():
    question = tokenize(byte_tokenizer(), [("French: cheval\nChinese:", " 马")])[0]
    assert len(question.answer) == 1 + 3  # the space, and three bytes


def test_a_lone_space_before_a_cjk_word_belongs_to_the_answer(small_words: WordSet):
    tokenizer = metaspace_tokenizer(small_words)
    question = tokenize(tokenizer, [("English: horse\nChinese:", " 马")])[0]
    assert spelled(tokenizer, question.answer) == ["▁", "马"]
    assert spelled(tokenizer, question.context)[-1] == ":"


def test_a_space_that_covers_no_character_belongs_to_the_answer():
    offsets = [(0, 0), (0, 4), (4, 5), (5, 5), (6, 7)]
    assert seam(offsets, [1, 0, 0, 0, 0], 5) == 3


def test_a_token_across_the_seam_is_the_first_of_the_answer():
    tokenizer = merging_tokenizer()
    question = tokenize(tokenizer, [("French:", " eau")])[0]
    assert spelled(tokenizer, question.answer) == [":Ġ", "e", "a", "u"]
    assert spelled(tokenizer, question.context) == list("French")


def test_the_bos_token_is_set_by_the_tokenizer_or_the_settings(small_words: WordSet):
    tokenizer = metaspace_tokenizer(small_words)
    text = [("English: horse\nFrench:", " cheval")]
    begins = {
        bos: tokenize(tokenizer, text, bos)[0].context[0] == tokenizer.bos_token_id
        for bos in ("auto", "always", "never")
    }
    assert begins == {"auto": True, "always": True, "never": False}
    plain = byte_tokenizer()
    with pytest.raises(InputError, match="has no BOS token"):
        tokenize(plain, text, "always")


def test_an_end_of_text_token_is_not_part_of_the_answer(small_words: WordSet):
    from tokenizers import processors

    tokenizer = metaspace_tokenizer(small_words)
    without = tokenize(tokenizer, [("English: cat\nFrench:", " chat")])
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        "<s> $A <s>", special_tokens=[("<s>", 1)]
    )
    assert tokenize(tokenizer, [("English: cat\nFrench:", " chat")]) == without


def test_no_questions_give_no_tokens():
    assert tokenize(byte_tokenizer(), []) == []


def test_an_empty_answer_is_refused():
    with pytest.raises(InputError, match="no token for the answer"):
        tokenize(byte_tokenizer(), [("English:", "")])


def test_questions_are_plain_tuples():
    question = tokenize(byte_tokenizer(), [("a:", " b")])[0]
    assert question == Question(question.context, question.answer)
    assert {type(token) for token in (*question.context, *question.answer)} == {int}
