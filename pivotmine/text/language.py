"""Which language a document, and each of its segments, is written in.

Segments are often a few words long, and an identifier alone is often wrong about these. Three kinds
of evidence decide together:

* the script (`scripts.py`), which tells Chinese, Japanese and Korean without any model;
* a fastText model (`fasttext_model.py`), restricted to the languages of the recipe, for alphabets;
* the languages of the rest of the page.

The worth of each, by language and length, and a comparison with other identifiers are in
docs/results/2026-11-22-segment-language.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pivotmine.text.codes import UNDETERMINED, writes
from pivotmine.text.fasttext_model import LanguageModel, load_model
from pivotmine.text.scripts import (
    HAN,
    HANGUL,
    KANA,
    ScriptCounts,
    chance_of_unmarked_chinese,
    count_scripts,
    dominant_scripts,
    han_evidence,
)

# Samples of a document that its language is read from: beginning, middle and end.
_SAMPLE_CHARS = 400
_SEGMENT_CHARS = 400
_DOCUMENTS_AT_ONCE = 256  # whose scripts are counted together: 12 MB of arrays

# Tuned on the dev halves of `bench/segment_language`.
_SHARPNESS = (0.7, 1.2, 40)  # exponent on fastText's probabilities: of no letter, of many, how many
_FOREIGN_WEIGHT = 0.2  # on the summed probability of languages outside the recipe
_PRIOR_SEGMENTS = 1.0  # pseudo-count of the configured languages, in equal shares
_DOCUMENT_PRIOR_SEGMENTS = 2.0  # the document's own has this beside
_FOREIGN_PRIOR_SEGMENTS = 0.05
_FLOOR = 0.01  # smaller probabilities count as this
_LOCAL_SHARE = 0.15  # of the prior that comes from the two segments on either side
_ROUNDS = 5


@lru_cache(maxsize=4)
def load_identifier(model: str | None = None) -> "Identifier":
    """The identifier of a fastText model file, loaded once per process (see `load_model`)."""
    return Identifier(load_model(model))


@dataclass(frozen=True, eq=False)
class Identifier:
    """Names languages of documents and segments; one per process and model."""

    model: LanguageModel

    def identify_document(self, text: str) -> tuple[str, float]:
        """Main language of one text; see `identify_documents`."""
        return self.identify_documents([text])[0]

    def identify_documents(self, texts: Sequence[str]) -> list[tuple[str, float]]:
        """Main language of each text and its certainty; `("und", 0.0)` without letters.

        400 characters each of the beginning, the middle and the end are read. Script tells Chinese,
        Japanese and Korean, and the probability is then the share of the words in that script.
        fastText tells all others; a language whose script is another one is not considered.
        """
        found: list[tuple[str, float]] = []
        for start in range(0, len(texts), _DOCUMENTS_AT_ONCE):
            found += self._identify_samples(
                [_sample(text) for text in texts[start : start + _DOCUMENTS_AT_ONCE]]
            )
        return found

    def _identify_samples(self, samples: Sequence[str]) -> list[tuple[str, float]]:
        counts = count_scripts(samples)
        cjk = counts.words[:, [HAN, KANA, HANGUL]].sum(axis=1)
        cjk_share = (cjk / np.maximum(counts.words.sum(axis=1), 1e-9)).tolist()
        scripts = dominant_scripts(counts).tolist()
        han = han_evidence(counts).tolist()
        found = []
        for row, (sample, n_letters) in enumerate(
            zip(samples, counts.letters.tolist(), strict=True)
        ):
            if not n_letters:
                found.append((UNDETERMINED, 0.0))
            elif scripts[row] == HANGUL:
                found.append(("ko", cjk_share[row]))
            elif scripts[row] == HAN:
                chinese, japanese = han[row]
                certainty = max(chinese, japanese) / (chinese + japanese)
                found.append(("zh" if chinese >= japanese else "ja", cjk_share[row] * certainty))
            else:
                found.append(self._identify_by_model(sample, scripts[row]))
        return found

    def _identify_by_model(self, sample: str, script: int) -> tuple[str, float]:
        candidates = {
            language: probability
            for language, probability in self.model.probabilities(sample).items()
            if writes(language, script)
        }
        if not candidates:
            return UNDETERMINED, 0.0
        best = max(candidates, key=lambda language: (candidates[language], language))
        return best, min(candidates[best], 1.0)

    def identify_segments(
        self, segments: Sequence[str], document_language: str, languages: Sequence[str]
    ) -> list[str]:
        """Language of each segment: one of `languages`, or `und`.

        `segments` are those of one document in order; the shares of its languages are estimated
        from them. A segment is `und` when its script or fastText points to a language outside
        `languages`. A segment without letters takes the language of the segment before it, and at
        the beginning that of the one after. In a document without letters, all segments take the
        language of the document.
        """
        if not segments:
            return []
        counts = count_scripts(segments)
        lettered: list[int] = np.flatnonzero(counts.letters).tolist()
        if not lettered:
            known = document_language if document_language in languages else UNDETERMINED
            return [known] * len(segments)
        # zh and ja compete for Han even where the recipe names only one of them.
        classes = list(dict.fromkeys([*languages, "zh", "ja"]))
        texts = [segments[i] for i in lettered]
        evidence = self._evidence(texts, counts.rows(lettered), classes, frozenset(languages))
        each = _PRIOR_SEGMENTS / len(languages)
        prior = np.array(
            [
                (each if name in languages else _FOREIGN_PRIOR_SEGMENTS)
                + (_DOCUMENT_PRIOR_SEGMENTS if name == document_language else 0.0)
                for name in classes
            ]
            + [_FOREIGN_PRIOR_SEGMENTS]
        )
        best = _weigh_by_page(evidence, prior).argmax(axis=1)
        names = [name if name in languages else UNDETERMINED for name in classes]
        names.append(UNDETERMINED)
        # Row of the last lettered segment at or before each segment, the first one at the start.
        owner = np.maximum(np.searchsorted(lettered, np.arange(len(segments)), "right") - 1, 0)
        return [names[k] for k in best[owner]]

    def _evidence(
        self,
        segments: Sequence[str],
        counts: ScriptCounts,
        classes: Sequence[str],
        languages: frozenset[str],
    ) -> NDArray[np.float64]:
        """float64[S, len(classes) + 1]: likelihood of each segment in each class, last: foreign."""
        evidence = np.zeros((len(segments), len(classes) + 1))
        scripts = dominant_scripts(counts)
        is_han = scripts == HAN
        han = han_evidence(counts)
        han[:, 0] *= chance_of_unmarked_chinese(counts)
        for column, language in enumerate(("zh", "ja")):
            evidence[is_han, classes.index(language)] = han[is_han, column]
        if "ko" in languages:
            evidence[scripts == HANGUL, classes.index("ko")] = 1.0
        for script in np.unique(scripts[~is_han & (scripts != HANGUL)]):
            candidates = [
                (column, language)
                for column, language in enumerate(classes)
                if language in languages and writes(language, int(script))
            ]
            if not candidates:
                continue
            rows: list[int] = np.flatnonzero(scripts == script).tolist()
            columns = np.array([column for column, _ in candidates])
            asked = [self.model.probabilities(segments[row][:_SEGMENT_CHARS]) for row in rows]
            found = np.array(
                [
                    [probabilities.get(name, 0.0) for _, name in candidates]
                    for probabilities in asked
                ]
            )
            # Product names and commands suggest languages of another script; these are ignored.
            impossible = np.array(
                [
                    sum(p for name, p in probabilities.items() if not writes(name, int(script)))
                    for probabilities in asked
                ]
            )
            others = 1.0 - found.sum(axis=1) - impossible
            foreign = np.maximum(others, _FLOOR) * _FOREIGN_WEIGHT
            sharpness = _sharpness(counts.letters[rows])[:, np.newaxis]
            evidence[np.array(rows)[:, np.newaxis], columns] = (found + _FLOOR) ** sharpness
            evidence[rows, -1] = foreign ** sharpness[:, 0]
        evidence[evidence.sum(axis=1) == 0, -1] = 1.0
        return evidence


def _weigh_by_page(
    evidence: NDArray[np.float64], prior_segments: NDArray[np.float64]
) -> NDArray[np.float64]:
    """float64[S, C]: posterior of each class given the evidence and the rest of the page.

    The shares of the languages on a page, and near a segment, are estimated from its own segments
    by expectation-maximisation (a mixture model with known components: Dempster, Laird and Rubin
    1977). The prior of a segment mixes the shares on the page (pseudo-counts `prior_segments`,
    float64[C]) with those of the two segments before and after it. So short strings take the
    language of a page in one language, and a page that alternates between two keeps both.
    """
    posterior: NDArray[np.float64] = evidence / evidence.sum(axis=1, keepdims=True)
    for _ in range(_ROUNDS):
        page = posterior.sum(axis=0) + prior_segments
        page /= page.sum()
        near = np.tile(prior_segments / 4, (len(posterior), 1))
        for distance in (1, 2):
            near[distance:] += posterior[:-distance]
            near[:-distance] += posterior[distance:]
        near /= near.sum(axis=1, keepdims=True)
        posterior = evidence * ((1 - _LOCAL_SHARE) * page + _LOCAL_SHARE * near)
        posterior /= posterior.sum(axis=1, keepdims=True)
    return posterior


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
