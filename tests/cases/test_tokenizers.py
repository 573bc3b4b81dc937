"""The end of a document is the tokenizer's own, and one text has one encoding."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as HuggingFaceTokenizer
from tokenizers import decoders, models, pre_tokenizers, processors, trainers

from pivotmine.errors import ConfigError
from pivotmine.recipe.reading import load_recipe
from pivotmine.stages.train_tokenizer import stage
from pivotmine.text.end_of_document import end_of_document_id, read_configured_end
from pivotmine.text.tokenizer import Tokenizer, read_tokenizer_file
from pivotmine.text.tokenizer_runtime import TokenizerRuntime

LINES = ["the old farmer told a story", "le vieux fermier raconte une histoire", "猫在垫子上"] * 9


def byte_level(special: list[str], **model: Any) -> HuggingFaceTokenizer:
    tokenizer = HuggingFaceTokenizer(models.BPE(**model))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=330,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(LINES, trainer)
    return tokenizer


def unigram(special: list[str], **model: Any) -> HuggingFaceTokenizer:
    spelled = [("<unk>", 0.0), *((name, 0.0) for name in special), ("▁the", -1.0)]
    pieces = [*spelled, *((character, -3.0) for character in "abc<>/s▁|#the")]
    tokenizer = HuggingFaceTokenizer(models.Unigram(pieces, unk_id=0, **model))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens(["<unk>", *special])
    return tokenizer


def loaded(tokenizer: HuggingFaceTokenizer) -> TokenizerRuntime:
    return Tokenizer("huggingface", tokenizer.to_str().encode()).load()


def sentencepiece_model(**settings: Any) -> TokenizerRuntime:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES),
        model_writer=model,
        vocab_size=60,
        hard_vocab_limit=False,
        minloglevel=3,
        **settings,
    )
    return Tokenizer("sentencepiece", model.getvalue()).load()


@pytest.mark.parametrize(
    ("trained", "end"),
    [
        ({}, "</s>"),
        ({"eos_piece": "<end>"}, "<end>"),
        ({"eos_id": -1}, None),
        ({"eos_id": -1, "user_defined_symbols": ["</s>"]}, None),
        ({"bos_id": -1, "eos_id": 0, "unk_id": 1}, "</s>"),
    ],
)
def test_a_sentencepiece_model_names_its_own_end(trained: dict[str, Any], end: str | None):
    runtime = sentencepiece_model(**trained)
    found = runtime.end_of_document
    assert (None if found is None else runtime.pieces()[found]) == end


def test_the_special_token_with_a_usual_name_ends_a_document():
    special = ["<|im_start|>", "<|im_end|>", "<|endoftext|>"]
    assert loaded(byte_level(special)).end_of_document == special.index("<|endoftext|>")


@pytest.mark.parametrize("content", ["</s>", "<|endoftext|>", "[SEP]"])
def test_a_token_that_only_looks_like_an_end_is_none(content: str):
    tokenizer = byte_level(["<pad>"])
    tokenizer.add_tokens([content])
    runtime = loaded(tokenizer)
    assert runtime.end_of_document is None
    with pytest.raises(ConfigError, match=r"an ordinary piece, which texts may hold; .* <pad>"):
        end_of_document_id(runtime, content)


def test_what_a_template_puts_after_a_text_ends_a_document():
    tokenizer = byte_level(["</s>", "<|begin|>", "<|stop|>"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|begin|> $A <|stop|>", special_tokens=[("<|begin|>", 1), ("<|stop|>", 2)]
    )
    assert loaded(tokenizer).end_of_document == 2
    bert = byte_level(["[CLS]", "</s>", "[SEP]"])
    bert.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 0))
    assert loaded(bert).end_of_document == 2


def test_the_recipe_goes_before_the_configuration_and_that_before_usual_names(tmp_path):
    runtime = loaded(byte_level(["<|endoftext|>", "<|im_end|>", "<|stop|>"]))
    assert end_of_document_id(runtime) == 0
    assert end_of_document_id(runtime, configured="<|im_end|>") == 1
    assert end_of_document_id(runtime, configured="not there") == 0
    assert end_of_document_id(runtime, "<|stop|>", "<|im_end|>") == 2
    with pytest.raises(ConfigError, match=r"'<end>' is no piece of the tokenizer"):
        end_of_document_id(runtime, "<end>")


@pytest.mark.parametrize(
    ("written", "end"),
    [
        ('{"eos_token": "<|im_end|>"}', "<|im_end|>"),
        ('{"eos_token": {"content": "<|im_end|>", "lstrip": false}}', "<|im_end|>"),
        ('{"eos_token": null}', None),
        ("{}", None),
        (None, None),
    ],
)
def test_a_configuration_beside_the_tokenizer_is_read(tmp_path, written, end):
    if written is not None:
        (tmp_path / "tokenizer_config.json").write_text(written)
    assert read_configured_end(str(tmp_path / "tokenizer.json")) == end


def test_a_damaged_configuration_is_an_error_that_names_it(tmp_path):
    (tmp_path / "tokenizer_config.json").write_text("[]")
    with pytest.raises(ConfigError, match=r"tokenizer_config\.json cannot be read"):
        read_configured_end(str(tmp_path / "tokenizer.json"))


def test_a_run_without_an_end_warns_and_names_the_special_tokens(tmp_path, table_inputs):
    path = tmp_path / "tokenizer.json"
    path.write_text(byte_level(["<pad>", "<begin>"]).to_str())
    recipe = load_recipe(overrides=[f"tokenize.tokenizer={path}"])
    documents = [{"doc_id": lang, "lang": lang, "n_bytes": 1} for lang in recipe.languages]
    inputs = table_inputs(tokenizer=[], documents=documents)
    (row,) = stage.run(inputs, recipe)["tokenizer"].to_pylist()
    assert row["eos_token_id"] is None
    assert "tokenize.end_of_document" in inputs.notes[0]
    assert "<pad>, <begin>" in inputs.notes[0]


@pytest.mark.parametrize(
    "tokenizer",
    [
        byte_level(["<|endoftext|>"], dropout=0.5),
        unigram(["</s>"], alpha=0.05, nbest_size=50),
    ],
    ids=["BPE dropout", "sampled unigrams"],
)
def test_one_text_has_one_encoding(tokenizer: HuggingFaceTokenizer):
    text = "the old farmer told a story abc the the cab"
    runtime = loaded(tokenizer)
    encodings = {tuple(runtime.encode_segments([text])[0].tolist()) for _ in range(50)}
    assert len({tuple(tokenizer.encode(text).ids) for _ in range(50)}) > 1
    assert len(encodings) == 1
    calm = json.loads(tokenizer.to_str())
    for setting in ("dropout", "alpha", "nbest_size"):
        calm["model"].pop(setting, None)
    plain = HuggingFaceTokenizer.from_str(json.dumps(calm))
    assert encodings == {tuple(plain.encode(text, add_special_tokens=False).ids)}


NAMES = ["</s>", "<|a|>", "#"]
SPELLED = {"unigram": loaded(unigram(NAMES)), "byte-level BPE": loaded(byte_level(NAMES))}


@settings(deadline=None)
@given(
    st.sampled_from(sorted(SPELLED)),
    st.lists(st.sampled_from([*NAMES, "a", "b", " ", "</", "s>", "<|", "|>", "the"]), max_size=8),
)
def test_no_text_produces_a_special_token(name: str, parts: list[str]):
    runtime = SPELLED[name]
    text = "".join(parts)
    ids, _ = runtime.encode_segments([text])
    special = set(runtime.special_tokens().values()) - {runtime.special_tokens().get("<unk>")}
    assert special.isdisjoint(ids.tolist())
    assert runtime.decode(ids).replace("\u2581", " ").strip() == text.strip()


def test_a_tokenizer_is_known_by_its_content_and_keeps_its_bytes(tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_text(byte_level(["<|endoftext|>"], dropout=0.5).to_str())
    kind, content = read_tokenizer_file(str(path))
    assert (kind, content) == ("huggingface", path.read_bytes())
