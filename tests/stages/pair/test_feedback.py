"""Meanings learnt from aligned segments."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.stages.pair.alignment import Beads
from pivotmine.stages.pair.classes import WordLinks
from pivotmine.stages.pair.features import PackedDocument, pack
from pivotmine.stages.pair.feedback import EITHER, Renames, meetings, rename, strengths
from pivotmine.stages.pair.judging import pack_beads, unpack_beads
from pivotmine.stages.pair.learning import meeting_rows

SEGMENTS = st.lists(st.frozensets(st.integers(0, 6), max_size=3), min_size=4, max_size=4)
PLACES = np.array([0, 2, 3, 7], np.int32)
"""Numbers of four segments in their document: the others were in another language."""

BEADS = [(0, 1, 0, 1), (2, 2, 2, 1), (7, 1, 7, 1)]


def document(rows: list[frozenset[int]]) -> PackedDocument:
    features = [feature for row in rows for feature in sorted(row)]
    counts = np.array([len(row) for row in rows], np.int32)
    return PackedDocument(PLACES, np.full(4, 9, np.int32), counts, np.array(features, np.int32))


def beads(rows: list[tuple[int, int, int, int]]) -> Beads:
    places = np.array(rows, np.int64).reshape(-1, 4).T
    bits = np.zeros(len(rows))
    return Beads(*places, bits, bits, bits)


def expected_meetings(a: list[frozenset[int]], b: list[frozenset[int]]) -> Counter[tuple[int, int]]:
    counts = Counter[tuple[int, int]]()
    for first_a, n_a, first_b, n_b in BEADS:
        sides = []
        for rows, first, n in ((a, first_a, n_a), (b, first_b, n_b)):
            inside = [
                row for place, row in zip(PLACES, rows, strict=True) if first <= place < first + n
            ]
            sides.append(frozenset().union(*inside))
        counts.update((x, y) for x in {*sides[0], EITHER} for y in {*sides[1], EITHER})
    return counts


@given(SEGMENTS, SEGMENTS)
def test_features_of_both_sides_of_a_segment_pair_are_counted_once(a, b):
    one, other = (side.tolist() for side in meetings(document(a), document(b), beads(BEADS)))
    found = Counter(zip(one, other, strict=True))
    assert found == expected_meetings(a, b)


@given(SEGMENTS, SEGMENTS)
def test_counts_of_several_documents_are_summed(a, b):
    packed = [pack(*document(rows)) for rows in (a, b)]
    columns = {"pair": [4, 4], "beads": [pack_beads(beads(BEADS))] * 2}
    batch = pa.RecordBatch.from_pydict({**columns, "a": [packed[0]] * 2, "b": [packed[1]] * 2})
    rows = meeting_rows(batch).to_pylist()
    assert {row["pair"] for row in rows} == {4}
    found = {(row["a"], row["b"]): row["n"] for row in rows}
    assert len(found) == len(rows)
    assert found == {key: 2 * n for key, n in expected_meetings(a, b).items()}


def test_beads_are_packed_and_unpacked():
    given_ = beads(BEADS)._replace(shared=np.array([0.5, 1.0, 7.25]))
    assert all(map(np.array_equal, unpack_beads(pack_beads(given_)), given_))


def test_a_bead_over_segments_that_lie_apart_ends_at_the_first():
    found = beads([(0, 2, 0, 1), (1, 2, 1, 2)]).in_document(PLACES, np.arange(4))
    assert list(zip(*(column.tolist() for column in found[:4]), strict=True)) == [
        (0, 1, 0, 1),
        (2, 2, 1, 2),
    ]


def test_features_that_meet_by_chance_or_seldom_are_no_evidence():
    n_ab, n_a = np.array([50, 50, 2, 8]), np.array([60, 500, 2, 8])
    found = strengths(n_ab, n_a, np.array([55, 1000, 2, 8]), np.full(4, 10_000))
    assert (found > 0).tolist() == [True, False, False, True]


EN, FR, ZH = range(3)


def learnt(links: list[tuple[int, int, int, int, float]]) -> Renames:
    """Renames from links: languages and features of both sides, and strength."""
    columns = list(zip(*links, strict=True))
    a, b = (np.array(columns[at], np.int32) for at in (1, 3))
    languages = (np.array(columns[at]) for at in (0, 2))
    return rename(*languages, WordLinks(a, b, np.array(columns[4])), 3)


def test_a_feature_gets_the_number_of_its_partner_in_its_own_language_alone():
    renames = learnt([(EN, 10, FR, 20, 30.0), (EN, 10, ZH, 40, 25.0), (EN, 11, FR, 11, 50.0)])
    features = np.array([10, 11, 20, 40], np.int32)
    assert renames.apply(features, EN).tolist() == [10, 11, 20, 40]
    assert renames.apply(features, FR).tolist() == [10, 11, 10, 40]
    assert renames.apply(features, ZH).tolist() == [10, 11, 20, 10]


@given(SEGMENTS)
def test_features_that_fall_together_in_a_segment_are_one(rows):
    found = document(rows)
    renamed = found.renumbered(found.features // 2)
    ends = np.cumsum(renamed.counts)
    for row, end, count in zip(rows, ends, renamed.counts, strict=True):
        assert renamed.features[end - count : end].tolist() == sorted({f // 2 for f in row})
    assert renamed.places is found.places
