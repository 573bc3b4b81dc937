"""Adjustment of p-values for a family of tests."""

from __future__ import annotations

import math


def holm(p_values: list[float]) -> list[float]:
    """Adjusted p-values (Holm 1979), in the order given; NaN is not counted and stays NaN."""
    known = sorted((p, place) for place, p in enumerate(p_values) if not math.isnan(p))
    adjusted = [float("nan")] * len(p_values)
    highest = 0.0
    for rank, (p, place) in enumerate(known):
        highest = max(highest, min(1.0, p * (len(known) - rank)))
        adjusted[place] = highest
    return adjusted
