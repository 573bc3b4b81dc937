"""Contexts of a corpus that the driver holds."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.stages.contexts.stage import last_documents
from pivotmine.udfs.contexts import LINES


@given(st.lists(st.tuples(st.integers(-2, 2), st.integers(-9, 9)), max_size=40), st.integers(1, 4))
def test_a_repeated_line_counts_up_to_its_last_document(pairs, most):
    table = pa.table(list(map(list, zip(*pairs, strict=True))) or [[], []], schema=LINES)
    expected = []
    for line in sorted({line for line, _ in pairs}):
        documents = sorted(document for other, document in pairs if other == line)
        if len(documents) > most:
            expected.append({"line": line, "document": documents[most - 1]})
    assert last_documents(table, most).to_pylist() == expected
