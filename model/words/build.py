"""The word set from dictionaries: agreement, uniqueness, split, marks, distractors.

Deterministic: the same archives and settings give the same bytes. Takes about a minute and 1.2 GB.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pivotmine.dictionaries.packages import sha256_of
from pivotmine.errors import ConfigError, InputError
from pivotmine.model.config.measuring import WordsConfig
from pivotmine.model.words.align import UNKNOWN_ZIPF, Candidate, Material, candidates
from pivotmine.model.words.dataset import Concept, WordSet, word_set
from pivotmine.model.words.distractors import distractors
from pivotmine.model.words.fetch import archives
from pivotmine.model.words.graph import WordGraph
from pivotmine.model.words.marks import marks
from pivotmine.model.words.sources import wordnet
from pivotmine.model.words.sources.registry import FREQUENCIES, LEMMAS, WordSource, sources_for
from pivotmine.model.words.sources.wordfreq import fill, read_zipf

# Rude English words that no dictionary marks.
_RUDE_HUB = frozenset(
    "fuck shit cunt cock dick whore slut bitch bastard faggot piss arse ass".split()
)
_FINELY_CUT = frozenset({"ja"})
"""Languages whose frequency list holds parts of words. The Chinese list holds words of a
dictionary: others are rare, and an estimate from their parts would make them look common."""


def build(
    config: WordsConfig, folder: Path, progress: Callable[[str], None]
) -> tuple[WordSet, dict[str, Any]]:
    """The word set, and its manifest: settings, sources with digests and licences.

    `folder` has the dictionaries' archives; missing ones are fetched into it (100 MB).

    Raises
    ------
    ConfigError
        No dictionary links one of the languages with the hub.
    SetupError
        An archive is missing and cannot be fetched.
    """
    sources = sources_for((*config.languages, *config.bridges))
    _check_languages(config, sources)
    paths = archives(folder, [*sources, FREQUENCIES, LEMMAS], progress)
    material = read(config, sources, paths, progress)
    progress("comparing dictionaries")
    words = assemble(config, material)
    used = [*sources, FREQUENCIES, LEMMAS]
    manifest = {
        "settings": config.model_dump(mode="json"),
        "sources": [_provenance(source, paths[source.name]) for source in used],
        "license": "derived from sources under share-alike terms (CC-BY-SA-4.0 and, through the "
        "FreeDict lists, GPL-2.0-or-later): for passing it on, keep these credits and terms",
    }
    return words, manifest


def read(
    config: WordsConfig,
    sources: Iterable[WordSource],
    paths: Mapping[str, Path],
    progress: Callable[[str], None],
) -> Material:
    """Read every archive once."""
    dictionaries = {}
    families = {}
    for source in sources:
        if source.read:
            progress(f"reading {source.name}")
            dictionaries[source.name] = source.read(paths[source.name], config.languages)
            families[source.name] = source.family or source.name
    wanted = {*config.languages, *config.bridges}
    glosses = (
        gloss
        for dictionary in dictionaries.values()
        for gloss in dictionary.glosses
        if gloss.lang in wanted and gloss.gloss_lang in wanted
    )
    progress("reading frequencies and lemmas")
    hub = config.languages[0]
    unfit = {(hub, word) for word in _RUDE_HUB}
    traditional: dict[str, str] = {}
    for dictionary in dictionaries.values():
        unfit |= dictionary.rude | dictionary.names
        traditional |= dictionary.spelling
    graph = WordGraph(glosses, families)
    zipf = {lang: read_zipf(paths[FREQUENCIES.name], lang) for lang in config.languages}
    for lang in sorted(_FINELY_CUT & zipf.keys()):
        fill(zipf[lang], graph.words(lang))
    return Material(graph, wordnet.read(paths[LEMMAS.name]), zipf, traditional, frozenset(unfit))


def assemble(config: WordsConfig, material: Material) -> WordSet:
    """The word set from material.

    Raises
    ------
    InputError
        The dictionaries agree on nothing.
    """
    chosen = surest(candidates(config, material))
    # One in nine is spare, since concepts without enough distractors are dropped below.
    concepts = [_concept(config, item, material) for item in chosen[: config.n_concepts * 9 // 8]]
    wrong = distractors(
        concepts, material.graph, material.lemmas, config.n_distractors, config.seed
    )
    whole = [
        concept.model_copy(update={"distractors": wrong[concept.id]})
        for concept in concepts
        if min(map(len, wrong[concept.id].values())) == config.n_distractors
    ]
    if not whole:
        raise InputError(
            "the dictionaries agree on too few concepts for a word set: lower words.min_zipf, "
            "words.min_confirmations or words.n_distractors"
        )
    return word_set(whole[: config.n_concepts])


def surest(found: Iterable[Candidate]) -> list[Candidate]:
    """Candidates by descending score, every word used once a language (ties by the words)."""
    used: set[tuple[str, str]] = set()
    chosen = []
    for item in sorted(found, key=lambda item: (-item.score, *item.words.values(), item.pos)):
        if used.isdisjoint(item.words.items()):
            used.update(item.words.items())
            chosen.append(item)
    return chosen


def split_of(concept_id: str, config: WordsConfig) -> str:
    """The split of a concept, by a hash of its id and the seed."""
    digest_bytes = hashlib.sha256(f"{config.seed}/{concept_id}".encode()).digest()
    place = int.from_bytes(digest_bytes[:8], "big") / 2**64
    if place < config.train_share:
        return "train"
    return "dev" if place < config.train_share + config.dev_share else "test"


def _concept(config: WordsConfig, item: Candidate, material: Material) -> Concept:
    hub = config.languages[0]
    concept_id = f"{item.words[hub]}-{item.pos}"
    copies, cognates = marks(item.words, material.traditional)
    return Concept(
        id=concept_id,
        words=item.words,
        split=split_of(concept_id, config),
        pos=item.pos,
        field=material.lemmas[item.words[hub], item.pos].field,
        zipf={
            lang: material.zipf[lang].get(word, UNKNOWN_ZIPF) for lang, word in item.words.items()
        },
        copies=tuple(copies),
        cognates=tuple(cognates),
        confirmations=item.confirmations,
        agreement=round(item.score, 3),
        evidence=tuple(
            (*evidence.langs, evidence.kind, evidence.source, evidence.weight)
            for evidence in item.evidence
        ),
    )


def _check_languages(config: WordsConfig, sources: Iterable[WordSource]) -> None:
    hub = config.languages[0]
    if hub not in LEMMAS.languages:
        raise ConfigError(
            f"words.languages: the first language is the hub and must be one of "
            f"{sorted(LEMMAS.languages)}, got {hub!r}"
        )
    linked = {lang for source in sources if hub in source.languages for lang in source.languages}
    lonely = sorted(set(config.languages) - linked - {hub})
    if lonely:
        raise ConfigError(
            f"words.languages: no dictionary here links {', '.join(lonely)} with {hub}; sources "
            "are listed in model/words/sources/registry.py"
        )


def _provenance(source: WordSource, path: Path) -> dict[str, Any]:
    sha256 = sha256_of(path)
    return {
        "name": source.name,
        "package": source.package,
        "version": source.version if sha256 == source.sha256 else "unknown",
        "file": path.name,
        "sha256": sha256,
        "license": source.license,
        "credit": source.credit,
    }
