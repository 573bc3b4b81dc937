import io
import json
import pickle
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sentencepiece
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as HuggingFaceTokenizer
from tokenizers import decoders, models, pre_tokenizers, processors, trainers

from pivotmine.errors import ConfigError
from pivotmine.stages.train_tokenizer.training import train_sentencepiece
from pivotmine.text.lines import prefix_lines, strip_lines
from pivotmine.text.segments import split_segments
from pivotmine.text.token_notation import is_byte_piece, languages_written
from pivotmine.text.tokenizer import Tokenizer, read_tokenizer_file

VERBS = (("Delete", "删除", "削除"), ("Open", "打开", "起動"), ("Rename", "改名", "改称"))
NOUNS = (("file", "文件", "ファイル"), ("window", "窗口", "ウィンドウ"), ("page", "页面", "頁"))
CORPUS = [
    f"{verb[0]} the {noun[0]}\nPress {verb[0]}, {verb[0]}! to change {n} {noun[0]}s.\n\n\tDone.\n"
    f"{verb[1]}{noun[1]}。按 {verb[0]} 键{verb[1]} {n} 个{noun[1]}。\n"
    f"{noun[2]}を{verb[2]}します。"
    for verb in VERBS
    for noun in NOUNS
    for n in range(20)
]

OWN = Tokenizer("sentencepiece", train_sentencepiece(CORPUS, 500))

texts = st.one_of(
    st.text(),
    st.text(alphabet=" \n\r\t\u2581\u3000\0aé删あ한😀<0x41>.。", max_size=60),
)


def trained(**conventions: Any) -> bytes:
    """A small sentencepiece model with other conventions than ours."""
    model = io.BytesIO()
    lines = [line for text in CORPUS for line in text.splitlines() if line]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=model,
        vocab_size=400,
        hard_vocab_limit=False,
        num_threads=1,
        minloglevel=3,
        **conventions,
    )
    return model.getvalue()


@pytest.fixture(scope="module")
def llama_like() -> bytes:
    return trained(
        normalization_rule_name="identity", remove_extra_whitespaces=False, byte_fallback=True
    )


@pytest.fixture(scope="module")
def blank_dropping() -> bytes:
    return trained()


@pytest.fixture(scope="module")
def byte_level() -> bytes:
    tokenizer = HuggingFaceTokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", 0)]
    )
    tokenizer.enable_truncation(5)
    return tokenizer.to_str().encode()


def segment_ids(tokenizer: Tokenizer, segments: list[str]) -> list[list[int]]:
    ids, ends = tokenizer.load().encode_segments(segments)
    return [part.tolist() for part in np.split(ids, ends[:-1])]


def pieces_of(tokenizer: Tokenizer, segments: list[str]) -> list[list[str]]:
    pieces = tokenizer.load().pieces()
    return [[pieces[i] for i in ids] for ids in segment_ids(tokenizer, segments)]


@settings(deadline=None)
@given(texts)
@example("\u2581Delete \u2581\u2581\n\u2581")
@example("\r\n \r\n\n  Delete\n\t删除\n 删除")
def test_our_own_tokens_decode_to_any_text_they_were_made_from(text: str) -> None:
    ids, _ = OWN.load().encode_segments(split_segments(text))
    assert OWN.load().decode(ids) == text


@settings(deadline=None)
@given(texts)
def test_the_line_prefix_can_be_undone_whatever_the_segments(text: str) -> None:
    assert strip_lines("".join(prefix_lines(split_segments(text)))) == text
    assert strip_lines("".join(prefix_lines(list(text)))) == text


def test_a_word_is_the_same_token_at_a_line_start_and_inside() -> None:
    own = pieces_of(OWN, ["Delete", " Delete\n", "Delete"])
    assert own == [["▁Delete"], ["▁Delete", "\n"], ["▁Delete"]]


def test_words_of_unspaced_scripts_never_carry_the_mark() -> None:
    for segments in (["删除"], ["Delete\n", "删除"], ["。", "删除"]):
        assert "".join(pieces_of(OWN, segments)[-1]) == "删除"


def test_a_sentence_inside_a_line_gets_no_space_of_its_own() -> None:
    assert "".join(pieces_of(OWN, ["删除。", "Delete"])[1]) == "Delete"


def test_digits_and_newlines_are_single_tokens() -> None:
    assert pieces_of(OWN, ["a 12\n\n"])[0][-4:] == ["1", "2", "\n", "\n"]


def test_ids_and_segment_ends_are_int32_and_cover_every_segment() -> None:
    segments = ["Delete the file\n", "", "删除"]
    ids, ends = OWN.load().encode_segments(segments)
    assert ids.dtype == np.dtype("int32")
    assert ends.dtype == np.dtype("int32")
    assert len(ends) == 3
    assert ends[0] == ends[1] < ends[2] == len(ids)
    empty_ids, empty_ends = OWN.load().encode_segments([])
    assert len(empty_ids) == len(empty_ends) == 0


@settings(deadline=None)
@given(st.lists(st.lists(texts, max_size=4), max_size=4))
def test_a_batch_of_documents_is_encoded_like_each_by_itself(documents: list[list[str]]) -> None:
    runtime = OWN.load()
    batch = runtime.encode_documents(documents)
    assert len(batch) == len(documents)
    for segments, (ids, ends) in zip(documents, batch, strict=True):
        alone_ids, alone_ends = runtime.encode_segments(segments)
        assert np.array_equal(ids, alone_ids)
        assert np.array_equal(ends, alone_ends)


def test_the_pieces_cover_the_complete_id_space(llama_like: bytes, byte_level: bytes) -> None:
    for tokenizer in (
        OWN,
        Tokenizer("sentencepiece", llama_like),
        Tokenizer("huggingface", byte_level),
    ):
        pieces = tokenizer.load().pieces()
        assert len(pieces) == len(set(pieces)) == tokenizer.load().vocab_size


def test_a_given_model_puts_its_space_before_the_document_only(llama_like: bytes) -> None:
    tokenizer = Tokenizer("sentencepiece", llama_like)
    text = "Delete it. Delete it.\nDelete。删除"
    pieces = pieces_of(tokenizer, ["Delete it.", " Delete it.\n", "Delete。", "删除"])
    assert pieces[0][0].startswith("▁D")
    assert "".join(pieces[1]).startswith("▁D")
    assert "".join(pieces[2]).startswith("D")
    assert "".join(pieces[3]) == "删除"
    assert (
        tokenizer.load().decode([i for part in segment_ids(tokenizer, [text]) for i in part])
        == text
    )


@settings(deadline=None)
@given(texts.filter(lambda text: "\u2581" not in text))
def test_a_given_lossless_model_stays_lossless_over_segments(llama_like: bytes, text: str) -> None:
    tokenizer = Tokenizer("sentencepiece", llama_like)
    ids, _ = tokenizer.load().encode_segments(split_segments(text))
    assert tokenizer.load().decode(ids) == text


def test_a_model_that_drops_blanks_gets_the_space_between_segments_back(
    blank_dropping: bytes,
) -> None:
    tokenizer = Tokenizer("sentencepiece", blank_dropping)
    pieces = pieces_of(tokenizer, ["Delete\n", "Delete", " Delete", "删除"])
    assert ["".join(part) for part in pieces] == ["▁Delete", "▁Delete", "▁Delete", "删除"]


def test_a_hugging_face_tokenizer_adds_no_special_tokens_and_reads_none(byte_level: bytes) -> None:
    tokenizer = Tokenizer("huggingface", byte_level)
    ids, _ = tokenizer.load().encode_segments(["<|endoftext|> is text here, all of it"])
    assert 0 not in ids
    assert tokenizer.load().decode(ids) == " <|endoftext|> is text here, all of it"


def test_a_hugging_face_prefix_space_opens_the_document_only(byte_level: bytes) -> None:
    pieces = pieces_of(Tokenizer("huggingface", byte_level), ["Delete\n", "Delete", " Delete"])
    assert ["".join(part)[:2] for part in pieces] == ["▁D", "De", "▁D"]


def test_byte_level_pieces_read_as_text(byte_level: bytes) -> None:
    pieces = Tokenizer("huggingface", byte_level).load().pieces()
    assert pieces[0] == "<|endoftext|>"
    assert "▁Delete" in pieces
    assert "删除" in pieces
    assert "<0xE5>" in pieces


def test_an_id_that_no_piece_has_is_shown_as_unused(byte_level: bytes) -> None:
    config = json.loads(byte_level)
    config["added_tokens"].append(dict(config["added_tokens"][0], id=999, content="<pad>"))
    runtime = Tokenizer("huggingface", json.dumps(config).encode()).load()
    pieces = runtime.pieces()
    assert len(pieces) == runtime.vocab_size
    assert pieces[-1] == "<pad>"


def test_pieces_have_the_languages_of_their_script() -> None:
    pieces = ("▁Delete", "删", "の", "▁", "12", "<0xE5>", "\n")
    assert languages_written(pieces, ("en", "fr", "zh", "ja")) == [
        ["en", "fr"],
        ["zh", "ja"],
        ["ja"],
        [],
        [],
        [],
        [],
    ]
    assert [is_byte_piece(p) for p in ("<0xE5>", "<0xE5><0x88>", "E5", "删")] == [
        True,
        True,
        False,
        False,
    ]


def test_a_tokenizer_is_loaded_once_and_travels_by_value() -> None:
    copy = pickle.loads(pickle.dumps(OWN))
    assert copy == OWN
    assert copy.load() is OWN.load()
    assert Tokenizer("sentencepiece", OWN.model).load() is OWN.load()


def test_the_checksum_covers_the_convention() -> None:
    assert Tokenizer("sentencepiece", OWN.model, line_prefix=False).sha256 != OWN.sha256
    assert len(OWN.sha256) == 64


def test_a_runtime_can_be_shared_between_threads() -> None:
    expected = segment_ids(OWN, CORPUS)
    results: list[list[list[int]]] = []
    threads = [
        threading.Thread(target=lambda: results.append(segment_ids(OWN, CORPUS))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 4


def test_a_file_is_recognised_by_its_content(tmp_path: Path, byte_level: bytes) -> None:
    for name, kind, model in (
        ("own.bin", "sentencepiece", OWN.model),
        ("given", "huggingface", byte_level),
    ):
        path = tmp_path / name
        path.write_bytes(model)
        assert read_tokenizer_file(str(path)) == (kind, model)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"model": 1}', b"text", b"\x80\x81\x82" * 50])
def test_a_file_that_is_neither_is_named_in_the_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "wrong.model"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"wrong\.model is neither"):
        read_tokenizer_file(str(path))


def test_a_missing_file_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.model cannot be read"):
        read_tokenizer_file(str(tmp_path / "missing.model"))


def test_our_own_model_says_its_convention_when_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "own.model"
    path.write_bytes(OWN.model)
    tokenizer = Tokenizer(*read_tokenizer_file(str(path)))
    assert segment_ids(tokenizer, ["Delete"]) == segment_ids(OWN, ["Delete"])
