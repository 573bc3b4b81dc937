import logging
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pivotmine.errors import ConfigError, InputError
from pivotmine.stages.train_tokenizer.training import balanced_quota, train_sentencepiece
from pivotmine.text.tokenizer import Tokenizer

SAMPLE = [
    f"{verb} the {noun} {n}\nor {verb}, {noun}s: {verb}!\n{verb_zh}{noun_zh}{n}。或{verb_zh}。\n"
    for verb, verb_zh in (("Delete", "删除"), ("Open", "打开"), ("Rename", "改名"))
    for noun, noun_zh in (("file", "文件"), ("window", "窗口"), ("page", "页面"))
    for n in range(30)
]


def test_the_same_sample_gives_the_same_model() -> None:
    assert train_sentencepiece(SAMPLE, 400) == train_sentencepiece(iter(SAMPLE), 400)


def test_frequent_words_of_every_language_are_single_tokens() -> None:
    pieces = Tokenizer("sentencepiece", train_sentencepiece(SAMPLE, 400)).load().pieces()
    assert {"▁Delete", "▁file", "删除"} <= set(pieces)


def test_no_token_crosses_scripts_or_carries_the_mark_before_han() -> None:
    model = train_sentencepiece(["按 Delete键 删除 file文件\n"] * 200, 400)
    pieces = Tokenizer("sentencepiece", model).load().pieces()
    mixed = [p for p in pieces if any(c >= "\u4e00" for c in p) and any(c < "\u0250" for c in p)]
    assert mixed == []


def test_a_sample_too_small_for_the_vocabulary_gives_a_smaller_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        model = train_sentencepiece(SAMPLE, 30_000)
    size = Tokenizer("sentencepiece", model).load().vocab_size
    assert size < 1000
    assert f"{size} pieces, not the 30000" in caplog.text


def test_a_vocabulary_too_small_for_the_characters_is_refused() -> None:
    with pytest.raises(ConfigError, match="vocab_size = 50 is too small"):
        train_sentencepiece(SAMPLE, 50)


@pytest.mark.parametrize("sample", [[], ["", " \n\t\n"]])
def test_a_sample_without_text_is_refused(sample: list[str]) -> None:
    with pytest.raises(InputError, match="no text"):
        train_sentencepiece(sample, 400)


def test_the_sample_is_read_up_to_the_bound() -> None:
    def sample() -> object:
        yield from SAMPLE
        raise AssertionError("read beyond the bound")

    n_bytes = sum(len(text.encode()) for text in SAMPLE)
    train_sentencepiece(sample(), 400, max_sample_bytes=n_bytes // 2)  # type: ignore[arg-type]


def test_the_library_prints_nothing_while_it_trains() -> None:
    program = (
        "import logging; logging.disable()\n"
        "from pivotmine.stages.train_tokenizer.training import train_sentencepiece\n"
        "train_sentencepiece(['The file, the files; the other file.\\n'] * 200, 285)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout + result.stderr == ""


def test_quotas_are_equal_shares_up_to_what_each_language_has() -> None:
    available = {"en": 1000, "fr": 500, "zh": 30, "ja": 100}
    assert balanced_quota(available, 400) == {"en": 135, "fr": 135, "zh": 30, "ja": 100}
    assert balanced_quota(available, 10_000) == available
    assert balanced_quota({}, 10) == {}


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=3), st.integers(0, 1000)), st.integers(0, 3000))
def test_quotas_use_the_whole_budget_and_no_language_gets_less_than_a_bigger_one_needs(
    available: dict[str, int], total: int
) -> None:
    quota = balanced_quota(available, total)
    assert sum(quota.values()) == min(total, sum(available.values()))
    assert all(0 <= quota[language] <= available[language] for language in available)
    # Whoever has text left got as much as anybody, but for one byte that does not divide.
    unsatisfied = [quota[name] for name in available if quota[name] < available[name]]
    assert not unsatisfied or min(unsatisfied) >= max(quota.values()) - 1
