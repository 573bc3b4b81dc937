"""Which language a document, and each of its segments, is written in.

Segments are often a few words long, and an identifier alone is often wrong about these. Four kinds
of evidence decide together:

* the shapes of words (`word_shapes.py`), which code, keys and keyboard mash do not have;
* the script (`scripts.py`), which tells Chinese, Japanese and Korean without any model;
* a fastText model (`fasttext_model.py`), restricted to the languages of the recipe, for alphabets;
* the languages of the rest of the page.

The worth of each, by language and length, and a comparison with other identifiers are in
docs/results/segment-language.md; pages in two scripts and noise are in
docs/results/segment-language.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pivotmine.text.classes import Classes, candidates_of, every_language
from pivotmine.text.codes import UNDETERMINED
from pivotmine.text.fasttext_model import LanguageModel, Texts, as_texts, load_model
from pivotmine.text.page_weights import weigh_by_page
from pivotmine.text.scripts import (
    HAN,
    HANGUL,
    KANA,
    NONE,
    ScriptCounts,
    chance_of_unmarked_chinese,
    count_scripts_of,
    dominant_scripts,
    han_evidence,
    script_weights,
    scripts_of,
)
from pivotmine.text.word_shapes import words_only

# Samples of a document that its language is read from: beginning, middle and end.
_SAMPLE_CHARS = 400
_SEGMENT_CHARS = 400
_CHARS_AT_ONCE = 500_000  # of the documents that are named together: 20 MB of arrays
_DOCUMENTS_AT_ONCE = 400

# Tuned on the dev halves of `bench/segment_language`.
_SHARPNESS = (0.7, 1.2, 40)  # exponent on fastText's probabilities: of no letter, of many, how many
_FOREIGN_WEIGHT = 0.2  # on the summed probability of languages outside the recipe
_FLOOR = 0.01  # smaller probabilities count as this
_LEAST_SHARE = 0.1  # of the words of a page: scripts with less are not a part of it
_LEAST_CERTAINTY = 0.15  # of the language of a part; keyboard mash and code have less
_NOISE_POWER = 4.0  # of the share of a segment that does not look like words: likelihood of noise
_DOCUMENT_WORDS_POWER = 2.0  # of the share that does: factor of a document's certainty


@lru_cache(maxsize=4)
def load_identifier(model: str | None = None) -> Identifier:
    """The identifier of a fastText model file, loaded once per process (see `load_model`)."""
    return Identifier(load_model(model))


@dataclass(frozen=True, eq=False)
class Identifier:
    """Names languages of documents and segments; one per process and model."""

    model: LanguageModel

    def identify_documents(self, texts: Sequence[str]) -> list[tuple[str, float]]:
        """Main language of each text and its certainty; `("und", 0.0)` where none is certain.

        400 characters each of the beginning, the middle and the end are read. Script tells Chinese,
        Japanese and Korean, and fastText all others, among the languages of the script. The
        certainty is the probability of the language times the share of the words in its script.
        """
        found: list[tuple[str, float]] = []
        for start in range(0, len(texts), _DOCUMENTS_AT_ONCE):
            found += self._identify_samples(
                [_sample(text) for text in texts[start : start + _DOCUMENTS_AT_ONCE]]
            )
        return found

    def _identify_samples(self, samples: Sequence[str]) -> list[tuple[str, float]]:
        texts = as_texts(samples, 4 * _SAMPLE_CHARS)
        words, in_words = words_only(*texts)
        texts = Texts(words, texts.starts, texts.ends)
        counts = count_scripts_of(words, texts.ends - texts.starts)
        shares = counts.words / np.maximum(counts.words.sum(axis=1, keepdims=True), 1e-9)
        shares[:, HAN] += shares[:, KANA]
        shares[:, KANA] = 0
        dominant = dominant_scripts(counts)
        parts = shares >= _LEAST_SHARE
        parts[np.arange(len(samples)), dominant] = counts.letters > 0
        rows, scripts = np.nonzero(parts)
        languages, certainties = np.full(len(rows), "ko", object), np.ones(len(rows))
        is_han = scripts == HAN
        han = han_evidence(counts)[rows[is_han]]
        languages[is_han] = np.where(han[:, 0] >= han[:, 1], "zh", "ja")
        certainties[is_han] = han.max(axis=1) / han.sum(axis=1)
        asked = np.flatnonzero(~is_han & (scripts != HANGUL))
        texts = Texts(words, texts.starts[rows[asked]], texts.ends[rows[asked]])
        languages[asked], certainties[asked] = self._identify_parts(texts, scripts[asked])
        certainties[asked] *= in_words[rows[asked]] ** _DOCUMENT_WORDS_POWER
        weights = script_weights(counts)[rows, scripts]
        found = [(UNDETERMINED, 0.0)] * len(samples)
        # The part of most weight that has a language is written last.
        for part in np.argsort(weights, kind="stable").tolist():
            if certainties[part] >= _LEAST_CERTAINTY:
                certainty = certainties[part] * shares[rows[part], scripts[part]]
                found[rows[part]] = (languages[part], min(float(certainty), 1.0))
        return found

    def _identify_parts(
        self, texts: Texts, scripts: NDArray[np.int64]
    ) -> tuple[list[str], NDArray[np.float64]]:
        """Language of the part of each text in a script, and its probability."""
        names, question = every_language(self.model)
        texts = _in_script(texts, scripts)
        masses = self.model.masses(texts, scripts, question)
        # Of equally probable languages, the last by name.
        best = len(names) - 1 - masses[:, ::-1].argmax(axis=1)
        certainties = masses[np.arange(len(scripts)), best]
        return [names[column] for column in best.tolist()], certainties

    def identify_segments(
        self,
        documents: Sequence[Sequence[str]],
        document_languages: Sequence[str],
        languages: Sequence[str],
    ) -> list[list[str]]:
        """Language of each segment of each document: one of `languages`, or `und`.

        A document's segments are given in order; the shares of its languages are estimated from
        them. A segment is `und` when its script or fastText points to a language outside
        `languages`. A segment without letters takes the language of the segment before it, and at
        the beginning that of the one after. In a document without letters, all segments take the
        language of the document.
        """
        classes = Classes.of(languages)
        found: list[list[str]] = []
        for first, last in _by_chars(documents):
            some, langs = documents[first:last], document_languages[first:last]
            found += self._identify_some(some, langs, classes)
        return found

    def _identify_some(
        self,
        documents: Sequence[Sequence[str]],
        document_languages: Sequence[str],
        classes: Classes,
    ) -> list[list[str]]:
        segments = [segment for document in documents for segment in document]
        sizes = np.fromiter(map(len, documents), np.int64, len(documents))
        owner = np.repeat(np.arange(len(documents)), sizes)
        texts = as_texts(segments, _SEGMENT_CHARS)
        lengths = np.fromiter(map(len, segments), np.int64, len(segments))
        words, in_words = words_only(texts.points, texts.starts, texts.starts + lengths)
        counts = count_scripts_of(words, lengths)
        lettered = np.flatnonzero(counts.letters)
        texts = Texts(words, texts.starts[lettered], texts.ends[lettered])
        evidence = self._evidence(
            texts, counts.rows(lettered), in_words[lettered], owner[lettered], classes
        )
        starts = np.searchsorted(owner[lettered], np.arange(len(documents) + 1))
        best = weigh_by_page(evidence, starts, classes.priors(document_languages))
        # The last lettered segment at or before each segment, the first one at the start.
        place = np.searchsorted(lettered, np.arange(len(segments)), "right") - 1
        place = np.maximum(place, starts[owner])
        has_letters = starts[1:] > starts[:-1]
        numbers = np.full(len(segments), len(classes.found) - 1)
        told = has_letters[owner]
        numbers[told] = best[place[told]]
        for document in np.flatnonzero(~has_letters).tolist():
            numbers[owner == document] = classes.number(document_languages[document])
        names = np.array(classes.found, object)[numbers].tolist()
        ends = np.cumsum(sizes).tolist()
        return [names[end - size : end] for end, size in zip(ends, sizes.tolist(), strict=True)]

    def _evidence(
        self,
        texts: Texts,
        counts: ScriptCounts,
        in_words: NDArray[np.float64],
        owner: NDArray[np.int64],
        classes: Classes,
    ) -> NDArray[np.float64]:
        """float64[S, len(classes.names) + 1]: likelihood of each segment in each class, last:
        foreign. `owner` is the document of each segment."""
        evidence = np.zeros((len(owner), len(classes.names) + 1))
        scripts = dominant_scripts(counts)
        is_han = scripts == HAN
        han = han_evidence(counts)
        han[:, 0] *= chance_of_unmarked_chinese(counts, owner)
        for column, language in enumerate(("zh", "ja")):
            evidence[is_han, classes.names.index(language)] = han[is_han, column]
        if "ko" in classes.languages:
            evidence[scripts == HANGUL, classes.names.index("ko")] = 1.0
        candidates, question = candidates_of(self.model, classes)
        has_candidates = np.flatnonzero(candidates.any(axis=1))
        asked = ~is_han & (scripts != HANGUL) & np.isin(scripts, has_candidates)
        rows = np.flatnonzero(asked)
        texts = Texts(texts.points, texts.starts[rows], texts.ends[rows])
        texts = _in_script(texts, scripts[rows])
        masses = self.model.masses(texts, scripts[rows], question)
        found, impossible = masses[:, :-1], masses[:, -1]
        others = 1.0 - found.sum(axis=1) - impossible
        sharpness = _sharpness(counts.letters[rows])
        possible = candidates[scripts[rows]]
        in_words = in_words[rows]
        likely = (found + _FLOOR) ** sharpness[:, np.newaxis]
        likely *= np.maximum(in_words, _FLOOR)[:, np.newaxis]
        evidence[rows, :-1] = np.where(possible, likely, 0.0)
        foreign = (np.maximum(others, _FLOOR) * _FOREIGN_WEIGHT) ** sharpness
        evidence[rows, -1] = np.maximum(foreign, (1 - in_words) ** _NOISE_POWER)
        evidence[evidence.sum(axis=1) == 0, -1] = 1.0
        return evidence


def _in_script(texts: Texts, scripts: NDArray[np.int64]) -> Texts:
    """The texts without the letters of other scripts than that of each, int64[S]."""
    lengths = texts.ends - texts.starts
    ends = np.cumsum(lengths)
    starts = ends - lengths
    place = np.arange(lengths.sum()) + np.repeat(texts.starts - starts, lengths)
    points = texts.points[place]
    own = scripts_of(points)
    points[(own != NONE) & (own != np.repeat(scripts, lengths))] = ord(" ")
    points.setflags(write=False)
    return Texts(points, starts, ends)


def _by_chars(documents: Sequence[Sequence[str]]) -> Iterator[tuple[int, int]]:
    """Ranges of documents that hold about `_CHARS_AT_ONCE` characters."""
    first = n_chars = 0
    for last, document in enumerate(documents, 1):
        n_chars += sum(map(len, document))
        if n_chars >= _CHARS_AT_ONCE or last == len(documents):
            yield first, last
            first, n_chars = last, 0


def _sharpness(letters: NDArray[np.int64]) -> NDArray[np.float64]:
    """float64[S] exponent: fastText is too sure of a word or two, and less so of a sentence."""
    none, many, n_many = _SHARPNESS
    sharpness: NDArray[np.float64] = np.minimum(none + (many - none) * letters / n_many, many)
    return sharpness


def _sample(text: str) -> str:
    if len(text) <= 3 * _SAMPLE_CHARS:
        return text
    middle = (len(text) - _SAMPLE_CHARS) // 2
    return " ".join(
        (text[:_SAMPLE_CHARS], text[middle : middle + _SAMPLE_CHARS], text[-_SAMPLE_CHARS:])
    )
