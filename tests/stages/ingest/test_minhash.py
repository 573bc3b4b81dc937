"""MinHash: the signatures of datasketch, their estimates and their bands."""

from __future__ import annotations

import numpy as np
from datasketch import MinHash
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.stages.ingest.minhash import band_keys, choose_bands, sign, similarities

sets = st.lists(st.lists(st.integers(0, 2**32 - 1), max_size=40), min_size=1, max_size=4)


@given(values=sets, n=st.sampled_from([16, 128]))
def test_signatures_are_those_of_datasketch(values: list[list[int]], n: int):
    ends = np.cumsum([len(value) for value in values])
    hashes = np.array([h for value in values for h in value], np.uint32)
    for row, value in zip(sign(hashes, ends, n), values, strict=True):
        theirs = MinHash(n, hashfunc=int)
        if value:
            theirs.update_batch(value)
        assert row.tolist() == theirs.hashvalues.tolist()


def test_the_estimate_keeps_its_standard_error():
    draw = np.random.default_rng(0)
    for shared in (0, 500, 800, 1000):
        errors = []
        for _ in range(50):
            pool = draw.integers(0, 2**32, 2000 - shared, dtype=np.uint32)
            both = np.concatenate([pool[:1000], pool[-1000:]])
            signed = sign(both, np.array([1000, 2000]), 128)
            errors.append(similarities(signed[:1], signed[1:])[0] - shared / (2000 - shared))
        s = shared / (2000 - shared)
        assert abs(np.mean(errors)) <= 4 * np.sqrt(s * (1 - s) / 128 / 50)


@given(st.sampled_from([16, 64, 128, 256]), st.floats(0.3, 1.0))
def test_a_pair_at_the_similarity_is_a_candidate_almost_surely(n: int, similarity: float):
    bands, rows = choose_bands(n, similarity)
    assert bands * rows <= n
    assert rows == 1 or 1 - (1 - similarity**rows) ** bands >= 0.99


@given(st.lists(st.lists(st.integers(0, 2), min_size=6, max_size=6), min_size=2, max_size=9))
def test_keys_are_equal_just_when_bands_are(rows: list[list[int]]):
    signatures = np.array(rows, np.uint32)
    keys = band_keys(signatures, 3, 2)
    bands = signatures.reshape(len(rows), 3, 2)
    same_band = (bands[:, None] == bands[None, :]).all(axis=3)
    assert ((keys[:, None] == keys[None, :]) == same_band).all()
    assert len(np.unique(keys[0])) == 3, "the same rows in two bands are two keys"
