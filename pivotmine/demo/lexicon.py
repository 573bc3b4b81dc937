"""The demo's lexicon: word pairs to count, from the corpus's own sources.

Dictionary entries give Chinese-English and Japanese-English pairs. Messages of a word or two give
English with French, Chinese and Japanese. The pairs stand beside each other in the corpus, which is
fine: it is their meeting that is counted. No source has a pair without English, though the demo
asks about such pairs, so a few everyday words in all four languages are listed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path

from pivotmine.demo.documents import Document, Entry

COLUMNS = ("lang_a", "word_a", "lang_b", "word_b", "source")
NAME = "lexicon.tsv"
MOST_GLOSSES = 1

_EVERYDAY = """
    cat chat 猫 猫; dog chien 狗 犬; water eau 水 水; milk lait 牛奶 牛乳; bread pain 面包 パン;
    house maison 房子 家; book livre 书 本; school école 学校 学校; train train 火车 電車;
    rain pluie 雨 雨; mountain montagne 山 山; friend ami 朋友 友達; night nuit 夜 夜;
    file fichier 文件 ファイル; network réseau 网络 ネットワーク; server serveur 服务器 サーバー;
    password mot_de_passe 密码 パスワード; user utilisateur 用户 ユーザー;
    language langue 语言 言語; temperature température 温度 温度; light lumière 光 光;
    error erreur 错误 エラー
"""
_LANGUAGES = ("en", "fr", "zh", "ja")
_HEADWORD_LANGUAGE = {"cedict": "zh", "jmdict": "ja"}
_TRANSLATION_LANGUAGE = re.compile(r"(?:en\+|/locale/)(fr|ja|zh)")
_IN_BRACKETS = re.compile(r"\([^()]*\)")
_ARTICLE = re.compile(r"(?:to|an?|the) (?=\w)")
_ENGLISH = re.compile(r"[A-Za-z][A-Za-z'-]*(?: [A-Za-z'-]+){0,2}")
_SHORT = re.compile(r"[^\W\d_][^\W\d_'’-]*(?: [^\W\d_'’-]+){0,2}")
_MOST_WORDS_OF_A_MESSAGE = 2

Row = tuple[str, str, str, str, str]


class DemoLexicon:
    """Pairs, each once, in the order in which the documents bring them."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str, str, str], str] = {}
        for line in _EVERYDAY.replace("\n", " ").split(";"):
            words = [word.replace("_", " ") for word in line.split()]
            for one, other in combinations(zip(_LANGUAGES, words, strict=True), 2):
                self._rows.setdefault((*one, *other), "pivotmine")

    def add(self, document: Document) -> None:
        """List the word pairs that a document spells out."""
        found: Iterator[tuple[str, str, str, str]] = iter(())
        if document.kind == "dictionary":
            found = _entries(document)
        elif document.kind == "catalogue":
            found = _messages(document)
        for pair in found:
            self._rows.setdefault(pair, document.source)

    def write(self, path: Path) -> int:
        """Write a TSV file; returns its rows."""
        lines = ["\t".join(COLUMNS), *("\t".join((*row, of)) for row, of in self._rows.items())]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return len(self._rows)


def _entries(document: Document) -> Iterator[tuple[str, str, str, str]]:
    language = _HEADWORD_LANGUAGE[document.source]
    for line in document.text.splitlines():
        headword, glosses = Entry.of_line(line)
        english = (_ARTICLE.sub("", _IN_BRACKETS.sub("", gloss).strip(), 1) for gloss in glosses)
        words = [word for word in english if _ENGLISH.fullmatch(word)]
        for word in words[:MOST_GLOSSES]:
            yield "en", word, language, headword


def _messages(document: Document) -> Iterator[tuple[str, str, str, str]]:
    named = _TRANSLATION_LANGUAGE.search(document.path)
    if named is None:
        return
    for number, (english, translation) in enumerate(pairwise(document.text.splitlines())):
        is_pair = number % 2 == 0  # a page alternates message and translation
        short = len(english.split()) <= _MOST_WORDS_OF_A_MESSAGE
        if is_pair and short and _ENGLISH.fullmatch(english) and _SHORT.fullmatch(translation):
            yield "en", english, named[1], translation
