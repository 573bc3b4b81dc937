"""Concepts on which independent dictionaries agree.

A dictionary of two languages translates words, not meanings: `bank` has both 银行 and 岸. A concept
here is a choice of one word a language such that the choices confirm each other. The first language
is the hub (dictionaries with English exist for every language). For each of its words, all
combinations of the best few candidates are scored. A word of another language is confirmed once by

* every family of dictionaries that links it with the hub word,
* a dictionary that links it with another chosen word directly (French-Japanese),
* another hub word that translates both it and another chosen word (銀行 and 银行 both: `banking`),
* a word of a bridge language that translates both it and the hub word (German `Blatt` for `feuille`
  and `leaf`),
* Han characters in common with another chosen word, in simplified or traditional spelling.

A concept needs `min_confirmations` for every word. A hub word with a single sense adds one to each.
No confirmation distinguishes two words that share the same two senses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache, partial
from itertools import combinations, product
from typing import NamedTuple

from pivotmine.model.config.measuring import WordsConfig
from pivotmine.model.words.graph import Word, WordGraph
from pivotmine.model.words.marks import han_characters
from pivotmine.model.words.sources.wordnet import Lemma

Zipf = Mapping[str, Mapping[str, float]]
"""Language -> word -> zipf frequency (log10 of occurrences per billion)."""

MOST_CANDIDATES = 6
MIN_HUB_LETTERS = 3
UNKNOWN_ZIPF = 0.5
BRIDGED_WEIGHT = 0.4
"""Weight of a link over third languages, where no dictionary links a word with the hub word."""
MIN_POS_SHARE = 0.2
"""Least share of the hub word's occurrences (in WordNet's tagged text) that are of the concept's
part of speech: `very` is an adjective in `the very man`, and otherwise not."""
SINGLE_CHARACTER_COST = 0.4
"""A single Chinese character is often a bound form that frequency lists count as a word."""


class Evidence(NamedTuple):
    """One reason to believe that two words mean the same."""

    langs: tuple[str, str]
    kind: str
    """`dictionary`, `shared gloss`, `shared characters`, `bridge` or `one sense`."""
    source: str
    """Name of the dictionary, or the gloss or characters that are shared."""
    weight: float


class Candidate(NamedTuple):
    """A concept: one word a language, and why."""

    pos: str
    words: dict[str, str]
    evidence: tuple[Evidence, ...]
    confirmations: dict[str, int]
    """Language -> independent confirmations of its word."""
    score: float


class Material(NamedTuple):
    """The data that the word set is made from."""

    graph: WordGraph
    lemmas: Mapping[tuple[str, str], Lemma]
    """Hub words with their parts of speech."""
    zipf: Zipf
    traditional: Mapping[str, str]
    """Chinese word -> traditional spelling, to compare characters with Japanese."""
    unfit: frozenset[tuple[str, str]]
    """(language, word) that must not be used: rude, or also a name."""


def candidates(config: WordsConfig, material: Material) -> list[Candidate]:
    """The best concept for every hub word and part of speech, unordered, words not yet unique."""
    graph, zipf = material.graph, material.zipf
    hub, *others = config.languages
    found = []
    for (word, pos), lemma in sorted(material.lemmas.items()):
        if len(word) < MIN_HUB_LETTERS or (hub, word) in material.unfit:
            continue
        if zipf[hub].get(word, UNKNOWN_ZIPF) < config.min_zipf or lemma.share < MIN_POS_SHARE:
            continue
        options = [
            _ranked(config, material, (hub, word), pos, lang)[:MOST_CANDIDATES] for lang in others
        ]
        if not all(options):
            continue
        pair = cache(partial(_pair, graph, material.traditional, config.bridges, (hub, word)))
        best: Candidate | None = None
        for choice in product(*options):
            words = {hub: word} | {
                lang: option for lang, (_, option) in zip(others, choice, strict=True)
            }
            if len(set(words.values())) == 1:
                continue
            pairs = [pair(one, other) for one, other in combinations(words.items(), 2)]
            base = sum(score for score, _ in choice)
            if best is None or base + sum(item.score for item in pairs) > best.score:
                best = _join(hub, words, pos, lemma, pairs, base)
        if best and min(best.confirmations[lang] for lang in others) >= config.min_confirmations:
            found.append(best)
    return found


def _ranked(
    config: WordsConfig, material: Material, hub_word: Word, pos: str, lang: str
) -> list[tuple[float, str]]:
    """Candidates of one language, best first.

    The best is central in its entry, has this meaning above others (`faiblesse` is given for
    `cowardice`, but by more dictionaries for `weakness`), and is about as common as the hub word.
    """
    graph, zipf = material.graph, material.zipf
    hub_zipf = zipf[hub_word[0]].get(hub_word[1], UNKNOWN_ZIPF)
    ranked = []
    direct = graph.translations(hub_word, lang)
    bridged = _bridged(graph, hub_word, lang, (*config.languages[1:], *config.bridges))
    for option in sorted(direct.keys() | bridged.keys()):
        word, link = (lang, option), direct.get(option)
        word_zipf = zipf[lang].get(option, UNKNOWN_ZIPF)
        is_fit = word_zipf >= config.min_zipf and word not in material.unfit
        if not is_fit or not graph.allows(word, link, pos):
            continue
        central = link.weight if link else BRIDGED_WEIGHT * bridged[option]
        rivals = graph.translations(word, hub_word[0]).values()
        loudest = max((rival.voices for rival in rivals), default=0.0)
        own = link.voices / loudest if link else BRIDGED_WEIGHT
        gap = max(0.0, abs(hub_zipf - word_zipf) - 1.0)
        cost = SINGLE_CHARACTER_COST * (lang == "zh" and len(option) == 1)
        ranked.append((central + own + 0.2 * word_zipf - 0.4 * gap - cost, option))
    return sorted(ranked, key=lambda item: (-item[0], item[1]))


def _bridged(graph: WordGraph, hub_word: Word, lang: str, through: Sequence[str]) -> dict[str, int]:
    """Words that at least two third languages lead to from the hub word.

    Word -> the number of these languages (`election`, German `Wahl`, Japanese 選挙, `élection`).
    """
    reached: Counter[str] = Counter()
    for third in through:
        if third != lang:
            thirds = graph.translations(hub_word, third)
            reached.update({w for t in thirds for w in graph.translations((third, t), lang)})
    return {word: number for word, number in reached.items() if number > 1}


class _Pair(NamedTuple):
    """What is known about two chosen words."""

    evidence: tuple[Evidence, ...]
    confirmations: int
    score: float


def _pair(
    graph: WordGraph,
    traditional: Mapping[str, str],
    bridges: Sequence[str],
    hub: Word,
    word: Word,
    other: Word,
) -> _Pair:
    """How far two words confirm each other. Only `word` may be the hub word."""
    langs = (word[0], other[0])
    evidence: list[Evidence] = []
    link = graph.link(word, other)
    confirmations = len(link.weights) if link else 0
    score = 0.0
    if link:
        evidence += [
            Evidence(langs, "dictionary", source, round(weight, 3))
            for source, weight in sorted(link.sources.items())
        ]
        # the link with the hub word is in the candidate's own score already
        score += 0.0 if word == hub else 1.0 + 0.5 * link.weight
    for third in bridges if word == hub else (hub[0],):
        shared = _shared(graph, word, other, third, hub)
        if shared:
            kind = "bridge" if word == hub else "shared gloss"
            evidence.append(Evidence(langs, kind, f"{third}: {' '.join(shared[:3])}", 1.0))
            confirmations += 1
            score += 0.4 * min(len(shared), 3)
    characters = _shared_characters(word, other, traditional)
    if characters:
        evidence.append(Evidence(langs, "shared characters", characters, 1.0))
        confirmations += 1
        score += 0.6
    return _Pair(tuple(evidence), confirmations, score)


def _join(
    hub: str, words: dict[str, str], pos: str, lemma: Lemma, pairs: Sequence[_Pair], base: float
) -> Candidate:
    """A candidate from its words' pairs, which are in the order of `combinations(words, 2)`."""
    confirmations = dict.fromkeys(words, 0)
    evidence: list[Evidence] = []
    for (lang, other), pair in zip(combinations(words, 2), pairs, strict=True):
        evidence += pair.evidence
        for side in (lang, other):
            confirmations[side] += pair.confirmations
    if lemma.n_senses == 1:
        evidence.append(Evidence((hub, hub), "one sense", "wordnet", 1.0))
        confirmations = {lang: number + 1 for lang, number in confirmations.items()}
    score = base + sum(pair.score for pair in pairs)
    return Candidate(pos, words, tuple(evidence), confirmations, score)


def _shared(graph: WordGraph, word: Word, other: Word, through: str, hub: Word) -> list[str]:
    """Words of a third language, besides the hub word, that dictionaries give for both."""
    shared = graph.translations(word, through).keys() & graph.translations(other, through).keys()
    return sorted(shared - ({hub[1]} if through == hub[0] else set()))


def _shared_characters(word: Word, other: Word, traditional: Mapping[str, str]) -> str:
    if {word[0], other[0]} != {"zh", "ja"}:
        return ""
    one, two = (
        han_characters(text, traditional if lang == "zh" else {}) for lang, text in (word, other)
    )
    return "".join(sorted(one & two))
