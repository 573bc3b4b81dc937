"""Association measure log_odds: how the odds of one word change where the other one stands."""

import numpy as np
from numpy.typing import NDArray

from pivotmine import plugins

Floats = NDArray[np.float64]


@plugins.measure("log_odds")
def log_odds(n_ab: Floats, n_a: Floats, n_b: Floats, n: Floats) -> Floats:
    """Log odds ratio of the 2x2 table, with half a context more in each cell (Haldane 1956)."""
    only_a, only_b, neither = n_a - n_ab, n_b - n_ab, n - n_a - n_b + n_ab
    return np.log((n_ab + 0.5) * (neither + 0.5) / ((only_a + 0.5) * (only_b + 0.5)))
