"""Dictionaries as they are printed, and the words that are read from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pivotmine.dictionaries.cedict import CedictEntry
from pivotmine.dictionaries.freedict import parse_article
from pivotmine.dictionaries.jmdict import parse_entry
from pivotmine.model.words.glosses import Gloss, clean, is_word
from pivotmine.model.words.sources import cedict, cldr, freedict, jmdict, wordnet
from tests.dictionaries.packages import deb, dictd


@pytest.mark.parametrize(
    ("lang", "text", "word"),
    [
        ("en", "dog (Canis (lupus) familiaris)", ("dog", True)),
        ("en", "to run", ("run", False)),
        ("en", "a house", ("house", False)),
        ("en", "the [techn.] wheel <n>", ("wheel", False)),
        ("en", "Paris", None),
        ("en", "hot dog", None),
        ("en", "(of a dog)", None),
        ("fr", "l'été", ("été", False)),
        ("de", "Absicht <fem>", ("Absicht", False)),
        ("zh", "牛奶", ("牛奶", False)),
        ("zh", "milk", None),
        ("ja", "チーズ", ("チーズ", False)),
        ("es", "niño", ("niño", False)),
    ],
)
def test_a_gloss_is_one_plain_word_or_nothing(lang: str, text: str, word):
    assert clean(lang, text) == word


def test_words_are_in_the_script_of_their_language():
    assert is_word("zh", "马") and not is_word("zh", "horse") and not is_word("zh", "ウマ")
    assert is_word("ja", "ウマ") and is_word("ja", "食べる") and not is_word("en", "cheval ")


CEDICT = [
    CedictEntry("馬", "马", "ma3", ("horse", "CL:匹[pi3]", "a piece in chess")),
    CedictEntry("馬", "马", "Ma3", ("surname Ma",)),
    CedictEntry("跑", "跑", "pao3", ("to run; to escape", "(bound form) fast")),
    CedictEntry("中國", "中国", "Zhong1 guo2", ("China",)),
    CedictEntry("操", "肏", "cao4", ("(vulgar) to screw",)),
    CedictEntry("猫", "猫", "mao1", ("(old) variant of 貓|猫[mao1]",)),
]


def test_cedict_gives_words_senses_and_verbs():
    assert list(cedict.glosses(CEDICT)) == [
        Gloss("cedict", "zh", "马", "en", "horse", "", 0, 0, False),
        Gloss("cedict", "zh", "跑", "en", "run", "v", 0, 0, False),
        Gloss("cedict", "zh", "跑", "en", "escape", "v", 0, 1, False),
        Gloss("cedict", "zh", "肏", "en", "screw", "v", 0, 0, True),
    ]


def test_cedict_knows_rude_words_names_and_traditional_spellings(tmp_path: Path):
    path = tmp_path / "cedict.u8"
    lines = (f"{e.traditional} {e.simplified} [{e.pinyin}] /{'/'.join(e.senses)}/" for e in CEDICT)
    path.write_text("\n".join(lines), encoding="utf-8")
    dictionary = cedict.read(path)
    assert dictionary.rude == {("zh", "肏")}
    assert dictionary.names == {("en", "china")}
    assert dictionary.spelling["马"] == "馬"


def test_jmdict_prefers_common_spellings_and_marks_the_rest():
    entry = parse_entry(
        """<entry>
        <k_ele><keb>犬</keb><ke_pri>ichi1</ke_pri></k_ele><k_ele><keb>狗</keb></k_ele>
        <r_ele><reb>いぬ</reb><re_pri>ichi1</re_pri></r_ele>
        <sense><pos>&n;</pos><gloss>dog (Canis (lupus) familiaris)</gloss></sense>
        <sense><misc>&arch;</misc><gloss>spy</gloss></sense>
        <sense><gloss>loser</gloss><gloss>complete idiot</gloss></sense>
        <sense><gloss xml:lang="fre">chien</gloss></sense></entry>""".encode()
    )
    assert list(jmdict.glosses(entry)) == [
        Gloss("jmdict", "ja", "犬", "en", "dog", "n", 0, 0, True, True),
        Gloss("jmdict", "ja", "狗", "en", "dog", "n", 0, 0, True, False),
        Gloss("jmdict", "ja", "犬", "en", "loser", "n", 2, 0, False, True),
        Gloss("jmdict", "ja", "狗", "en", "loser", "n", 2, 0, False, False),
    ]


def test_jmdict_writes_in_kana_what_is_usually_written_so():
    entry = parse_entry(
        """<entry><k_ele><keb>林檎</keb></k_ele><r_ele><reb>りんご</reb><re_pri>ichi1</re_pri></r_ele>
        <sense><pos>&n;</pos><misc>&uk;</misc><gloss>apple</gloss></sense></entry>""".encode()
    )
    assert [(gloss.word, gloss.preferred) for gloss in jmdict.glosses(entry)] == [
        ("りんご", True),
        ("林檎", False),
    ]


def freedict_glosses(text: str, direction: freedict.Direction) -> list[Gloss]:
    return list(freedict.glosses(parse_article(text, []), direction))


def test_freedict_numbers_senses_and_skips_definitions_and_remarks():
    wikdict = freedict.Direction("freedict-eng-jpn", has_definitions=True)
    article = "acne //ˈæk.ni// <n>\n面皰, にきび 2.\na pattern of blemishes\n 3.\na condition\n"
    assert [gloss.gloss for gloss in freedict_glosses(article, wikdict)] == ["面皰", "にきび"]
    ergane = freedict.Direction("freedict-eng-fra")
    found = freedict_glosses("wrinkle /riŋkl/\n1. rider\n2. ride, sillon\n", ergane)
    assert [(gloss.gloss, gloss.sense, gloss.position) for gloss in found] == [
        ("rider", 0, 0),
        ("ride", 1, 0),
        ("sillon", 1, 1),
    ]
    ding = freedict.Direction("freedict-eng-deu")
    text = 'intent /x/ <n>\nAbsicht <fem>\n      "with intent"  - mit Absicht\n see: {malice}\n'
    assert [gloss.gloss for gloss in freedict_glosses(text, ding)] == ["Absicht"]


def test_freedict_skips_names():
    ergane = freedict.Direction("freedict-eng-fra")
    assert freedict_glosses("paris /x/ <pn>\nparis\n", ergane) == []
    assert len(freedict_glosses("paris /x/ <n>\nparis\n", ergane)) == 1


def test_freedict_glosses_are_those_of_a_packages_articles(tmp_path: Path):
    index, texts = dictd([(["cat"], "cat /x/\nchat\n"), (["dog", "dogs"], "dog /x/ <n>\nchien\n")])
    files = {"./freedict-eng-fra.index": index, "./freedict-eng-fra.dict.dz": texts}
    package = deb(tmp_path / "dict.deb", files)
    found = freedict.read(package, freedict.Direction("freedict-eng-fra")).glosses
    assert [(gloss.word, gloss.gloss, gloss.pos) for gloss in found] == [
        ("cat", "chat", ""),
        ("dog", "chien", "n"),
    ]


def test_pictures_link_their_names_in_every_direction():
    names = {"en": {"🐶": "dog face", "🐕": "Dog"}, "fr": {"🐶": "tête de chien", "🐕": "chien"}}
    assert {(gloss.word, gloss.gloss) for gloss in cldr.glosses(names)} == {
        ("dog", "chien"),
        ("chien", "dog"),
    }


def test_wordnet_knows_fields_synonyms_and_parts_of_speech(tmp_path: Path):
    licence = "  1 This software\n"
    data = licence + (
        "00000010 05 n 03 dog 0 domestic_dog 0 hound 0 001 @ 00000001 n 0000 | a canid\n"
        "00000020 18 n 02 frump 0 dog 0 000 | a woman\n"
    )
    index = licence + "dog n 2 1 @ 2 1 00000010 00000020  \n"
    package = deb(
        tmp_path / "wordnet.deb",
        {
            "./usr/share/wordnet/data.noun": data.encode(),
            "./usr/share/wordnet/index.noun": index.encode(),
            "./usr/share/wordnet/cntlist.rev": b"dog%1:05:00:: 1 30\ndog%2:38:00:: 1 10\n",
            **{
                f"./usr/share/wordnet/{part}.{pos}": licence.encode()
                for part in ("data", "index")
                for pos in ("verb", "adj")
            },
        },
    )
    lemma = wordnet.read(package)["dog", "n"]
    assert (lemma.field, lemma.n_senses, lemma.share) == ("noun.animal", 2, 0.75)
    assert lemma.synonyms == {"domestic_dog", "hound", "frump"}
