"""Settings of a planted corpus. Equal plans over equal text give equal bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import combinations
from types import MappingProxyType
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from pivotmine.errors import ConfigError

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "monolingual": "one language",
        "parallel": "every line followed by its translation",
        "block": "one language, with a few translated lines somewhere",
        "glossed": "one language; lines of translations of its rarest words in between",
        "code_switched": "lines of two languages that have nothing to do with each other",
        "dictionary": "words, each followed by a line of its translations",
        "template": "one language between the header and the footer of a site, in two languages",
    }
)
"""Kinds of documents. Translations are planted in parallel, block, glossed and dictionary only."""

# Roughly a crawl after filtering for pages with two languages. On the raw web, parallel pages are a
# hundred times rarer, and nearly all of a planted corpus would be filler.
_RATES = {
    **{"monolingual": 0.5, "parallel": 0.15, "block": 0.08, "glossed": 0.07},
    **{"code_switched": 0.12, "dictionary": 0.03, "template": 0.05},
}
_CODE = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True)
class Plan:
    """Settings of a planted corpus.

    Raises
    ------
    ConfigError
        A setting is not allowed; the message names the allowed values.
    """

    n_documents: int = 10_000
    """Documents, duplicates included."""

    languages: tuple[str, ...] = ("en", "el", "he", "ko")
    """Language of the text, then its ciphers (`CIPHER_LANGUAGES`)."""

    rates: Mapping[str, float] = field(default_factory=lambda: dict(_RATES))
    """Share of each kind of document; kinds that are left out do not occur."""

    apart: tuple[tuple[str, str], ...] = ()
    """Language pairs that no document holds: linked only through a third language, if at all."""

    seed: int = 0

    topics: bool = True
    """Keep the sentences of the text. Otherwise every word is drawn anew by its frequency, so that
    words meet by translation or by chance only."""

    n_sources: int = 1
    """Sources of documents, the first the largest. Each has word frequencies of its own in all
    languages, so that words of two languages share a source though they do not translate each
    other. More than one needs topics=false."""

    source_spread: float = 1.5
    """Standard deviation of the logarithm of a word's frequency in a source, over its frequency in
    the text. Used where there are several sources."""

    document_segments: float = 12.0
    """Mean segments of text a document (geometric, at least 2)."""

    sense_share: float = 0.2
    """Share of words with two or three senses, for which a cipher may have separate words."""

    homonym_share: float = 0.02
    """Share of words of a cipher that are spelled like another word of it."""

    copy_share: float = 0.01
    """Share of words that are spelled the same in all languages, as names are."""

    swap_share: float = 0.15
    """Share of neighbouring words in a line of a cipher that change places."""

    duplicate_share: float = 0.03
    """Share of documents that repeat an earlier one: half exactly, half below one more line."""

    def __post_init__(self) -> None:
        if self.n_documents < 1:
            raise ConfigError(f"n_documents is {self.n_documents}; plant at least 1 document")
        if not 1 <= self.n_sources <= 1000:
            raise ConfigError(f"n_sources is {self.n_sources}; give 1 to 1,000 sources")
        if self.n_sources > 1 and self.topics:
            raise ConfigError(
                f"n_sources is {self.n_sources}, and lines of the text have its frequencies; "
                "set topics=false"
            )
        if not 0 <= self.source_spread <= 10:
            raise ConfigError(f"source_spread is {self.source_spread}; give 0 to 10")
        if len(self.languages) < 2 or len(set(self.languages)) < len(self.languages):
            raise ConfigError(f"languages are {list(self.languages)}; name two or more, each once")
        for language in self.languages:
            if not _CODE.fullmatch(language):
                raise ConfigError(f"language {language!r} is no code of two or three small letters")
        self._check_rates()
        for pair in self.apart:
            if len(set(pair)) != 2 or not set(pair) <= set(self.languages):
                raise ConfigError(
                    f"apart names {'-'.join(pair)}; give two of {', '.join(self.languages)}"
                )
        if not self.pairs and any(self.rates.get(kind) for kind in KINDS if kind != "monolingual"):
            raise ConfigError("apart leaves no pair of languages that may meet; list fewer")
        for name in ("sense_share", "homonym_share", "copy_share", "swap_share", "duplicate_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} is {getattr(self, name)}; give a share from 0 to 1")
        if not 2 <= self.document_segments <= 10_000:
            raise ConfigError(
                f"document_segments is {self.document_segments}; give 2 to 10,000 segments"
            )

    def _check_rates(self) -> None:
        unknown = sorted(set(self.rates) - set(KINDS))
        if unknown:
            raise ConfigError(f"rates name {', '.join(unknown)}; kinds are {', '.join(KINDS)}")
        if min(self.rates.values(), default=0) < 0 or sum(self.rates.values()) <= 0:
            raise ConfigError("rates must not be negative, and not all of them 0")

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Language pairs that may meet in a document, each in the order of the alphabet."""
        forbidden = {frozenset(pair) for pair in self.apart}
        return tuple(
            pair
            for pair in combinations(sorted(self.languages), 2)
            if frozenset(pair) not in forbidden
        )


def make_plan(overrides: Sequence[str]) -> Plan:
    """A plan from `name=value` settings, values in YAML: `rates.parallel=0.3`, `apart=[[el, ko]]`.

    `rates.NAME` changes one rate; `rates={parallel: 1}` replaces all.

    Raises
    ------
    ConfigError
        A setting is unknown, or its value not allowed.
    """
    values: dict[str, Any] = {}
    names = [item.name for item in fields(Plan)]
    for override in overrides:
        name, equals, text = override.partition("=")
        if not equals:
            raise ConfigError(f"--set {override!r}: write it as name=value")
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ConfigError(f"--set {override!r}: the value is not YAML: {error}") from None
        name, dot, kind = name.strip().partition(".")
        if name not in names or (dot and name != "rates"):
            raise ConfigError(f"--set {override!r}: settings are {', '.join(names)}")
        if dot:
            value = {**values.get("rates", _RATES), kind: value}
        values[name] = value
    try:
        return TypeAdapter(Plan).validate_python(values)
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(str(part) for part in wrong["loc"])
        raise ConfigError(f"{where}: {wrong['msg']} (got {wrong['input']!r})") from None
