"""Cipher languages: a made-up word for each sense of each word of a text.

A word of the text has one to three senses, and a cipher may or may not have a word for each. So
translation is one-to-many and many-to-one, and known exactly: two words translate each other if and
only if both spell a common sense of a word. Words are made of random letters, so no part of a word
carries meaning, and are about as long as the words that they replace.

Each cipher is written in a script that the identifier knows from one language only, and has the
code of that language. So a planted corpus needs no language model of its own: script separates its
segments, as it does Chinese and English. (Of random words of five letters, lid.176 alone gives
86 % to el, 99 % to he, 96 % to hy and 76 % to ka; Hangul needs no model.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import ConfigError
from pivotmine.planted.plan import Plan
from pivotmine.planted.text import SourceText

CIPHER_LANGUAGES: Mapping[str, str] = MappingProxyType(
    {
        "el": "αβγδεζηθικλμνξοπρστυφχψω",
        "he": "אבגדהוזחטיכלמנסעפצקרשת",
        "hy": "աբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ",
        "ka": "აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ",
        "ko": "".join(chr(0xAC00 + 28 * 3 * step) for step in range(128)),
    }
)
"""Language code -> letters of its made-up words (for ko: syllables)."""

MAX_SENSES = 3
_SENSE_WEIGHTS = (0.6, 0.3, 0.1)
"""Relative frequencies of the senses of a word; two senses are 2 to 1."""

_DISTINGUISHED = 0.7
"""Probability that a cipher has a separate word for a second or third sense."""

_LETTERS_A_SYLLABLE = 2.5


class Ciphers(NamedTuple):
    """Words of L languages for K senses of V words."""

    languages: tuple[str, ...]
    """[L] the first is the language of the text."""

    sense_offsets: NDArray[np.int64]
    """[V + 1] first sense of each word."""

    forms: tuple[list[str], ...]
    """[L][K] spelling of each sense, lower case."""

    form_ids: NDArray[np.int32]
    """[L, K] number of that spelling within its language."""

    def draw_senses(
        self, generator: np.random.Generator, word_ids: NDArray[np.int32]
    ) -> NDArray[np.int64]:
        """A sense for each occurrence of a word, drawn by weight."""
        first = self.sense_offsets[word_ids]
        n_senses = self.sense_offsets[word_ids + 1] - first
        cumulative = np.cumsum(_SENSE_WEIGHTS)
        where = generator.random(len(word_ids)) * cumulative[n_senses - 1]
        further = np.minimum(np.searchsorted(cumulative, where, "right"), n_senses - 1)
        senses: NDArray[np.int64] = first + further
        return senses


def make_ciphers(text: SourceText, plan: Plan) -> Ciphers:
    """Senses and their words. The words of a language do not depend on the other languages.

    Raises
    ------
    ConfigError
        A language is not in `CIPHER_LANGUAGES`.
    """
    unknown = [name for name in plan.languages[1:] if name not in CIPHER_LANGUAGES]
    if unknown:
        raise ConfigError(
            f"no cipher is known for {', '.join(unknown)}; after the language of the text, "
            f"languages may be {', '.join(CIPHER_LANGUAGES)}"
        )
    n_words = len(text.words)
    generator = np.random.default_rng([plan.seed, 1])
    ambiguous = generator.random(n_words) < plan.sense_share
    three = generator.random(n_words) < 0.3
    is_copy = generator.random(n_words) < plan.copy_share
    n_senses = np.where(ambiguous & ~is_copy, np.where(three, 3, 2), 1)
    offsets = np.concatenate(([0], np.cumsum(n_senses)))
    word_of = np.repeat(np.arange(n_words), n_senses)
    forms = [[text.words[word] for word in word_of.tolist()]]
    for language in plan.languages[1:]:
        letters = CIPHER_LANGUAGES[language]
        own = np.random.default_rng([plan.seed, 2, *language.encode()])
        forms.append(_spell(own, letters, text.words, offsets, is_copy, plan.homonym_share))
    return Ciphers(plan.languages, offsets, tuple(forms), np.stack([_number(f) for f in forms]))


def _spell(
    generator: np.random.Generator,
    letters: str,
    words: Sequence[str],
    offsets: NDArray[np.int64],
    is_copy: NDArray[np.bool_],
    homonym_share: float,
) -> list[str]:
    """A spelling for each sense, in the order of the words: frequent ones first."""
    # Letter frequencies fall off as in real alphabets.
    weights = generator.permutation(1.0 / (np.arange(len(letters)) + 5.0))
    cumulative = np.cumsum(weights / weights.sum())
    syllables = len(letters) > 100
    taken: set[str] = set()
    forms: list[str] = []
    for word, (start, end) in enumerate(pairwise(offsets.tolist())):
        for sense in range(start, end):
            chance, same = generator.random(2)
            if is_copy[word]:
                forms.append(words[word])
            elif sense > start and chance >= _DISTINGUISHED:
                forms.append(forms[start])
            elif sense == start and forms and same < homonym_share:
                forms.append(forms[int(generator.integers(len(forms)))])
            else:
                n_letters = len(words[word]) / (_LETTERS_A_SYLLABLE if syllables else 1)
                forms.append(_new_word(generator, letters, cumulative, n_letters, taken))
    return forms


def _new_word(
    generator: np.random.Generator,
    letters: str,
    cumulative: NDArray[np.float64],
    n_letters: float,
    taken: set[str],
) -> str:
    """A spelling that is not taken yet, one letter longer after every ten attempts."""
    tries = 0
    while True:
        length = max(2, round(n_letters)) + tries // 10
        drawn = np.searchsorted(cumulative[:-1], generator.random(length), "right").tolist()
        word = "".join(letters[letter] for letter in drawn)
        if word not in taken:
            taken.add(word)
            return word
        tries += 1


def _number(forms: Sequence[str]) -> NDArray[np.int32]:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(form, len(numbers)) for form in forms], np.int32)
