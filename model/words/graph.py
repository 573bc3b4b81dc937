"""All dictionaries as one graph of words, whose links are translations.

The weight of a link says how central the translation is to its entry. The first word of the first
sense has weight 1, later senses and synonyms have less, and narrowed ones half. Dictionaries of one
family (the two directions of FreeDict's Ergane list) repeat each other, so a family counts once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pivotmine.model.words.glosses import Gloss

Word = tuple[str, str]
"""Language and spelling."""


@dataclass
class Link:
    """A translation, with the dictionaries that give it."""

    weights: dict[str, float] = field(default_factory=dict)
    """Family -> strongest weight, in (0, 1]."""
    sources: dict[str, float] = field(default_factory=dict)
    """Dictionary -> strongest weight."""
    pos: set[str] = field(default_factory=set)
    """Parts of speech under which the link is given; empty string where a source says none."""

    @property
    def weight(self) -> float:
        """Sum over families."""
        return sum(self.weights.values())

    @property
    def voices(self) -> float:
        """Sum over dictionaries; here the two directions of a family count separately."""
        return sum(self.sources.values())


class WordGraph:
    """Links between words of different languages, and the parts of speech of words.

    Memory: about 0.5 kB a gloss, 200 MB for the default sources.
    """

    def __init__(self, glosses: Iterable[Gloss], families: Mapping[str, str]) -> None:
        self._links: dict[Word, dict[Word, Link]] = defaultdict(dict)
        self.pos: dict[Word, set[str]] = defaultdict(set)
        """Parts of speech that dictionaries give a headword; none known: no entry."""
        for gloss in glosses:
            self._add(gloss, families.get(gloss.source, gloss.source))

    def _add(self, gloss: Gloss, family: str) -> None:
        word, other = (gloss.lang, gloss.word), (gloss.gloss_lang, gloss.gloss)
        link = self._links[word].get(other)
        if link is None:
            link = Link()
            self._links[word][other] = self._links[other][word] = link
        weight = 1.0 / ((1 + gloss.sense) * (1 + 0.5 * gloss.position))
        weight *= (0.5 if gloss.qualified else 1.0) * (1.0 if gloss.preferred else 0.4)
        link.weights[family] = max(weight, link.weights.get(family, 0.0))
        link.sources[gloss.source] = max(weight, link.sources.get(gloss.source, 0.0))
        link.pos.add(gloss.pos)
        if gloss.pos:
            self.pos[word].add(gloss.pos)

    def translations(self, word: Word, lang: str) -> dict[str, Link]:
        """Words of `lang` that any dictionary links with `word`."""
        return {
            other[1]: link for other, link in self._links.get(word, {}).items() if other[0] == lang
        }

    def link(self, word: Word, other: Word) -> Link | None:
        """The link between two words, if a dictionary has one."""
        return self._links.get(word, {}).get(other)

    def allows(self, word: Word, link: Link | None, pos: str) -> bool:
        """Whether the dictionaries let `word` be a `pos`.

        CC-CEDICT marks verbs only (by `to`), so its unmarked glosses are nouns or adjectives.
        French infinitives are known by their ending, where the dictionary says nothing.
        """
        lang, spelling = word
        known = (link.pos - {""} if link else set()) or self.pos.get(word, set())
        if lang == "zh" and link:
            return "v" in link.pos if pos == "v" else bool(link.pos - {"v"})
        if lang == "fr" and pos == "v" and not spelling.endswith(("er", "ir", "re", "ïr")):
            return False
        return pos in known if known else True

    def neighbours(self, word: Word) -> set[Word]:
        """All words that any dictionary gives for `word`, in any language."""
        return set(self._links.get(word, ()))

    def words(self, lang: str) -> list[str]:
        """All words of a language, sorted."""
        return sorted(word for language, word in self._links if language == lang)
