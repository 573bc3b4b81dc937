"""The languages that a language model can name, read from the beginning of its file.

A fastText model file begins with its settings and its dictionary, labels included (`Args::save` and
`Dictionary::save` of fastText 0.9): so the labels are known without loading the weights.
"""

from __future__ import annotations

import mmap
import re
import struct
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from pivotmine.errors import ConfigError, SetupError
from pivotmine.text.fasttext_model import model_file
from pivotmine.text.label_sets import languages_by_script

BY_SCRIPT = frozenset(("zh", "ja", "ko"))
"""Languages that are told by their script, whatever the model knows."""

_MAGIC = 793712314
_HEAD_BYTES = 8 + 12 * 4 + 8  # magic and version, and the settings: 12 int32 and a double
_SIZES = struct.Struct("<iiiqq")
_ENTRY = re.compile(rb"([^\0]*)\0.{8}([\0\1])", re.DOTALL)
_LABEL = b"\1"


def check_languages(languages: Sequence[str], model: str | None) -> None:
    """Check that documents of every language of a recipe can be told.

    Raises
    ------
    ConfigError
        The language model has no label for one of them; the message lists those that it has.
    SetupError
        The model file is missing.
    """
    known = _labels_of(model)
    if not known:
        return  # the model's reader will say what is wrong
    for language in languages:
        if language in known | BY_SCRIPT:
            continue
        near = sorted(
            name for name in known if name.partition("_")[0] == language.partition("_")[0]
        )
        what = f"its label is {' or '.join(near)}" if near else f"it has {languages_of(model)}"
        raise ConfigError(
            f"languages: {language} is no label of the language model, so no text would ever be "
            f"{language}; {what}"
        )


def languages_of(model: str | None) -> str:
    """The languages that a model tells, as a list for messages."""
    try:
        return ", ".join(sorted(_labels_of(model) | BY_SCRIPT))
    except SetupError:
        return "none, since it is not installed"


def _labels_of(model: str | None) -> frozenset[str]:
    with model_file(model) as file:
        state = file.stat()
        return _languages(file, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=8)
def _languages(file: Path, mtime_ns: int, n_bytes: int) -> frozenset[str]:
    by_script = languages_by_script(read_labels(file))
    return frozenset(name for found in by_script for name in found if name)


def read_labels(file: Path) -> list[str]:
    """The labels of a model file (`__label__fr`), in its order; none if it is no fastText model."""
    if file.stat().st_size < _HEAD_BYTES + _SIZES.size:
        return []
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if int.from_bytes(data[:4], "little") != _MAGIC:
            return []
        size, _, n_labels, _, _ = _SIZES.unpack_from(data, _HEAD_BYTES)
        labels = _entries(data, _HEAD_BYTES + _SIZES.size, size)
        found = [label.decode("utf-8", "replace") for label in labels]
    return found if len(found) == n_labels else []


def _entries(data: mmap.mmap, start: int, size: int) -> Iterator[bytes]:
    """Labels among `size` entries of the dictionary."""
    for _ in range(size):
        entry = _ENTRY.match(data, start)
        if entry is None:
            return
        if entry[2] == _LABEL:
            yield entry[1]
        start = entry.end()
