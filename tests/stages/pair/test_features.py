"""Documents as segments with features, and what features weigh between two languages."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.numeric.arrow_batches import token_columns
from pivotmine.numeric.nodes import node_table
from pivotmine.stages.pair.buckets import pairs_in_buckets, uncrowded
from pivotmine.stages.pair.features import Meanings, pack, segment_features, unpack
from pivotmine.stages.pair.known import KnownFeatures, known_features
from pivotmine.stages.pair.verdict import judge, overlap
from pivotmine.stages.terms.piece_texts import texts_of
from tests.stages.pair.test_alignment import segments, story, total

PIECES = ["▁cat", "▁chat", "▁De", "bian", "▁12", "▁the", "猫", "。"]
"""Tokens: cat and chat are linked, and so are cat and the Chinese cat."""

EN, FR, ZH = range(3)


@pytest.fixture(scope="module")
def meanings() -> Meanings:
    nodes = node_table(np.array([0, 1, 6], np.int32), np.array([EN, FR, ZH], np.int8), 8, 3)
    return Meanings(nodes, np.array([0, 0, 0, -1], np.int32), texts_of(PIECES))


def features_of(meanings: Meanings, *rows: tuple[list[int], list[int], list[int]]):
    """Features of documents: token ids, ends of segments, languages of segments."""
    batch = pa.RecordBatch.from_pydict(
        {
            "token_ids": pa.array([row[0] for row in rows], pa.list_(pa.int32())),
            "segment_ends": pa.array([row[1] for row in rows], pa.list_(pa.int32())),
        }
    )
    language = np.array([one for row in rows for one in row[2]], np.int8)
    return segment_features(token_columns(batch), language, meanings)


def test_words_that_translate_each_other_and_names_are_the_same_features(meanings):
    english = ([0, 2, 3, 4], [1, 4], [EN, EN])
    chinese = ([6, 2, 3, 7, 4], [4, 5], [ZH, ZH])
    found = features_of(meanings, english, chinese)
    by_segment = [set(found.feature[found.segment == one].tolist()) for one in range(4)]
    cat, debian, zh_line, twelve = by_segment
    assert len(cat) == 2  # its meaning, and its spelling
    assert len(cat & zh_line) == 1
    assert len(debian) == 2
    assert len(debian & zh_line) == 1
    assert debian - zh_line == twelve
    assert found.n_chars.tolist() == [3, 11, 9, 4]
    assert found.n_tokens.tolist() == [1, 3, 4, 1]


def test_a_word_means_what_it_means_in_the_language_of_its_segment(meanings):
    found = features_of(meanings, ([1, 1], [1, 2], [FR, EN]))
    assert np.bincount(found.segment).tolist() == [2, 1]


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 99), st.integers(0, 3)), max_size=5),
    st.data(),
)
def test_documents_are_packed_and_unpacked(rows, data):
    counts = [count for _, _, count in rows]
    n = sum(counts)
    features = data.draw(st.lists(st.integers(0, 2**31 - 1), min_size=n, max_size=n))
    given_ = (*(np.array([row[i] for row in rows], np.int64) for i in range(2)), np.array(counts))
    found = unpack(pack(*given_, np.array(features, np.int32)))
    assert [part.tolist() for part in found] == [*(part.tolist() for part in given_), features]


@pytest.fixture(scope="module")
def known() -> KnownFeatures:
    feature, language = np.array([5, 5, 7, 9, 9]), np.array([EN, FR, EN, FR, ZH])
    return known_features(feature, language, np.array([3, 4, 2, 1, 1]), np.array([10, 20, 5]))


def test_a_feature_weighs_its_information_in_two_languages_that_have_it(known):
    weights = known.weights(np.array([4, 5, 7, 9, 11], np.int32), EN, FR)
    assert weights.tolist() == pytest.approx([0, np.log2(31 / 7.5), 0, 0, 0])
    assert known.weights(np.array([9], np.int32), FR, ZH).tolist() == pytest.approx(
        [np.log2(26 / 2.5)]
    )


def test_a_document_keeps_the_features_that_weigh_something(known):
    packed = pack(np.array([0, 2]), np.array([8, 9]), np.array([2, 2]), np.array([5, 7, 4, 5]))
    found = unpack(packed)
    weighted = found.weighted(known.weights(found.features, EN, FR))
    assert weighted.features.tolist() == [5, 5]
    assert weighted.offsets.tolist() == [0, 1, 2]
    assert weighted.lengths.tolist() == [8, 9]


ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 1)), max_size=30).map(sorted)


@given(ROWS, st.integers(1, 4), st.booleans())
def test_rows_of_two_sides_meet_under_every_key_that_is_not_crowded(rows, most, thin):
    key = np.array([key for key, _ in rows], np.int64)
    side = np.array([side for _, side in rows], np.int8)
    kept = uncrowded(key, side, most) if thin else np.ones(len(rows), np.bool_)
    found = pairs_in_buckets(key[kept], side[kept], most)
    expected = []
    for one in range(5):
        a, b = (rows.count((one, which)) for which in range(2))
        expected += [one] * (a * b if a <= most and b <= most else 0)
    assert key[kept][found.a].tolist() == key[kept][found.b].tolist() == expected
    assert not side[kept][found.a].any()
    assert side[kept][found.b].all()
    assert len(set(zip(*found, strict=True))) == len(expected)


def test_a_verdict_sums_up_what_is_aligned():
    book = story(30, seed=7)
    whole = judge(segments(book), segments(book))
    assert whole.score == pytest.approx(1.0)
    assert (whole.aligned_a, whole.aligned_b, whole.overlap) == (1.0, 1.0, pytest.approx(1.0))
    half = judge(segments(book), segments(book[:15]))
    share = sum(total(held) for held, _ in book[:15]) / sum(total(held) for held, _ in book)
    assert half.score == pytest.approx(np.sqrt(share))
    assert half.aligned_b == 1.0
    assert half.aligned_a == pytest.approx(
        sum(length for _, length in book[:15]) / sum(length for _, length in book)
    )


def test_the_same_words_in_another_order_overlap_and_are_not_aligned():
    book = story(60, seed=8)
    turned = segments(book[::-1])
    assert overlap(segments(book), turned) == pytest.approx(1.0)
    assert judge(segments(book), turned).score < 0.1


def test_nothing_is_said_of_documents_without_features():
    empty = segments([])
    assert judge(empty, segments(story(3, 9)))[:4] == (0.0, 0.0, 0.0, 0.0)
