"""Identifiers under one roof: languages of the lines of a page.

Those that look at a line alone are asked about lines; ours sees the page. Who can be told which
languages to choose from is told (`closed`); others choose among all they know (`open`).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from pivotmine.text.codes import UNDETERMINED, normalise_label
from pivotmine.text.language import load_identifier

Identify = Callable[[Sequence[str]], list[str]]
_SAME = {"nb": "no", "nn": "no", "iw": "he", "jw": "jv", "in": "id"}


class Way(NamedTuple):
    """An identifier, its package, and how it is made for the languages asked for."""

    name: str
    module: str
    make: Callable[[Sequence[str]], Identify]

    @property
    def installed(self) -> bool:
        """Whether its module can be imported."""
        return importlib.util.find_spec(self.module) is not None


def _by_line(identify: Callable[[str], str]) -> Identify:
    cached = lru_cache(maxsize=None)(identify)
    return lambda lines: [cached(line.strip()) for line in lines]


def _code(label: str) -> str:
    code = normalise_label(label.partition("-")[0])
    return _SAME.get(code, code)


def page_with(model: str | None = None) -> Callable[[Sequence[str]], Identify]:
    """Ours as the engine uses it: the page's language first, then that of each line."""

    def make(languages: Sequence[str]) -> Identify:
        identifier = load_identifier(model)

        def identify(lines: Sequence[str]) -> list[str]:
            document, _ = identifier.identify_document("".join(lines))
            return identifier.identify_segments(lines, document, languages)

        return identify

    return make


def _alone(languages: Sequence[str]) -> Identify:
    identifier = load_identifier()
    return _by_line(lambda line: identifier.identify_segments([line], UNDETERMINED, languages)[0])


def _lid(lower: bool, closed: bool) -> Callable[[Sequence[str]], Identify]:
    def make(languages: Sequence[str]) -> Identify:
        predict = load_identifier().model.predict

        def identify(line: str) -> str:
            labels, _ = predict(line.lower() if lower else line, 176 if closed else 1, 0.0)
            names = map(_code, labels)
            return next((name for name in names if not closed or name in languages), UNDETERMINED)

        return _by_line(identify)

    return make


def _lingua(closed: bool) -> Callable[[Sequence[str]], Identify]:
    def make(languages: Sequence[str]) -> Identify:
        from lingua import IsoCode639_1, LanguageDetectorBuilder

        if closed:
            codes = ["nb" if lang == "no" else lang for lang in languages]
            chosen = [getattr(IsoCode639_1, code.upper()) for code in codes]
            detector = LanguageDetectorBuilder.from_iso_codes_639_1(*chosen).build()
        else:
            detector = LanguageDetectorBuilder.from_all_languages().build()

        def identify(line: str) -> str:
            found = detector.detect_language_of(line)
            return _code(found.iso_code_639_1.name.lower()) if found else UNDETERMINED

        return _by_line(identify)

    return make


def _langid(closed: bool) -> Callable[[Sequence[str]], Identify]:
    def make(languages: Sequence[str]) -> Identify:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
        if closed:
            known = set(identifier.labels)
            identifier.set_languages([lang for lang in languages if lang in known])
        return _by_line(lambda line: _code(str(identifier.classify(line)[0])))

    return make


def _cld2(languages: Sequence[str]) -> Identify:
    import pycld2

    def identify(line: str) -> str:
        try:
            details: Any = pycld2.detect(line, isPlainText=True, bestEffort=True)[2]
        except pycld2.error:
            return UNDETERMINED
        return UNDETERMINED if details[0][1] == "un" else _code(details[0][1])

    return _by_line(identify)


def _cld3(languages: Sequence[str]) -> Identify:
    import gcld3

    detector = gcld3.NNetLanguageIdentifier(min_num_bytes=0, max_num_bytes=1000)
    return _by_line(lambda line: _code(detector.FindLanguage(text=line).language))


PAGE, ALONE = "PivotMine, page", "PivotMine, line alone"
WAYS = (
    Way(PAGE, "fasttext", page_with()),
    Way(ALONE, "fasttext", _alone),
    Way("lid.176.ftz, closed", "fasttext", _lid(lower=True, closed=True)),
    Way("lid.176.ftz, closed, case kept", "fasttext", _lid(lower=False, closed=True)),
    Way("lid.176.ftz, open", "fasttext", _lid(lower=True, closed=False)),
    Way("lingua, closed", "lingua", _lingua(closed=True)),
    Way("lingua, open", "lingua", _lingua(closed=False)),
    Way("py3langid, closed", "py3langid", _langid(closed=True)),
    Way("py3langid, open", "py3langid", _langid(closed=False)),
    Way("CLD2, open", "pycld2", _cld2),
    Way("CLD3, open", "gcld3", _cld3),
)
