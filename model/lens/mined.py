"""Mined pivots as tokens of a model, each with a control: a similar token that was not mined.

The lake's pivots are tokens of the corpus's vocabulary, and a model has a vocabulary of its own. A
mined token is used if its text, with or without a space before it, is one token of the model and
shows a whole letter. Its control is the nearest unmined token in the model's vocabulary with the
same script and the same beginning (space or none). Byte-pair vocabularies are ordered by when a
token was merged, which is roughly by frequency.

The list is a Parquet or JSON Lines file with a column `token`. If it also has the columns
`direction` and `concept`, each pair of words has pivots of its own (`pivotmine-model pivots` writes
them from the lake's links, with their languages in a column `lang`). Otherwise all words have the
same pivots, e.g. the lake's best by
`COPY (SELECT token FROM pivots ORDER BY rank LIMIT 1000) TO 'pivots.parquet'`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.json as pj
import pyarrow.parquet as pq

from pivotmine.errors import InputError

SPACES = " \t\n\u2581"
"""Characters that show a space; the last one is used by tokenizers without a decoder."""


class Mined(NamedTuple):
    """Token ids of mined pivots, and one control for each."""

    tokens: tuple[int, ...]
    controls: tuple[int, ...]

    def without(self, taken: set[int]) -> Mined:
        """The pairs (pivot, control) without those that contain a taken token."""
        pairs = [p for p in zip(*self, strict=True) if not taken & set(p)]
        return Mined(tuple(one for one, _ in pairs), tuple(other for _, other in pairs))


class MinedTexts(NamedTuple):
    """Texts of mined pivots, without `▁`, best first."""

    of_all: tuple[str, ...]
    """Pivots of all word pairs; empty if pairs have pivots of their own."""
    of_pair: dict[tuple[str, str], tuple[str, ...]]
    """(direction, concept) -> the pair's own pivots."""
    lang_of: dict[tuple[str, str], str]
    """(direction, concept) -> language of the pair's best pivot, where the list says it."""

    def of(self, direction: str, concept: str) -> tuple[str, ...]:
        """The pivots of one pair."""
        return self.of_all or self.of_pair.get((direction, concept), ())


def read_mined(path: Path) -> MinedTexts:
    """Read a list of mined pivots; texts keep their order and occur once.

    Raises
    ------
    InputError
        The file cannot be read, or has no column `token`.
    """
    try:
        reader = pq.read_table if path.suffix == ".parquet" else pj.read_json
        table: pa.Table = reader(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"mined pivots {path} cannot be read: {error}") from None
    if "token" not in table.column_names:
        raise InputError(
            f"{path} has no column `token`: write it with `pivotmine-model pivots`, or export the "
            "lake's table `pivots`"
        )
    texts = [str(token or "").strip(SPACES) for token in table["token"].to_pylist()]
    if not {"direction", "concept"} <= set(table.column_names):
        return MinedTexts(tuple(dict.fromkeys(text for text in texts if text)), {}, {})
    langs = table["lang"].to_pylist() if "lang" in table.column_names else [None] * len(texts)
    found: dict[tuple[str, str], dict[str, None]] = {}
    lang_of: dict[tuple[str, str], str] = {}
    places = zip(table["direction"].to_pylist(), table["concept"].to_pylist(), strict=True)
    for place, text, lang in zip(places, texts, langs, strict=True):
        if text:
            found.setdefault(place, {})[text] = None
            if lang:
                lang_of.setdefault(place, lang)
    return MinedTexts((), {place: tuple(own) for place, own in found.items()}, lang_of)


class Vocabulary:
    """A model's tokens by their texts."""

    def __init__(self, tokenizer: Any) -> None:
        self._shown = tokenizer.batch_decode([[token] for token in range(len(tokenizer))])
        self._kinds = [_kind(text) for text in self._shown]
        self._by_text: dict[str, list[int]] = {}
        for token, text in enumerate(self._shown):
            if self._kinds[token]:
                self._by_text.setdefault(text.strip(SPACES), []).append(token)

    def mined(self, texts: Sequence[str]) -> Mined:
        """The single tokens of these texts, in the order of ids, each with a control."""
        tokens = sorted({token for text in texts for token in self._by_text.get(text, ())})
        taken = set(tokens)
        pairs = []
        for token in tokens:
            control = self._nearest(token, taken)
            if control is not None:
                taken.add(control)
                pairs.append((token, control))
        return Mined(tuple(one for one, _ in pairs), tuple(other for _, other in pairs))

    def _nearest(self, token: int, taken: set[int]) -> int | None:
        for distance in range(1, len(self._shown)):
            for other in (token - distance, token + distance):
                if (
                    0 <= other < len(self._shown)
                    and other not in taken
                    and self._kinds[other] == self._kinds[token]
                ):
                    return other
        return None


def _kind(text: str) -> tuple[bool, str] | None:
    """(begins with a space, script of the first letter); None for a token without whole letters."""
    bare = text.strip(SPACES)
    if not bare or "\ufffd" in bare or not all(letter.isalpha() for letter in bare):
        return None
    return text != bare, unicodedata.name(bare[0], "").partition(" ")[0]
