"""The real text that the pool is made from: pages, aligned messages, and dictionaries.

A folder holds `docs.parquet` (doc_id, source, path, lang, text), `segments.parquet` (source, key,
lang, text; rows of one key translate each other; a key begins with its catalogue) and
`lexicon.parquet` (lang_a, word_a, lang_b, word_b).

Memory: the texts of the pages, twice.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pivotmine.errors import InputError

LANGUAGES = ("en", "fr", "ja")
PAIRS = ("en-ja", "en-fr")

ONE_LANGUAGE = 0.95
"""Least share of a page's text in its language, for a page in one language."""
MIXED = (0.15, 0.85)
"""Share of its main language in a page of two languages."""

_WORDS = {
    "en": r"(?i)\b(the|of|and|to|is|that|this|for|with|are|you|it)\b",
    "fr": r"(?i)\b(le|la|les|des|est|une|dans|pour|vous|que|du|et|un)\b",
    "ja": r"[\p{Hiragana}\p{Katakana}]",
}
_CHARS = {"en": 24.0, "fr": 22.0, "ja": 4.0}
"""Characters of text for each match: function words are a fourth of the words; every second
Japanese character is kana, and one says as much as two letters."""
_LEAST_CHARS = 100.0
"""Below this much text with known language, the label of the page counts."""

_FIELDS = re.compile(r"[%{}<>|_\\=\t\n]|\$\w")
_SPACE = re.compile(r"[\W_]+")
_JAPANESE = re.compile(r"[\u3040-\u30ff]")
_MESSAGE_CHARS = {"en": (20, 200), "fr": (20, 240), "ja": (8, 120)}


class Page(NamedTuple):
    """A page as it was found."""

    name: str
    source: str
    text: str


class Message(NamedTuple):
    """A sentence or message and its translation, English first."""

    key: str
    source: str
    site: str
    """Source and catalogue."""
    english: str
    other: str


class Pages(NamedTuple):
    """Pages by language, and pages that mix English and another language, by pair."""

    alone: dict[str, list[Page]]
    mixed: dict[str, list[Page]]
    n_left_out: int
    """Pages with a little of another language, or in another one."""


def normal_line(line: str) -> str:
    """A line without case, punctuation and blanks; lines that agree in it count as the same."""
    return _SPACE.sub("", unicodedata.normalize("NFKC", line).casefold())


def language_shares(texts: pa.Array) -> NDArray[np.float64]:
    """Share of each of `LANGUAGES` in each text, [texts, languages]; zeros where too little is
    known. Estimated from function words and kana."""
    found = [
        pc.count_substring_regex(texts, _WORDS[lang]).to_numpy(zero_copy_only=False) * _CHARS[lang]
        for lang in LANGUAGES
    ]
    known = np.stack(found, axis=1)
    total = known.sum(axis=1, keepdims=True)
    shares: NDArray[np.float64] = np.where(total >= _LEAST_CHARS, known / np.maximum(total, 1), 0.0)
    return shares


def read_pages(folder: Path) -> Pages:
    """All pages of the languages, by what their text says rather than their label.

    Raises
    ------
    InputError
        The folder lacks the file.
    """
    found = Pages({lang: [] for lang in LANGUAGES}, {pair: [] for pair in PAIRS}, 0)
    left_out = 0
    with pq.ParquetFile(_file(folder, "docs.parquet")) as file:
        for batch in file.iter_batches(2000, columns=["doc_id", "source", "lang", "text"]):
            rows = batch.filter(pc.is_in(batch["lang"], pa.array(LANGUAGES)))
            shares = language_shares(rows["text"])
            for row, share in zip(rows.to_pylist(), shares, strict=True):
                page = Page(row["doc_id"], row["source"], row["text"])
                kind = _kind(share, row["lang"])
                if kind in found.alone:
                    found.alone[kind].append(page)
                elif kind in found.mixed:
                    found.mixed[kind].append(page)
                else:
                    left_out += 1
    return found._replace(n_left_out=left_out)


def _kind(share: NDArray[np.float64], label: str) -> str:
    """A language, a pair, or nothing."""
    best = int(share.argmax())
    if not share.any():
        return label
    if share[best] >= ONE_LANGUAGE:
        return LANGUAGES[best]
    low, high = MIXED
    for pair in PAIRS:
        a, b = (float(share[LANGUAGES.index(lang)]) for lang in pair.split("-"))
        if min(a, b) >= low and max(a, b) <= high and a + b >= ONE_LANGUAGE:
            return pair
    return ""


def read_messages(folder: Path) -> dict[str, list[Message]]:
    """Messages of each pair that look like sentences: no fields, markup or lone words.

    Of messages with the same English or the same translation, the first key counts.

    Raises
    ------
    InputError
        The folder lacks the file.
    """
    return {pair: list(_messages(folder, pair)) for pair in PAIRS}


def _messages(folder: Path, pair: str) -> Iterator[Message]:
    _, other = pair.split("-")
    rows = duckdb.sql(
        "SELECT a.source, a.key, a.text, b.text FROM read_parquet($file) a JOIN read_parquet($file)"
        " b ON a.key = b.key AND a.source = b.source WHERE a.lang = 'en' AND b.lang = $other "
        "ORDER BY a.source, a.key, a.text, b.text",
        params={"file": str(_file(folder, "segments.parquet")), "other": other},
    ).fetchall()
    seen: set[str] = set()
    for source, key, english, translated in rows:
        if not (_is_sentence(english, "en") and _is_sentence(translated, other)):
            continue
        if other == "ja" and not _JAPANESE.search(translated):
            continue
        lines = {normal_line(english), f"{other} {normal_line(translated)}"}
        if normal_line(english) == normal_line(translated) or lines & seen:
            continue
        seen |= lines
        site = f"{source} {key.partition(chr(31))[0]}"
        yield Message(f"{source}\x1f{key}", source, site, english.strip(), translated.strip())


def _is_sentence(text: str, lang: str) -> bool:
    low, high = _MESSAGE_CHARS[lang]
    return low <= len(text) <= high and not _FIELDS.search(text)


def read_words(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """Entries of the dictionaries for each pair, English first, sorted.

    Raises
    ------
    InputError
        The folder lacks the file.
    """
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    table = pq.read_table(_file(folder, "lexicon.parquet"))
    rows = zip(*(table[name].to_pylist() for name in table.column_names[:4]), strict=True)
    for lang_a, word_a, lang_b, word_b in rows:
        if "en" not in (lang_a, lang_b) or max(len(word_a), len(word_b)) > 30:
            continue
        english, other = (word_a, word_b) if lang_a == "en" else (word_b, word_a)
        found[f"en-{lang_b if lang_a == 'en' else lang_a}"].add((english, other))
    return {pair: sorted(found[pair]) for pair in PAIRS}


def _file(folder: Path, name: str) -> Path:
    if not (folder / name).exists():
        raise InputError(f"{folder} holds no {name}; bench/gain/texts.py says what it must hold")
    return folder / name
