"""Which words of a concept a model could get right without knowing the language.

A *copy* is the same string in both languages. A *cognate* is similar in form, so that a copy with
small changes would be right: similar letters (English-French), the same word in katakana, or Han
characters in common. Scores are reported with and without both.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from itertools import combinations

COGNATE_SIMILARITY = 0.6
"""Least similarity (1 - edit distance / longer length) of two words in Latin letters."""
LOAN_SIMILARITY = 0.5
"""The same for katakana in Latin letters, where vowels are added and l, r, b, v merge."""


def marks(words: Mapping[str, str], traditional: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Language pairs (`en-fr`, in the order of `words`) that are copies, and that are cognates."""
    copies, cognates = [], []
    for lang, other in combinations(words, 2):
        if _fold(words[lang]) == _fold(words[other]):
            copies.append(f"{lang}-{other}")
        elif is_cognate(words[lang], words[other], traditional):
            cognates.append(f"{lang}-{other}")
    return copies, cognates


def is_cognate(word: str, other: str, traditional: Mapping[str, str]) -> bool:
    """Whether two different words are alike in form."""
    if han_characters(word, traditional) & han_characters(other, traditional):
        return True
    loan = _is_katakana(word) or _is_katakana(other)
    latin, latin_other = _latin(word), _latin(other)
    if not latin or not latin_other:
        return False
    if loan:
        latin, latin_other = _merge(latin), _merge(latin_other)
    return similarity(latin, latin_other) >= (LOAN_SIMILARITY if loan else COGNATE_SIMILARITY)


def similarity(word: str, other: str) -> float:
    """1 - Levenshtein distance / length of the longer word; in [0, 1]."""
    row = list(range(len(other) + 1))
    for number, letter in enumerate(word, 1):
        diagonal, row[0] = row[0], number
        for place, letter_other in enumerate(other, 1):
            diagonal, row[place] = (
                row[place],
                min(row[place] + 1, row[place - 1] + 1, diagonal + (letter != letter_other)),
            )
    return 1 - row[-1] / max(len(word), len(other), 1)


def han_characters(word: str, traditional: Mapping[str, str]) -> set[str]:
    """Han characters of a word and of its traditional spelling, if it has one."""
    both = word + traditional.get(word, "")
    return {character for character in both if "\u3400" <= character <= "\u9fff"}


def _fold(word: str) -> str:
    return unicodedata.normalize("NFKC", word).casefold()


def _is_katakana(word: str) -> bool:
    return all("\u30a1" <= character <= "\u30fc" for character in word)


def _latin(word: str) -> str:
    """Letters without accents; katakana in Latin letters; empty for other scripts."""
    if _is_katakana(word):
        return _romanise(word)
    plain = unicodedata.normalize("NFD", word.casefold().replace("œ", "oe").replace("æ", "ae"))
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return letters if letters.isascii() and letters.isalpha() else ""


_SMALL = {"ァ": "a", "ィ": "i", "ゥ": "u", "ェ": "e", "ォ": "o", "ャ": "ya", "ュ": "yu", "ョ": "yo"}


def _romanise(word: str) -> str:
    """Katakana in Latin letters, by the names Unicode gives them (`KATAKANA LETTER KA`)."""
    letters = ""
    double = False
    for character in word:
        if character == "ー":
            continue
        if character == "ッ":
            double = True
            continue
        if character in _SMALL:  # a glide or a vowel in place of the last one
            letters = letters[:-1] + _SMALL[character]
            continue
        syllable = unicodedata.name(character, "").rpartition(" ")[2].lower()
        letters += syllable[:1] + syllable if double else syllable
        double = False
    return letters


_MERGED = str.maketrans("lvcqxkzjy", "rbkkkksii")


def _merge(latin: str) -> str:
    """The letters with those merged that Japanese does not distinguish, without added vowels."""
    merged = latin.replace("ph", "h").replace("f", "h").replace("th", "s").replace("sh", "s")
    merged = merged.replace("ch", "t").translate(_MERGED)
    kept = "".join(
        letter for place, letter in enumerate(merged) if place == 0 or letter not in "uo"
    )
    return "".join(
        letter for place, letter in enumerate(kept) if place == 0 or letter != kept[place - 1]
    )
