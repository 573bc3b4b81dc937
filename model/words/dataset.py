"""The word set as a value and as files.

A folder with `words.jsonl`, one concept a line in the order of their ids, and `manifest.json` with
its sources. The version of the set is the SHA-256 of the bytes of `words.jsonl`, so a result
names exactly the words that it was measured on. A list written by hand needs only `id`, `words` and
`split`; without distractors, all scores that need none can be computed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from pivotmine.errors import InputError

SPLITS = ("train", "dev", "test")


class Direction(NamedTuple):
    """Source and target language."""

    source: str
    target: str

    def __str__(self) -> str:
        return f"{self.source}-{self.target}"


def pivot_of(direction: Direction, languages: Sequence[str]) -> str:
    """The language of the candidate pivot: English, or the first language that is neither end.

    Raises
    ------
    InputError
        The word set has no third language.
    """
    others = [lang for lang in languages if lang not in direction]
    if not others:
        raise InputError(f"{direction}: a pivot needs a third language in the word set")
    return "en" if "en" in others else others[0]


class Concept(BaseModel):
    """One meaning, with one word for it in every language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    """Hub word and part of speech, e.g. `dog-n`."""
    words: dict[str, str]
    split: str
    """`train` (few-shot examples, fitting), `dev` (choices) or `test` (results)."""
    pos: str = ""
    field: str = ""
    """WordNet's lexicographer file of the hub word's first sense, e.g. `noun.animal`."""
    zipf: dict[str, float] = {}
    """Language -> log10 of occurrences per billion words."""
    copies: tuple[str, ...] = ()
    """Language pairs, e.g. `zh-ja`, whose words are the same string."""
    cognates: tuple[str, ...] = ()
    """Language pairs whose words are different but alike in form."""
    distractors: dict[str, tuple[str, ...]] = {}
    """Language -> words that no dictionary gives as a translation, nearest first."""
    confirmations: dict[str, int] = {}
    """Language -> independent confirmations of its word (see model/words/align.py)."""
    agreement: float = 0.0
    """The alignment's score, larger is surer."""
    evidence: tuple[tuple[str, str, str, str, float], ...] = ()
    """(language, language, kind, source, weight) of every confirmation."""

    def kind(self, source: str, target: str) -> str:
        """`copy`, `cognate` or `other`, for one direction."""
        names = {f"{source}-{target}", f"{target}-{source}"}
        if names & set(self.copies):
            return "copy"
        return "cognate" if names & set(self.cognates) else "other"


@dataclass(frozen=True)
class WordSet:
    """Concepts in the order of their ids."""

    concepts: tuple[Concept, ...]
    version: str
    """SHA-256 of the file's bytes, hexadecimal."""

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages that every concept has a word of."""
        common = set(self.concepts[0].words) if self.concepts else set()
        for concept in self.concepts:
            common &= set(concept.words)
        return tuple(lang for lang in self.concepts[0].words if lang in common) if common else ()

    @property
    def n_candidates(self) -> int:
        """Candidates of a question: the right word and its distractors."""
        wrong = [len(words) for one in self.concepts for words in one.distractors.values()]
        return 1 + min(wrong, default=0)

    def split(self, name: str) -> tuple[Concept, ...]:
        """The concepts of one split."""
        return tuple(concept for concept in self.concepts if concept.split == name)

    def counts(self) -> dict[str, Counter[str]]:
        """Concepts by split and by part of speech."""
        return {
            "split": Counter(concept.split for concept in self.concepts),
            "pos": Counter(concept.pos for concept in self.concepts),
        }


def word_set(concepts: Sequence[Concept]) -> WordSet:
    """A word set of these concepts, with the version that its file will have."""
    ordered = tuple(sorted(concepts, key=lambda concept: concept.id))
    return WordSet(ordered, hashlib.sha256(_lines(ordered)).hexdigest())


def save(words: WordSet, folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write `words.jsonl` and `manifest.json` (which gets the version and counts)."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "words.jsonl").write_bytes(_lines(words.concepts))
    whole = {"version": words.version, "languages": words.languages, **words.counts(), **manifest}
    (folder / "manifest.json").write_bytes(orjson.dumps(whole, option=orjson.OPT_INDENT_2) + b"\n")


def load(path: Path) -> WordSet:
    """Read a word set: its folder, or a JSON Lines file.

    Raises
    ------
    InputError
        The file is missing, a line is malformed, or concepts differ in their languages; the
        message names the line and the problem.
    """
    file = path / "words.jsonl" if path.is_dir() else path
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(
            f"no word set at {file} ({error.strerror}): build one with `pivotmine-model words`."
        ) from None
    concepts: list[Concept] = []
    ids = set()
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        try:
            concept = Concept.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "line"
            raise InputError(f"{file}, line {number}: {where}: {first['msg']}") from None
        if concept.id in ids:
            raise InputError(f"{file}, line {number}: concept {concept.id!r} occurs twice")
        if concept.split not in SPLITS:
            raise InputError(
                f"{file}, line {number}: split {concept.split!r} is none of {', '.join(SPLITS)}"
            )
        lacking = sorted(set(concepts[0].words) ^ set(concept.words)) if concepts else []
        if lacking:
            raise InputError(
                f"{file}, line {number}: concept {concept.id!r} has words in "
                f"{', '.join(sorted(concept.words))}, the first concept in "
                f"{', '.join(sorted(concepts[0].words))}: give all concepts the same languages, or "
                f"leave out {', '.join(lacking)}"
            )
        ids.add(concept.id)
        concepts.append(concept)
    if not concepts:
        raise InputError(f"{file} holds no concept")
    return WordSet(tuple(concepts), hashlib.sha256(content).hexdigest())


def sample_lines(words: WordSet, n: int, seed: int = 0) -> Iterator[str]:
    """`n` concepts drawn by hash, for a person to read: words, marks and confirmations."""
    drawn = sorted(
        words.concepts,
        key=lambda concept: hashlib.sha256(f"sample {seed}/{concept.id}".encode()).digest(),
    )
    for concept in sorted(drawn[:n], key=lambda concept: concept.id):
        marks = [*(f"copy {pair}" for pair in concept.copies)]
        marks += [f"cognate {pair}" for pair in concept.cognates]
        confirmed = " ".join(f"{lang}{n}" for lang, n in concept.confirmations.items())
        yield " | ".join(
            [concept.id, " ".join(concept.words.values()), confirmed, ", ".join(marks)]
        )


def _lines(concepts: Sequence[Concept]) -> bytes:
    return b"".join(orjson.dumps(concept.model_dump(mode="json")) + b"\n" for concept in concepts)
