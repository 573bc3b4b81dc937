"""Vocabulary: frequencies of tokens, and the languages in which they are words."""

from __future__ import annotations

from typing import Any

import pytest
from tokenizers import Tokenizer, models

from pivotmine.recipe.reading import load_recipe
from pivotmine.stages.vocabulary import stage as vocabulary
from tests.conftest import TableInputs, as_table
from tests.stages.stage_rows import Row, tokens_row

PIECES = (
    "▁dog", "▁chien", "▁chat", "猫", "狗", "▁Linux", "7", "<0xE7>", "▁ghost", "▁lost", "▁son",
    "▁le", "サーバー",
)  # fmt: skip
DOG, CHIEN, CHAT, CAT, GOU, LINUX, SEVEN, BYTE, GHOST, LOST, SON, LE, SERVER = range(len(PIECES))
COLUMNS = ("token", "lang", "langs", "document_frequency", "token_count")


def tokenizer_row() -> Row:
    """A tokenizer whose id space is `PIECES`."""
    vocab = {piece: token_id for token_id, piece in enumerate(PIECES)}
    model = Tokenizer(models.WordLevel(vocab, unk_token="▁lost")).to_str().encode()
    return {"kind": "huggingface", "model": model, "vocab_size": len(PIECES)}


def corpus() -> list[Row]:
    """Ten documents with English in them, five with French, two with Chinese, two with Japanese."""
    page = tokens_row(
        "page", ("en", [DOG, DOG, SEVEN, LE]), ("fr", [CHIEN, CHAT, SEVEN, SON]), ("en", [LINUX])
    )
    return [
        page,
        *(tokens_row(f"en{i}", ("en", [DOG, SEVEN])) for i in range(7)),
        tokens_row("en7", ("en", [CHAT, CHAT, SON])),
        tokens_row("en8", ("en", [CHAT, LINUX])),
        *(tokens_row(f"fr{i}", ("fr", [CHIEN, SON, LE]), lang="fr") for i in range(3)),
        tokens_row("fr3", ("fr", [CHAT, SON, LE]), lang="fr"),
        tokens_row("zh0", ("zh", [GOU, CAT, LINUX, BYTE]), lang="zh"),
        tokens_row("zh1", ("zh", [GOU, LINUX]), lang="zh"),
        tokens_row("ja0", ("ja", [CAT, SERVER]), ("und", [LOST, GOU]), lang="ja"),
        tokens_row("ja1", ("ja", [SEVEN]), ("de", [LOST]), lang="ja"),
    ]


@pytest.fixture(scope="module")
def found(spark, tmp_path_factory: pytest.TempPathFactory):
    """Rows of the vocabulary of the corpus by token, with the given settings."""

    def by_token(*settings: str) -> dict[str, dict[str, Any]]:
        tables = {"tokens": corpus(), "tokenizer": [tokenizer_row()]}
        inputs = TableInputs(spark, tables, tmp_path_factory.mktemp("vocabulary"))
        recipe = load_recipe(None, ["languages=[en, fr, zh, ja]", *settings])
        rows = as_table(vocabulary.run(inputs, recipe)["vocabulary"]).to_pylist()
        inputs.is_small = True
        assert as_table(vocabulary.run(inputs, recipe)["vocabulary"]).to_pylist() == rows
        assert [row["token_id"] for row in rows] == list(range(len(PIECES)))
        assert [row["token"] for row in rows] == list(PIECES)
        return {row["token"]: row for row in rows}

    return by_token


@pytest.fixture(scope="module")
def words(found) -> dict[str, dict[str, Any]]:
    return found()


def test_every_id_has_its_documents_and_occurrences(words):
    frequency = {token: row["document_frequency"] for token, row in words.items()}
    count = {token: row["token_count"] for token, row in words.items()}
    assert frequency["▁dog"] == 8
    assert count["▁dog"] == 9
    assert (frequency["▁chat"], count["▁chat"]) == (4, 5)
    assert (frequency["7"], count["7"]) == (9, 10)
    assert (frequency["▁lost"], count["▁lost"]) == (2, 2)


def test_a_share_of_the_occurrences_are_whole_words(words):
    assert words["▁chat"]["whole_share"] == 1.0
    assert words["猫"]["whole_share"] == 0.0, "beside 狗 once, サーバー once"
    assert words["狗"]["whole_share"] == pytest.approx(1 / 3)
    assert words["▁ghost"]["whole_share"] is None


def test_a_token_of_one_language_belongs_to_it(words):
    for token, language in (("▁dog", "en"), ("▁chien", "fr"), ("狗", "zh"), ("サーバー", "ja")):
        row = words[token]
        assert (row["lang"], row["langs"], row["lang_share"]) == (language, [language], 1.0)


def test_shares_are_computed_from_rates_so_a_large_language_claims_no_foreign_words(words):
    # ▁chat: 2 of 10 English documents, 2 of 5 French ones. By documents it would be half and half.
    assert words["▁chat"]["lang_share"] == pytest.approx(0.4 / (0.4 + 0.2))


def test_a_homograph_is_shared_and_a_word_of_both_languages(words):
    assert words["▁chat"]["lang"] == "shared"
    assert words["▁chat"]["langs"] == ["en", "fr"]
    assert words["猫"]["lang"] == "shared"
    assert words["猫"]["langs"] == ["ja", "zh"]


def test_a_token_may_belong_to_one_language_and_be_a_word_of_another(words):
    # 1 of 10 English documents and all 5 French ones: 1 / 1.1 is French, 0.1 / 1.1 too little.
    assert (words["▁son"]["lang"], words["▁son"]["langs"]) == ("fr", ["fr"])
    assert (words["▁le"]["lang"], words["▁le"]["langs"]) == ("fr", ["en", "fr"])


def test_a_name_in_foreign_letters_is_not_a_word_of_the_language_that_uses_it_most(words):
    row = words["▁Linux"]
    assert row["lang_share"] == pytest.approx(1.0 / 1.2), "all Chinese documents hold it"
    assert (row["lang"], row["langs"]) == ("shared", ["en"])


def test_tokens_without_a_letter_and_bytes_are_words_of_no_language(words):
    for token in ("7", "<0xE7>"):
        assert (words[token]["lang"], words[token]["langs"]) == ("shared", [])


def test_text_of_no_language_of_the_recipe_counts_for_no_language(words):
    assert (words["▁lost"]["lang"], words["▁lost"]["langs"]) == ("shared", [])
    assert words["狗"]["langs"] == ["zh"], "the 狗 that stands in `und` makes it no Japanese word"


def test_an_id_that_never_occurs_has_a_row_of_zeros(words):
    assert {name: words["▁ghost"][name] for name in (*COLUMNS, "lang_share")} == {
        "token": "▁ghost",
        "lang": "shared",
        "langs": [],
        "document_frequency": 0,
        "token_count": 0,
        "lang_share": 0.0,
    }


def test_the_shares_in_the_recipe_decide(found):
    strict = found("tokenize.min_language_share=0.95", "tokenize.min_word_share=0.35")
    assert (strict["▁son"]["lang"], strict["▁son"]["langs"]) == ("shared", ["fr"])
    assert strict["▁chat"]["langs"] == ["fr"], "a third of it is English"
    assert strict["▁dog"]["lang"] == "en"
