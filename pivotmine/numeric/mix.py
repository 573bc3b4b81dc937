"""A mixer of 64-bit words, for hashes that are sums of mixed numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Steps of SplitMix64 (Steele, Lea and Flood 2014, Fast splittable pseudorandom number generators).
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_27, _30, _31 = (np.uint64(shift) for shift in (27, 30, 31))


def mix64(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Each word mixed: a bijection in which every input bit moves every output bit."""
    with np.errstate(over="ignore"):
        values = values + _GOLDEN
        values = (values ^ (values >> _30)) * _MIX_1
        values = (values ^ (values >> _27)) * _MIX_2
    return values ^ (values >> _31)
