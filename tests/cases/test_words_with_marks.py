"""Words with several marks are found however lexicon and text write them, by any tokenizer."""

from __future__ import annotations

import io
from unicodedata import combining, normalize

import numpy as np
import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer as HuggingFaceTokenizer
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers

from pivotmine.stages.terms.matching import build_trie, find_terms
from pivotmine.stages.terms.piece_texts import piece_texts
from pivotmine.stages.terms.token_text import rebuild_text
from pivotmine.stages.train_tokenizer.training import train_sentencepiece
from pivotmine.text.folding import fold, spaced_letters
from pivotmine.text.tokenizer import Tokenizer
from pivotmine.text.tokenizer_runtime import TokenizerRuntime

WORDS = ("شَدَّة", "مُحَمَّدٌ", "שַׁבָּת", "דָּג", "tiếng", "Việt", "ữ", "क़लम", "ᾂδης", "cafés", "ガス", "한글")
LINES = [
    f"The cats sat on 12 mats, watching {form} and {word}."
    for word in WORDS
    for form in (normalize("NFD", word), normalize("NFC", word))
] * 4


def given_sentencepiece() -> TokenizerRuntime:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES),
        model_writer=model,
        vocab_size=400,
        hard_vocab_limit=False,
        byte_fallback=True,
        minloglevel=3,
    )
    return Tokenizer("sentencepiece", model.getvalue()).load()


def byte_level(*normal_form: normalizers.Normalizer) -> TokenizerRuntime:
    tokenizer = HuggingFaceTokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence(list(normal_form))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(LINES, trainer)
    return Tokenizer("huggingface", tokenizer.to_str().encode()).load()


RUNTIMES = {
    "sentencepiece, trained here": Tokenizer(
        "sentencepiece", train_sentencepiece(LINES, 400)
    ).load(),
    "sentencepiece with NFKC": given_sentencepiece(),
    "byte-level BPE": byte_level(),
    "byte-level BPE with NFD": byte_level(normalizers.NFD()),
}
TEXTS = {name: piece_texts(runtime) for name, runtime in RUNTIMES.items()}

LETTERS = {
    "Arabic": ("شدملا", "\u064b\u064e\u064f\u0650\u0651\u0652\u0654\u0670"),
    "Hebrew": ("שבדלת", "\u05b0\u05b4\u05b7\u05b8\u05bc\u05c1\u05c2"),
    "Vietnamese": ("aeouươâê", "\u0300\u0301\u0302\u0303\u0306\u0309\u031b\u0323"),
    "Devanagari": ("कखगज", "\u093c\u094d\u0951"),
    "Greek": ("αηω", "\u0300\u0301\u0313\u0314\u0342\u0345"),
}


@st.composite
def spellings(draw: st.DrawFn) -> tuple[str, str]:
    """Two canonically equivalent spellings of a word."""
    letters, marks = LETTERS[draw(st.sampled_from(sorted(LETTERS)))]
    one = other = ""
    for _ in range(draw(st.integers(1, 4))):
        letter = draw(st.sampled_from(letters))
        held = draw(st.lists(st.sampled_from(marks), max_size=3, unique=True))
        # Marks of one class stand in their order; those of others, before or after them.
        order = draw(st.permutations(range(len(held))))
        classes = [combining(held[i]) for i in order]
        queues = {c: [mark for mark in held if combining(mark) == c] for c in classes}
        moved = [queues[c].pop(0) for c in classes]
        one += letter + "".join(held)
        other += letter + "".join(moved)
    form_one, form_other = (draw(st.sampled_from(("", "NFC", "NFD"))) for _ in range(2))
    return (
        normalize(form_one, one) if form_one else one,
        normalize(form_other, other) if form_other else other,
    )


def find(name: str, terms: list[str], text: str) -> list[str]:
    ids, _ = RUNTIMES[name].encode_segments([text])
    strings = sorted({fold(term) for term in terms})
    points = rebuild_text(ids, np.array([0, len(ids)]), TEXTS[name]).points
    found = find_terms(points, build_trie(strings, spaced_letters()))
    return [strings[string] for string in found.string.tolist()]


@pytest.mark.parametrize("name", sorted(RUNTIMES))
@given(st.lists(spellings(), min_size=1, max_size=4))
def test_a_word_is_found_in_every_equivalent_spelling(name: str, words):
    text = "The cats " + ", ".join(other for _, other in words) + "."
    found = find(name, [one for one, _ in words], text)
    assert sorted(found) == sorted(fold(one) for one, _ in words)


@pytest.mark.parametrize("name", sorted(RUNTIMES))
@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_words_of_the_corpus_are_found_in_both_forms(name: str, word: str, form: str):
    text = f"The cats {normalize('NFC', word)} and {normalize('NFD', word)}, {word}."
    assert find(name, [normalize(form, word)], text) == [fold(word)] * 3


@pytest.mark.parametrize("name", sorted(RUNTIMES))
def test_a_mark_more_or_less_is_another_word(name: str):
    assert find(name, ["شدة", "tieng", "שבת"], "شَدَّة tiếng שַׁבָּת") == []
