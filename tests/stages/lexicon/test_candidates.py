"""Places of partners, against a sort by all that decides."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.stages.lexicon.candidates import places

PAIRS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 60), st.integers(0, 3)),
    unique_by=lambda pair: pair[:3],
    max_size=200,
)
"""Node, language, partner and strength."""


@given(PAIRS)
def test_the_strongest_partner_comes_first_and_ties_go_to_the_lower(pairs):
    node, language, partner, strength = np.array(pairs, np.int64).reshape(-1, 4).T
    found = places(node, language, partner, strength.astype(np.float64))
    for pair, place in zip(pairs, found, strict=True):
        rivals = [other for other in pairs if other[:2] == pair[:2]]
        assert sorted(rivals, key=lambda one: (-one[3], one[2]))[place] == pair
