"""Documents that share keys, read in batches of any size."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.stages.pair.candidates import KEYS
from pivotmine.udfs.pair import bind_meet

ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(0, 9), st.integers(1, 9)),
    max_size=30,
).map(sorted)


def batches_of(rows: list[tuple[int, int, int, int]], size: int) -> list[pa.RecordBatch]:
    """Rows of key, side, document and weight in batches of a size."""
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], [], []]
    key, side, document, weight = columns
    norms = [2.0] * len(rows)
    arrays = (key, side, [0] * len(rows), document, weight, norms)
    table = pa.table(
        [pa.array(column, field.type) for column, field in zip(arrays, KEYS, strict=True)],
        schema=KEYS,
    )
    return [
        batch
        for start in range(0, len(rows), size)
        for batch in table.slice(start, size).combine_chunks().to_batches()
    ]


@given(ROWS, st.integers(1, 12), st.integers(1, 3))
def test_batches_may_end_anywhere(rows, size, most):
    met = bind_meet(most)(iter(batches_of(rows, size)))
    found = Counter(
        (row["a"], row["b"], row["weight"], row["norms"])
        for batch in met
        for row in batch.to_pylist()
    )
    expected = Counter[tuple[int, int, int, float]]()
    for key in range(4):
        a, b = ([row for row in rows if row[:2] == (key, side)] for side in (0, 1))
        if len(a) <= most and len(b) <= most:
            expected.update((x[2], y[2], min(x[3], y[3]), 4.0) for x in a for y in b)
    assert found == expected


def test_a_hundred_thousand_pages_of_a_template_meet_nobody_and_are_not_held():
    n = 100_000
    rows = [(0, side, page, 1) for side in (0, 1) for page in range(n)]
    rows += [(1, 0, 7, 3), (1, 1, 8, 3)]
    held = []
    for batch in bind_meet(100)(iter(batches_of(rows, 1000))):
        held.append(batch.num_rows)
        assert batch.num_rows <= 1
    assert sum(held) == 1


def test_a_pair_weighs_what_all_its_keys_do():
    rows = [(key, side, side, 5 + key) for key in range(3) for side in (0, 1)]
    met = pa.Table.from_batches(bind_meet(10)(iter(batches_of(rows, 2))))
    assert np.sum(met["weight"].to_numpy()) == 5 + 6 + 7
