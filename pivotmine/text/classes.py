"""What segments and documents can be in, and what a model is asked for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pivotmine.text.codes import UNDETERMINED, writes
from pivotmine.text.fasttext_model import LanguageModel, Question
from pivotmine.text.label_sets import languages_by_script

# Tuned on the dev halves of `bench/segment_language`.
_PRIOR_SEGMENTS = 1.0  # pseudo-count of the configured languages, in equal shares
_DOCUMENT_PRIOR_SEGMENTS = 2.0  # the document's own has this beside
_FOREIGN_PRIOR_SEGMENTS = 0.05


@dataclass(frozen=True)
class Classes:
    """What a segment can be: a language of the recipe, Chinese or Japanese, or foreign."""

    languages: tuple[str, ...]
    names: tuple[str, ...]
    """zh and ja compete for Han even where the recipe names only one of them."""

    @classmethod
    def of(cls, languages: Sequence[str]) -> Classes:
        """The classes of a recipe's languages."""
        return cls(tuple(languages), tuple(dict.fromkeys([*languages, "zh", "ja"])))

    @property
    def found(self) -> list[str]:
        """Name of a segment of each class."""
        known = [name if name in self.languages else UNDETERMINED for name in self.names]
        return [*known, UNDETERMINED]

    def number(self, language: str) -> int:
        """The class of a language; the last one if the recipe does not name it."""
        return self.names.index(language) if language in self.languages else len(self.names)

    def priors(self, document_languages: Sequence[str]) -> NDArray[np.float64]:
        """float64[D, classes + 1]: pseudo-counts of segments, by the language of the document."""
        each = _PRIOR_SEGMENTS / len(self.languages)
        shares = [
            each if name in self.languages else _FOREIGN_PRIOR_SEGMENTS for name in self.names
        ]
        priors = np.tile([*shares, _FOREIGN_PRIOR_SEGMENTS], (len(document_languages), 1))
        column = {name: at for at, name in enumerate(self.names)}
        for row, language in enumerate(document_languages):
            if language in column:
                priors[row, column[language]] += _DOCUMENT_PRIOR_SEGMENTS
        return priors


@lru_cache(maxsize=4)
def every_language(model: LanguageModel) -> tuple[list[str], Question]:
    """All languages by name, and the question that has a column for each."""
    by_script = languages_by_script(model.labels)
    names = sorted({name for found in by_script for name in found if name})
    column = {name: at for at, name in enumerate(names)}
    columns = [[column[name] if name else -1 for name in found] for found in by_script]
    return names, Question(np.array(columns, np.int32), len(names))


@lru_cache(maxsize=16)
def candidates_of(model: LanguageModel, classes: Classes) -> tuple[NDArray[np.bool_], Question]:
    """Which classes a text of each script can be in (bool[scripts, classes]), and the question.

    It has a column for each class, and a last one for all languages of another script: product
    names and commands suggest such languages, and are ignored.
    """
    by_script = languages_by_script(model.labels, classes.languages)
    column = {name: at for at, name in enumerate(classes.names) if name in classes.languages}
    columns = [
        [column.get(name, -1) if name else len(classes.names) for name in found]
        for found in by_script
    ]
    candidates = [
        [name in column and (writes(name, script) or name in found) for name in classes.names]
        for script, found in enumerate(by_script)
    ]
    question = Question(np.array(columns, np.int32), len(classes.names) + 1)
    return np.array(candidates), question
