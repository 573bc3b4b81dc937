"""Sketches of weighted sets, and the keys under which documents meet."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.stages.pair.samples import Keys, clocks, document_keys, smallest

SETS = st.lists(st.sets(st.integers(0, 40), max_size=12), max_size=5)


def bits_of(feature: int) -> float:
    return float(feature % 6)


def keys_of(sets: list[set[int]], n_rare: int = 4, n_sampled: int = 3) -> Keys:
    """Keys of sets of features, of which odd ones are rare."""
    rows = [(document, feature) for document, held in enumerate(sets) for feature in sorted(held)]
    document = np.array([document for document, _ in rows], np.int64)
    features = np.array([feature for _, feature in rows], np.int32)
    bits = np.array([bits_of(feature) for _, feature in rows], np.float32)
    return document_keys(document, features, bits, features % 2 == 1, n_rare, n_sampled)


def test_a_feature_rings_first_in_proportion_to_its_weight():
    n = 30_000
    features = np.arange(3 * n, dtype=np.int32)
    weights = np.tile([1.0, 2.0, 7.0], n)
    first = clocks(features, weights).reshape(n, 3).argmin(axis=1)
    for which, share in enumerate((0.1, 0.2, 0.7)):
        assert abs(np.mean(first == which) - share) < 5 * np.sqrt(share * (1 - share) / n)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-3, 3)), max_size=30), st.integers(0, 4))
def test_the_smallest_of_each_group_are_kept(rows, n):
    rows = sorted(rows, key=lambda row: row[0])
    group, value = (np.array([row[i] for row in rows], np.int64) for i in range(2))
    kept = smallest(group, value.astype(float), np.arange(len(rows), dtype=np.int32), n)
    for one in range(4):
        values = sorted(value[group == one].tolist())
        assert value[kept][group[kept] == one].tolist() == values[:n]
    assert (np.diff(group[kept]) >= 0).all()


@given(SETS)
def test_a_set_has_a_key_for_each_of_its_rarest_features_and_for_every_two_sampled_ones(sets):
    keys = keys_of(sets)
    for document, held in enumerate(sets):
        rare = sum(bits_of(feature) > 0 for feature in held if feature % 2)
        other = sum(bits_of(feature) > 0 for feature in held if not feature % 2)
        sampled = min(other, 3)
        expected = min(rare, 4) + sampled * (sampled - 1) // 2
        assert (keys.document == document).sum() == expected
    assert (keys.weight > 0).all()
    for document in range(len(sets)):
        assert len(np.unique(keys.key[keys.document == document])) == sum(keys.document == document)


@given(SETS)
def test_keys_of_a_set_do_not_depend_on_the_sets_beside_it(sets):
    together = keys_of(sets)
    for document, held in enumerate(sets):
        alone = keys_of([held])
        assert together.key[together.document == document].tolist() == alone.key.tolist()


@given(st.sets(st.integers(0, 40)), st.sets(st.integers(0, 40)))
def test_what_two_sets_share_and_rings_first_in_their_union_is_shared_by_their_keys(one, other):
    in_one, in_other, in_union = (
        set(keys_of([held]).key.tolist()) for held in (one, other, one | other)
    )
    both = set(keys_of([one & other], n_rare=40, n_sampled=40).key.tolist())
    assert in_union & both == in_one & in_other & in_union


@given(SETS)
def test_the_keys_of_a_set_weigh_what_its_features_do(sets):
    keys = keys_of(sets, n_rare=40, n_sampled=40)
    for document, held in enumerate(sets):
        frequent = [bits_of(feature) ** 2 for feature in held if not feature % 2]
        counted = [weight for weight in frequent if weight > 0]
        rare = sum(bits_of(feature) ** 2 for feature in held if feature % 2)
        expected = rare + (sum(counted) if len(counted) > 1 else 0.0)
        assert np.isclose(keys.weight[keys.document == document].sum(), expected)
