"""WordNet 3.0: which English words are nouns, verbs, adjectives; their synonyms and fields.

It has three uses. Words that are not lemmas of WordNet, such as `dogs`, are not base forms and are
left out. Synonyms are not taken as distractors. The lexicographer's file of the first sense, such
as `noun.animal`, is the field in which distractors are sought. WordNet orders senses by their
frequency in tagged text.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from pivotmine.dictionaries.archives import read_member

_POS = {"noun": "n", "verb": "v", "adj": "a"}
# lexnames(5WN): numbers of the lexicographer files
_FIELDS = (
    "adj.all adj.pert adv.all noun.tops noun.act noun.animal noun.artifact noun.attribute "
    "noun.body noun.cognition noun.communication noun.event noun.feeling noun.food noun.group "
    "noun.location noun.motive noun.object noun.person noun.phenomenon noun.plant "
    "noun.possession noun.process noun.quantity noun.relation noun.shape noun.state "
    "noun.substance noun.time verb.body verb.change verb.cognition verb.communication "
    "verb.competition verb.consumption verb.contact verb.creation verb.emotion verb.motion "
    "verb.perception verb.possession verb.social verb.stative verb.weather adj.ppl"
).split()


@dataclass(frozen=True)
class Lemma:
    """A word of one part of speech."""

    field: str
    """Lexicographer's file of its most frequent sense."""
    n_senses: int
    synonyms: frozenset[str]
    """Words that share any of its synsets."""
    share: float
    """Part of its occurrences in tagged text that are of this part of speech; 1 where none is."""


def read(archive: Path) -> dict[tuple[str, str], Lemma]:
    """(word, part of speech) -> lemma, single lower-case words only."""
    lemmas: dict[tuple[str, str], Lemma] = {}
    counts = _tagged(read_member(archive, r".*/wordnet/cntlist\.rev").decode("utf-8"))
    for name, pos in _POS.items():
        synsets = _synsets(read_member(archive, rf".*/wordnet/data\.{name}").decode("utf-8"))
        index = read_member(archive, rf".*/wordnet/index\.{name}").decode("utf-8")
        for line in index.splitlines():
            if line.startswith("  "):
                continue  # the licence
            word, _, n_synsets, n_pointers, *rest = line.split()
            if not word.isalpha():
                continue
            offsets = rest[int(n_pointers) + 2 :][: int(n_synsets)]
            found = [synsets[offset] for offset in offsets]
            members = frozenset().union(*(words for _, words in found)) - {word}
            total = sum(counts.get(word, {}).values())
            share = counts[word].get(pos, 0) / total if total else 1.0
            lemmas[word, pos] = Lemma(found[0][0], len(found), members, share)
    return lemmas


def _synsets(data: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Offset -> field and words of a synset."""
    synsets = {}
    for line in data.splitlines():
        if line.startswith("  "):
            continue
        offset, field, _, n_words, *rest = line.split("|")[0].split()
        words = (word.split("(")[0].lower() for word in rest[: 2 * int(n_words, 16) : 2])
        synsets[offset] = (_FIELDS[int(field)], frozenset(words))
    return synsets


_SENSE_POS = {"1": "n", "2": "v", "3": "a", "4": "r", "5": "a"}


def _tagged(text: str) -> dict[str, dict[str, int]]:
    """Word -> part of speech -> occurrences, of lines `word%pos:... sense count`."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for line in text.splitlines():
        key, _, count = line.split()
        word, _, rest = key.partition("%")
        counts[word][_SENSE_POS[rest[0]]] += int(count)
    return counts
