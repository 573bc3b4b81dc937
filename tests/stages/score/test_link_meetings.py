"""Link meetings: tokens covered in slices of text, and places of the words of each link."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import InputError
from pivotmine.stages.score.link_coverage import link_places, link_table
from pivotmine.stages.score.link_meetings import link_meetings
from tests.numeric.kernel_corpora import VOCAB_SIZE

token = st.integers(0, VOCAB_SIZE - 1)
links = st.lists(
    st.tuples(token, token).filter(lambda link: link[0] != link[1]),
    max_size=25,
    unique_by=frozenset,
)
texts = st.lists(token, max_size=30)
languages = st.lists(st.integers(-1, 2), min_size=VOCAB_SIZE, max_size=VOCAB_SIZE)


def ids(values) -> np.ndarray:
    return np.array(values, np.int32)


def table_of(pairs):
    return link_table(ids([a for a, _ in pairs]), ids([b for _, b in pairs]), VOCAB_SIZE)


@st.composite
def slices(draw: st.DrawFn) -> tuple[list[int], list[tuple[int, int]]]:
    """A text, and slices of it that may overlap or be empty."""
    text = draw(texts)
    ends = st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))
    return text, [(min(pair), max(pair)) for pair in draw(st.lists(ends, max_size=6))]


@given(cut=slices(), language=languages, pairs=links)
def test_slices_are_searched_one_by_one(cut, language, pairs):
    text, bounds = cut
    table = table_of(pairs)
    met = link_meetings(
        ids(text),
        np.array([start for start, _ in bounds], np.int64),
        np.array([end for _, end in bounds], np.int64),
        np.array(language, np.int8),
        table,
    )
    holders = np.repeat(np.arange(VOCAB_SIZE), np.diff(table.offsets))
    covered, expected = set(), []
    for c, (start, end) in enumerate(bounds):
        inside = text[start:end]
        for k, (holder, partner) in enumerate(zip(holders, table.partners, strict=True)):
            sides = language[holder], language[partner]
            if {holder, partner} <= set(inside) and min(sides) >= 0 and sides[0] != sides[1]:
                places = [start + inside.index(side) for side in (holder, partner)]
                expected.append((c, k, *places))
                covered |= {i for i in range(start, end) if text[i] in (holder, partner)}
    assert list(zip(*(column.tolist() for column in met[1:]), strict=True)) == expected
    assert set(np.flatnonzero(met.covered)) == covered


@given(links)
def test_every_link_has_a_place_in_its_table(pairs):
    table = table_of(pairs)
    a, b = ids([a for a, _ in pairs]), ids([b for _, b in pairs])
    places = link_places(table, a, b)
    holders = np.repeat(np.arange(VOCAB_SIZE), np.diff(table.offsets))
    assert sorted(places) == list(range(len(pairs)))
    assert [{holders[k], table.partners[k]} for k in places] == [set(pair) for pair in pairs]


def test_a_link_that_the_table_lacks_is_named():
    with pytest.raises(InputError, match="no link 1, 3"):
        link_places(table_of([(1, 2)]), ids([1]), ids([3]))


@pytest.mark.parametrize("bounds", [([2], [1]), ([0], [4]), ([0, 1], [1])])
def test_slices_outside_the_text_are_refused(bounds):
    starts, ends = (np.array(side, np.int64) for side in bounds)
    with pytest.raises(InputError):
        link_meetings(ids([0, 1, 2]), starts, ends, np.zeros(VOCAB_SIZE, np.int8), table_of([]))
