"""Mined pivots as tokens of a model, with controls: tokens like them that were not mined.

The lake's table `pivots` ranks tokens of the corpus's vocabulary; a model has its own. A mined
token counts if its text, with or without a space before it, is one token of the model and shows a
whole letter. Its control is the unmined token next to it in the model's vocabulary with the same
script and the same beginning (space or none): byte-pair vocabularies are ordered by when a token
was merged, thus roughly by frequency.

The list is plain data, a Parquet or JSON Lines file with a column `token`, e.g. by
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


class Mined(NamedTuple):
    """Token ids of mined pivots, and one control for each."""

    tokens: tuple[int, ...]
    controls: tuple[int, ...]

    def without(self, taken: set[int]) -> Mined:
        """Those pairs of which neither token is taken by a word at hand."""
        pairs = [p for p in zip(*self, strict=True) if not taken & set(p)]
        return Mined(tuple(one for one, _ in pairs), tuple(other for _, other in pairs))


def read_mined(path: Path) -> list[str]:
    """Texts of the column `token`, without `▁`, in their order.

    Raises
    ------
    InputError
        The file cannot be read, or has no such column.
    """
    try:
        reader = pq.read_table if path.suffix == ".parquet" else pj.read_json
        table: pa.Table = reader(path)
        tokens = table["token"].to_pylist()
    except KeyError:
        raise InputError(
            f"{path} has no column `token`: export the lake's table `pivots`"
        ) from None
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"mined pivots {path} cannot be read: {error}") from None
    texts = (str(token).strip(" \u2581") for token in tokens if token is not None)
    return list(dict.fromkeys(text for text in texts if text))


def mined_tokens(tokenizer: Any, texts: Sequence[str]) -> Mined:
    """Single tokens of these texts, in the order of their ids, and the controls.

    Raises
    ------
    InputError
        No text is a single token of this model.
    """
    n_vocabulary = len(tokenizer)
    shown = tokenizer.batch_decode([[token] for token in range(n_vocabulary)])
    by_text: dict[str, list[int]] = {}
    for token, text in enumerate(shown):
        if _kind(text):
            by_text.setdefault(text.strip(), []).append(token)
    tokens = sorted({token for text in texts for token in by_text.get(text, ())})
    if not tokens:
        raise InputError("no mined pivot is a single token of this model's vocabulary")
    taken = set(tokens)
    pairs = []
    for token in tokens:
        for distance in range(1, n_vocabulary):
            near = (token - distance, token + distance)
            fit = [
                other
                for other in near
                if 0 <= other < n_vocabulary
                and other not in taken
                and _kind(shown[other]) == _kind(shown[token])
            ]
            if fit:
                taken.add(fit[0])
                pairs.append((token, fit[0]))
                break
    return Mined(tuple(one for one, _ in pairs), tuple(other for _, other in pairs))


def _kind(text: str) -> tuple[bool, str] | None:
    """(begins with a space, script of the first letter); None for a token without whole letters."""
    bare = text.strip()
    if not bare or "\ufffd" in bare or not all(letter.isalpha() for letter in bare):
        return None
    return text != bare, unicodedata.name(bare[0], "").partition(" ")[0]
