"""Two ways to tell translated pages that need no corpus: lengths of lines, and a dictionary."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import inf, log, sqrt

import numpy as np
from scipy.special import log_ndtr

BEADS = {(1, 1): 0.89, (1, 0): 0.005, (0, 1): 0.005, (2, 1): 0.045, (1, 2): 0.045, (2, 2): 0.011}
"""Lines that translate each other and how often (Gale and Church 1993, table 5)."""
VARIANCE = 6.8
"""Variance of a translation's length for a character of the original (the same)."""
MOST_LINES = 400
"""Lines of a language that are aligned; the table has this many squared."""

_WORD = re.compile(r"[^\W\d_]+")


def gale_church(first: Sequence[int], second: Sequence[int]) -> float:
    """How well two sequences of lengths align: mean log-probability a bead, -inf if one is empty.

    Lengths are characters of lines. The ratio of lengths is that of the two whole texts, since
    scripts differ.
    """
    first, second = first[:MOST_LINES], second[:MOST_LINES]
    if not first or not second:
        return -inf
    ratio = sum(second) / max(sum(first), 1)
    best = np.full((len(first) + 1, len(second) + 1), -inf)
    steps = np.zeros(best.shape, np.int64)
    best[0, 0] = 0.0
    for i in range(len(first) + 1):
        for j in range(len(second) + 1):
            for (n, m), chance in BEADS.items():
                if n > i or m > j or best[i - n, j - m] == -inf:
                    continue
                lengths = sum(first[i - n : i]), sum(second[j - m : j])
                found = best[i - n, j - m] + log(chance) + _length_fit(*lengths, ratio)
                if found > best[i, j]:
                    best[i, j] = found
                    steps[i, j] = steps[i - n, j - m] + 1
    return float(best[-1, -1] / max(int(steps[-1, -1]), 1))


def _length_fit(first: int, second: int, ratio: float) -> float:
    """Log of the probability of lengths that differ as much, two-sided."""
    expected = max(first * ratio, second, 1.0)
    deviation = abs(second - first * ratio) / sqrt(VARIANCE * expected)
    return float(log(2.0) + log_ndtr(-deviation))


def dictionary(english: str, other: str, words: Mapping[str, Sequence[str]]) -> float:
    """Share of the English words with an entry whose translation stands in the other text.

    Translations in scripts with spaces must be whole words; others may stand anywhere.
    """
    known = [word for word in sorted({*_WORD.findall(english.lower())}) if word in words]
    if not known:
        return 0.0
    lower = other.lower()
    whole = set(_WORD.findall(lower))
    n = sum(
        any(one in whole or (not one.isascii() and one in lower) for one in words[word])
        for word in known
    )
    return n / len(known)
