"""Windows pack whole segments, and tile the document."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.numeric.windows import context_bounds


def ends(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


def window_ends(segments: np.ndarray, window_tokens: int) -> np.ndarray:
    """Ends of the windows of one document, in tokens from its start."""
    n_tokens = int(segments[-1]) if len(segments) else 0
    offsets = np.array([0, n_tokens]), np.array([0, len(segments)])
    bounds, _ = context_bounds(offsets[0], segments, offsets[1], n_tokens, window_tokens)
    return bounds[1:]


@pytest.mark.parametrize(
    ("segments", "window_tokens", "windows"),
    [
        (ends(), 5, []),
        (ends(0, 0), 5, []),
        (ends(2, 4, 5), 5, [5]),
        (ends(2, 4, 6), 5, [4, 6]),
        (ends(3, 3, 6), 3, [3, 6]),
        (ends(12), 5, [5, 10, 12]),
        (ends(10), 5, [5, 10]),
        (ends(1, 13, 15), 5, [1, 6, 11, 15]),
    ],
    ids=[
        "no segment",
        "empty segments",
        "all fit in one",
        "a segment that does not fit opens the next window",
        "an empty segment changes nothing",
        "a long segment is cut",
        "a long segment is cut without a rest",
        "the rest of a long segment is packed on",
    ],
)
def test_windows_pack_whole_segments(segments, window_tokens, windows):
    assert window_ends(segments, window_tokens).tolist() == windows


@given(st.lists(st.integers(0, 20), max_size=30), st.integers(1, 15))
def test_windows_tile_the_document_within_the_limit(lengths, window_tokens):
    segments = np.cumsum(np.array(lengths, np.int32), dtype=np.int32)
    windows = [0, *window_ends(segments, window_tokens).tolist()]
    assert windows[-1] == sum(lengths)
    assert all(0 < end - start <= window_tokens for start, end in pairwise(windows))
    # No two neighbours could have been one.
    assert all(
        end - start > window_tokens for start, end in zip(windows, windows[2:], strict=False)
    )
