"""Registers are those of datasketch, and its estimate is close."""

from __future__ import annotations

import numpy as np
import pytest
from datasketch import HyperLogLogPlusPlus
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import InputError
from pivotmine.stages.count.distinct_pairs import (
    REGISTER_BITS,
    add_to_registers,
    distinct_pairs,
    empty_registers,
)
from pivotmine.stages.count.pair_hash import hash_pair, sampled_pairs

ids = st.integers(0, 9) | st.integers(0, 2**31 - 1)


def hashed(pair: tuple[int, int]) -> int:
    return int(hash_pair(*map(np.uint64, pair)))


@given(st.lists(st.tuples(ids, ids), max_size=50), st.integers(1, 3))
def test_registers_are_those_that_datasketch_fills_and_merge_by_maximum(pairs, n_tasks):
    expected = HyperLogLogPlusPlus(p=REGISTER_BITS, hashfunc=hashed)
    for pair in pairs:
        expected.update(pair)
    merged = empty_registers()
    for task in range(n_tasks):
        part = empty_registers()
        a, b = np.array(pairs[task::n_tasks], np.int32).reshape(-1, 2).T
        add_to_registers(part, a, b)
        np.maximum(merged, part, out=merged)
    assert merged.tolist() == expected.reg.tolist()


@pytest.mark.parametrize("n", [1, 1000, 50_000, 3_000_000])
def test_the_estimate_is_within_four_standard_errors(n):
    registers = empty_registers()
    for _ in range(2):
        add_to_registers(registers, np.arange(n, dtype=np.int32), np.full(n, 7, np.int32))
    assert distinct_pairs(registers) == pytest.approx(n, rel=4 * 1.04 / 2**7)


def test_negative_ids_are_refused():
    with pytest.raises(InputError):
        add_to_registers(empty_registers(), np.array([-1], np.int32), np.array([0], np.int32))


@pytest.mark.parametrize("bits", [0, 1, 5])
def test_the_sample_holds_its_share_of_the_pairs_of_any_node(bits):
    b = np.arange(100_000, dtype=np.int32)
    for a in (0, 1, 99_999):
        share = sampled_pairs(np.full(len(b), a, np.int32), b, bits).mean()
        assert share == pytest.approx(2.0**-bits, rel=0.1)
