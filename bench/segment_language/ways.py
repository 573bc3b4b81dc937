"""Identifiers with one interface: from the lines of a page to their languages.

All but ours look at each line alone. `closed` ones choose among the languages of the recipe, and
`open` ones among all that they know.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np

from pivotmine.text.codes import UNDETERMINED, normalise_label
from pivotmine.text.fasttext_model import Question, as_texts, load_model
from pivotmine.text.language import load_identifier

Languages = Sequence[str]
Identify = Callable[[Sequence[str]], list[str]]
_SAME = {"nb": "no", "nn": "no", "iw": "he", "jw": "jv", "in": "id"}


class Way(NamedTuple):
    """An identifier, its package, and how it is made for given languages."""

    name: str
    module: str
    make: Callable[[Languages], Identify]

    @property
    def installed(self) -> bool:
        """Whether its module can be imported."""
        return importlib.util.find_spec(self.module) is not None


def _page(languages: Languages) -> Identify:
    """As the engine does it: first the language of the page, then that of each line."""
    identifier = load_identifier()

    def identify(lines: Sequence[str]) -> list[str]:
        ((document, _),) = identifier.identify_documents(["".join(lines)])
        return identifier.identify_segments([lines], [document], languages)[0]

    return identify


def _alone(languages: Languages) -> Identify:
    identifier = load_identifier()

    def identify(line: str) -> str:
        ((found,),) = identifier.identify_segments([[line]], [UNDETERMINED], languages)
        return found

    return _by_line(identify)


def _lid(closed: bool, languages: Languages) -> Identify:
    model = load_model()
    codes = [_code(label) for label in model.labels]
    columns = [at if not closed or code in languages else -1 for at, code in enumerate(codes)]
    question = Question(np.array([columns], np.int32), len(codes))

    def identify(line: str) -> str:
        texts = as_texts([line], len(line))
        (masses,) = model.masses(texts, np.zeros(1, np.int64), question)
        return codes[masses.argmax()] if masses.any() else UNDETERMINED

    return _by_line(identify)


def _lingua(languages: Languages) -> Identify:
    from lingua import IsoCode639_1, LanguageDetectorBuilder

    codes = ["NB" if lang == "no" else lang.upper() for lang in languages]
    chosen = [getattr(IsoCode639_1, code) for code in codes]
    detector = LanguageDetectorBuilder.from_iso_codes_639_1(*chosen).build()

    def identify(line: str) -> str:
        found = detector.detect_language_of(line)
        return _code(found.iso_code_639_1.name.lower()) if found else UNDETERMINED

    return _by_line(identify)


def _by_line(identify: Callable[[str], str]) -> Identify:
    cached = lru_cache(maxsize=None)(identify)
    return lambda lines: [cached(line.strip()) for line in lines]


def _code(label: str) -> str:
    code = normalise_label(label.partition("-")[0])
    return _SAME.get(code, code)


PAGE, ALONE = "PivotMine, page", "PivotMine, line alone"
WAYS = (
    Way(PAGE, "fasttext", _page),
    Way(ALONE, "fasttext", _alone),
    Way("lid.176.ftz, closed", "fasttext", partial(_lid, True)),
    Way("lid.176.ftz, open", "fasttext", partial(_lid, False)),
    Way("lingua, closed", "lingua", _lingua),
)
