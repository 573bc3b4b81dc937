"""Mined pivots as tokens of a model, with controls: tokens like them that were not mined.

The lake's pivots are tokens of the corpus's vocabulary; a model has its own. A mined token counts
if its text, with or without a space before it, is one token of the model and shows a whole letter.
Its control is the unmined token next to it in the model's vocabulary with the same script and the
same beginning (space or none): byte-pair vocabularies are ordered by when a token was merged, thus
roughly by frequency.

The list is plain data, a Parquet or JSON Lines file with a column `token`. With columns `direction`
and `concept` too, a pair of words has pivots of its own (`pivotmine-model pivots` writes them from
the lake's links); without, all words have the same, e.g. the lake's best by
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
"""The last is how tokenizers without a decoder show a space."""


class Mined(NamedTuple):
    """Token ids of mined pivots, and one control for each."""

    tokens: tuple[int, ...]
    controls: tuple[int, ...]

    def without(self, taken: set[int]) -> Mined:
        """Those pairs of which neither token is taken by a word at hand."""
        pairs = [p for p in zip(*self, strict=True) if not taken & set(p)]
        return Mined(tuple(one for one, _ in pairs), tuple(other for _, other in pairs))


class MinedTexts(NamedTuple):
    """Texts of mined pivots, without `▁`, best first."""

    of_all: tuple[str, ...]
    """Of every word pair that is asked; empty where pairs have their own."""
    of_pair: dict[tuple[str, str], tuple[str, ...]]
    """(direction, concept) -> its own."""

    def of(self, direction: str, concept: str) -> tuple[str, ...]:
        """Those of one pair."""
        return self.of_all or self.of_pair.get((direction, concept), ())


def read_mined(path: Path) -> MinedTexts:
    """Read the list, in its order, each text once.

    Raises
    ------
    InputError
        The file cannot be read, or has no such column.
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
        return MinedTexts(tuple(dict.fromkeys(text for text in texts if text)), {})
    found: dict[tuple[str, str], dict[str, None]] = {}
    places = zip(table["direction"].to_pylist(), table["concept"].to_pylist(), strict=True)
    for place, text in zip(places, texts, strict=True):
        if text:
            found.setdefault(place, {})[text] = None
    return MinedTexts((), {place: tuple(own) for place, own in found.items()})


class Vocabulary:
    """A model's tokens by the texts that they show."""

    def __init__(self, tokenizer: Any) -> None:
        self._shown = tokenizer.batch_decode([[token] for token in range(len(tokenizer))])
        self._kinds = [_kind(text) for text in self._shown]
        self._by_text: dict[str, list[int]] = {}
        for token, text in enumerate(self._shown):
            if self._kinds[token]:
                self._by_text.setdefault(text.strip(SPACES), []).append(token)

    def mined(self, texts: Sequence[str]) -> Mined:
        """Single tokens of these texts, in the order of their ids, and a control for each."""
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
