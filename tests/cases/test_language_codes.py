"""Languages by the names that people write, in recipes and lexicons; the same code everywhere."""

from __future__ import annotations

import langcodes
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.dictionaries.lexicon import read_lexicon
from pivotmine.errors import ConfigError
from pivotmine.recipe.reading import load_recipe
from pivotmine.text.codes import normalise_label
from pivotmine.text.fasttext_model import model_file
from pivotmine.text.language_code import (
    LANGUAGE_CODE,
    MEMBERS,
    language_code,
    language_pair,
)
from pivotmine.text.model_labels import check_languages, read_labels

WRITTEN = {
    "fr": ("fr", "fra", "fre", "FR", "fr-CA", "fra_Latn", "fr_FR"),
    "ja": ("ja", "jpn", "ja-JP", "jpn_Jpan"),
    "zh": ("zh", "zho", "chi", "zh-CN", "zh_TW", "zh_Hans", "zh-Hant-HK", "cmn", "yue", "cmn_Hani"),
    "en": ("en", "eng", "eng_Latn", "en-GB"),
    "no": ("nb", "nob", "no", "nor", "nob_Latn"),
    "nn": ("nn", "nno"),
    "ar": ("ar", "ara", "arb", "arb_Arab"),
    "arz": ("arz",),
    "he": ("he", "heb", "iw"),
    "id": ("id", "ind", "in"),
    "tl": ("tl", "tgl", "fil"),
    "sq": ("sq", "als", "sqi", "alb"),
    "pt": ("pt", "pt-BR", "por"),
    "kab": ("kab",),
    "kab_Latn": ("kab_Latn", "kab-Latn", "KAB_latn"),
    "es": ("es-419",),
}


@pytest.mark.parametrize("code", WRITTEN)
def test_every_name_of_a_language_is_one_code(code: str):
    assert {name: language_code(name) for name in WRITTEN[code]} == dict.fromkeys(
        WRITTEN[code], code
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("xx", "no language of ISO 639$"),
        ("jp", "did you mean ja"),
        ("cn", "did you mean zh"),
        ("gr", "did you mean el"),
        ("und", "no language"),
        ("sh", "give sr, hr or bs"),
        ("French", "did you mean fr?"),
        ("Klingonese", "such as fr, fra or zh-Hans"),
        ("", "no code"),
        ("e", "no code"),
    ],
)
def test_what_names_no_language_is_refused(name: str, message: str):
    with pytest.raises(ValueError, match=message):
        language_code(name)


@given(st.from_regex(LANGUAGE_CODE, fullmatch=True))
def test_a_code_stays_what_it_is(name: str):
    try:
        code = language_code(name)
    except ValueError:
        return
    assert language_code(code) == code


def test_codes_of_two_letters_are_those_of_langcodes():
    for first in "abcdefghijklmnopqrstuvwxyz":
        for second in "abcdefghijklmnopqrstuvwxyz":
            name = first + second
            language = langcodes.Language.get(name)
            try:
                found = language_code(name)
            except ValueError:
                assert name == "sh" or not language.is_valid()
            else:
                assert found == MEMBERS.get(name, MEMBERS.get(language.language, language.language))


def test_pairs_are_normalised_on_both_sides():
    assert language_pair("eng-zh-CN") == "en-zh"
    assert language_pair("zh_Hans>fra") == "zh>fr"
    assert language_pair("pt-BR-en") == "pt-en"
    assert language_pair("en-pt-BR") == "en-pt"
    assert language_pair("neither") == "neither"


def test_a_recipe_has_one_code_wherever_it_names_a_language():
    recipe = load_recipe(
        overrides=[
            "languages=[eng_Latn, fre, zh-CN, jpn]",
            "select.language_shares={eng: 0.5, zho: 0.5}",
            "select.pair_weights={en-cmn: 2}",
            "ingest.filters.languages={fra: {min_words: 3}}",
        ]
    )
    assert recipe.languages == ("en", "fr", "zh", "ja")
    assert set(recipe.select.language_shares) == {"en", "zh"}
    assert set(recipe.select.pair_weights) == {"en-zh"}
    assert set(recipe.ingest.filters.languages) == {"fr"}


@pytest.mark.parametrize(
    ("languages", "parts"),
    [
        ("[en, xx]", ["languages.1", "'xx'", "default language model tells", ", fr, ", ", ja, "]),
        ("[en, no]", ["YAML reads the word no as false", "'no' in quotes"]),
        ("[zh, yue]", ["must differ", "['zh', 'zh']"]),
    ],
)
def test_a_recipe_says_what_is_wrong_with_a_language(languages: str, parts: list[str]):
    with pytest.raises(ConfigError) as error:
        load_recipe(overrides=[f"languages={languages}"])
    assert all(part in str(error.value) for part in parts), error.value
    assert "at least 2 items" not in str(error.value)


def test_languages_that_the_model_cannot_tell_are_refused_with_those_that_it_can():
    check_languages(("en", "zh", "ceb", "arz"), None)
    with pytest.raises(ConfigError, match=r"kab is no label of the language model.*, en, .*, zh$"):
        check_languages(("en", "kab"), None)


def test_the_labels_of_a_model_are_read_from_its_file(tmp_path):
    with model_file(None) as file:
        labels = read_labels(file)
    assert len(labels) == len(set(labels)) == 176
    assert {"en", "fr", "zh", "ja", "arz"} <= set(map(normalise_label, labels))
    for content in (
        b"",
        b"text",
        b"\xba\x16\x4f\x2f" + b"\0" * 60,
        b"\xba\x16\x4f\x2f" + b"\x09" * 99,
    ):
        (tmp_path / "other.bin").write_bytes(content)
        assert read_labels(tmp_path / "other.bin") == []


def test_lexicons_name_languages_as_people_do(tmp_path):
    path = tmp_path / "words.tsv"
    rows = ["eng\tcat\tfra\tchat", "en\tcat\tfre\tchat", "zh-Hans\t猫\tjpn\t猫", "xx\tcat\t\t"]
    path.write_text("\n".join(["lang_a\tword_a\tlang_b\tword_b", *rows, "English\tcat\t\t"]))
    lexicon = read_lexicon([str(path)], 100)
    assert set(lexicon.languages.to_pylist()) == {"en", "fr", "zh", "ja"}
    assert lexicon.n_pair_listed.tolist() == [2, 1]
    assert [reject.reason for reject in lexicon.rejects] == ["language", "language"]
