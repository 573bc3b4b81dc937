"""Word frequencies, from the data files of the wordfreq wheel.

wordfreq 3.1.1 merges subtitles, encyclopaedias, news, books, web and social media up to 2021. Its
files list words by hundredths of a decade below one: word number `i` of the list occurs with
probability 10^(-i/100). `zipf` = log10 of occurrences per billion words, 8 for the very top, and
about 3 for one in a million (van Heuven et al. 2014).

The Japanese list holds the words of its segmenter: 労働 and 者, but not 労働者. The frequency of
such a word is estimated from its parts as wordfreq does: the reciprocals are added, and every cut
divides by ten.
"""

from __future__ import annotations

import gzip
import math
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from pivotmine.errors import InputError, SetupError

CUT_COST = 1.0
"""Zipf units that every cut inside a word costs."""


def read_zipf(archive: Path, lang: str) -> dict[str, float]:
    """Word -> zipf frequency; words that are not listed have less than about 1.

    Raises
    ------
    InputError
        The wheel has no list for the language, or is not a wheel.
    SetupError
        msgpack is not installed.
    """
    try:
        import msgpack
    except ImportError:
        raise SetupError(
            "reading word frequencies needs msgpack: "
            "pip install '.[model]' in a checkout of PivotMine"
        ) from None
    try:
        with zipfile.ZipFile(archive) as wheel:
            lists = [f"wordfreq/data/{size}_{lang}.msgpack.gz" for size in ("large", "small")]
            chosen = next((name for name in lists if name in wheel.namelist()), None)
            if chosen is None:
                raise InputError(f"{archive.name} has no frequency list for language {lang!r}")
            levels = msgpack.unpackb(gzip.decompress(wheel.read(chosen)), raw=False)
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{archive} cannot be read ({error}): delete it and fetch it again."
        ) from error
    # levels[0] is a header; levels[1 + i] holds the words at -i centibels
    return {
        word: round(9 - index / 100, 2) for index, words in enumerate(levels[1:]) for word in words
    }


def fill(zipf: dict[str, float], words: Iterable[str]) -> None:
    """Add estimates for words that the list does not have but whose parts it has."""
    listed = dict(zipf)  # estimates must not build on estimates
    for word in words:
        if word not in listed and (value := _from_parts(listed, word)) is not None:
            zipf[word] = value


def _from_parts(zipf: Mapping[str, float], word: str) -> float | None:
    parts = []
    start = 0
    while start < len(word):
        ends = range(len(word), start, -1)
        end = next((end for end in ends if word[start:end] in zipf), None)
        if end is None:
            return None
        parts.append(zipf[word[start:end]])
        start = end
    total = sum(10.0**-part for part in parts)
    return round(-math.log10(total) - CUT_COST * (len(parts) - 1), 2)
