from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pivotmine.errors import SetupError
from pivotmine.recipe.reading import load_recipe
from pivotmine.text.codes import normalise_label
from pivotmine.text.language import load_identifier
from pivotmine.text.scripts import SCRIPTS, count_scripts
from tests.text.fasttext_files import word_model

LANGUAGES = ["en", "fr", "zh", "ja"]
EN = [
    "The file could not be opened because it is in use by another program.\n",
    "Choose the language in which you want to read the manual.\n",
    "Delete\n",
    "Open file\n",
    "You can change these settings later in the preferences.\n",
]
FR = [
    "Le fichier n'a pas pu être ouvert car un autre programme l'utilise.\n",
    "Choisissez la langue dans laquelle vous voulez lire le manuel.\n",
    "Supprimer\n",
    "Ouvrir le fichier\n",
    "Vous pouvez modifier ces réglages plus tard dans les préférences.\n",
]
ZH = [
    "无法打开该文件，因为另一个程序正在使用它。\n",
    "请选择您想要阅读手册的语言。\n",
    "删除\n",
    "打开文件\n",
    "以后可以在首选项中更改这些设置。\n",
]
JA = [
    "別のプログラムが使用中のため、ファイルを開けませんでした。\n",
    "マニュアルを読む言語を選んでください。\n",
    "削除\n",
    "ファイルを開く\n",
    "これらの設定は後で環境設定から変更できます。\n",
]
PAGES = {"en": EN, "fr": FR, "zh": ZH, "ja": JA}


def languages_of(segments: list[str], document: str, languages: list[str] = LANGUAGES) -> list[str]:
    return load_identifier().identify_segments([segments], [document], languages)[0]


def identified(text: str) -> tuple[str, float]:
    return load_identifier().identify_documents([text])[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_in_one_language_is_all_in_it(language: str) -> None:
    assert languages_of(PAGES[language], language) == [language] * 5


@pytest.mark.parametrize("other", ["fr", "zh", "ja"])
def test_a_page_that_alternates_keeps_both_languages(other: str) -> None:
    page = [segment for pair in zip(EN, PAGES[other], strict=True) for segment in pair]
    assert languages_of(page, other) == ["en", other] * 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_document_is_in_its_main_language(language: str) -> None:
    found, probability = identified("".join(PAGES[language]))
    assert found == language
    assert 0.5 < probability <= 1.0


def test_upper_case_does_not_change_the_language() -> None:
    text = "PLEASE READ THE LICENSE AGREEMENT BEFORE YOU INSTALL THIS SOFTWARE"
    assert identified(text)[0] == "en"


def test_a_document_that_only_quotes_some_kana_is_not_japanese() -> None:
    text = "The word さくら means cherry blossom and is known to every reader of these poems."
    assert identified(text)[0] == "en"


def test_traditional_chinese_is_chinese() -> None:
    assert identified("請選擇您想要閱讀說明書的語言。")[0] == "zh"


def test_a_heading_without_kana_is_japanese_on_a_japanese_page() -> None:
    assert languages_of(["概要\n", *JA[:2], "参照\n", *JA[3:]], "ja") == ["ja"] * 6


def test_the_same_heading_is_chinese_on_a_chinese_page() -> None:
    assert languages_of(["概要\n", *ZH[:2], "参照\n", *ZH[3:]], "zh") == ["zh"] * 6


def test_a_short_latin_line_on_a_chinese_page_is_not_chinese() -> None:
    assert languages_of([ZH[0], "Delete\n", ZH[1]], "zh")[1] == "en"


def test_a_segment_without_letters_takes_the_language_before_it_or_else_after() -> None:
    assert languages_of(["1.\n", EN[0], "42 %\n", ZH[0], "---\n"], "en") == [
        "en",
        "en",
        "en",
        "zh",
        "zh",
    ]


def test_a_document_without_letters_takes_the_language_it_is_given() -> None:
    assert languages_of(["1\n", "2"], "fr") == ["fr", "fr"]
    assert languages_of(["1\n"], "de") == ["und"]
    assert identified("12 34") == ("und", 0.0)


def test_segments_in_other_languages_are_und() -> None:
    german = "Die Datei konnte nicht geöffnet werden, weil sie gerade benutzt wird.\n"
    russian = "Не удалось открыть файл, потому что он используется.\n"
    assert languages_of([EN[0], german, russian, EN[1]], "en") == ["en", "und", "und", "en"]
    assert languages_of(JA, "ja", ["en", "zh"]) == ["und"] * 5


def test_other_scripts_are_distinguished() -> None:
    korean = "파일을 열 수 없습니다.\n"
    russian = "Не удалось открыть файл, потому что он используется.\n"
    assert languages_of([korean, russian, EN[0]], "ko", ["en", "ko", "ru"]) == ["ko", "ru", "en"]


@settings(deadline=None)
@given(st.lists(st.text(), max_size=6))
def test_every_segment_gets_one_of_the_languages_or_und(segments: list[str]) -> None:
    found = languages_of(segments, "en")
    assert len(found) == len(segments)
    assert set(found) <= {*LANGUAGES, "und"}


def test_the_model_is_loaded_once_per_process() -> None:
    assert load_identifier() is load_identifier()


def test_a_missing_model_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"no\.bin does not exist"):
        load_identifier(str(tmp_path / "no.bin"))


def test_a_file_of_another_format_is_named_in_the_error(tmp_path: Path) -> None:
    path = tmp_path / "other.bin"
    path.write_bytes(b"not a model, but long enough to hold a header of one" * 10)
    with pytest.raises(SetupError, match=r"other\.bin is not a fastText model"):
        load_identifier(str(path))


def test_a_model_given_by_path_is_used(tmp_path: Path) -> None:
    path = tmp_path / "glot.bin"
    path.write_bytes(
        word_model(
            {
                "blork": "fra_Latn",
                "zing": "kab_Latn",
                "zang": "rus_Cyrl",
                "猫": "eng_Latn",
            }
        )
    )
    identifier = load_identifier(str(path))
    texts = ["Blork, BLORK blork", "zang zing", "猫が寝る"]
    found = [language for language, _ in identifier.identify_documents(texts)]
    assert found == ["fr", "kab_Latn", "ja"], "zang is not Cyrillic, and script decides on 猫"
    languages = load_recipe(None, ["languages=[fr, kab_Latn, ja]"]).languages
    segments = ["blork blork\n", "zing zing\n", "zing\n", "猫が寝る\n"]
    found = identifier.identify_segments([segments], ["fr"], languages)
    assert found == [["fr", "kab_Latn", "kab_Latn", "ja"]]


def test_labels_of_other_models_become_two_letter_codes_where_there_is_one() -> None:
    labels = ["fra_Latn", "cmn_Hani", "yue_Hant", "wuu", "zh-hant", "de", "arz_Arab", "kab_Latn"]
    assert [normalise_label(f"__label__{label}") for label in labels] == [
        "fr",
        "zh",
        "zh",
        "zh",
        "zh",
        "de",
        "arz_Arab",
        "kab_Latn",
    ]


def test_words_are_counted_by_script() -> None:
    counts = count_scripts(["two words 漢字", "", "\U0001f600 Привет हिन्दी"])
    by_script = [dict(zip(SCRIPTS, row, strict=True)) for row in counts.words.tolist()]
    assert by_script[0]["Latin"] == 2
    assert by_script[0]["Han"] == 2 / 1.6
    assert counts.words[1].sum() == 0
    assert by_script[2]["Cyrillic"] == 1
    assert by_script[2]["Devanagari"] == 1
    assert by_script[2]["Han"] == 0
