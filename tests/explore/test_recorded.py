"""SQL that is shown: parameters as literals, temporary tables as common table expressions."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.explore.recorded import Recorded, literal, with_literals


@given(
    st.one_of(
        st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0")),
        st.integers(-(2**62), 2**62),
        st.booleans(),
        st.none(),
        st.lists(st.integers(0, 9), min_size=1),
    )
)
def test_a_literal_is_read_as_its_value(value):
    assert duckdb.execute(f"SELECT {literal(value)}").fetchone() == (value,)


def test_a_value_that_looks_like_a_parameter_is_not_replaced():
    assert with_literals("SELECT $a, $b", {"a": "$b", "b": 1}) == "SELECT '$b', 1"
    assert with_literals("SELECT ?, ?", ["?", 1]) == "SELECT '?', 1"


def test_temporary_tables_become_part_of_the_questions_that_read_them():
    asked = Recorded(duckdb.connect())
    asked.execute("CREATE OR REPLACE TEMP TABLE one AS SELECT $n AS n", {"n": 7})
    asked.execute(
        "CREATE OR REPLACE TEMP VIEW two AS SELECT n + 1 AS n FROM one;"
        "CREATE OR REPLACE TEMP TABLE unused AS SELECT 1"
    )
    assert asked.execute("WITH three AS (FROM two) SELECT n FROM three").fetchall() == [(8,)]
    assert asked.sql("SELECT 1").fetchall() == [(1,)]
    (first, second) = asked.statements
    assert duckdb.execute(first).fetchall() == [(8,)]
    assert "unused" not in first and second == "SELECT 1"


@pytest.mark.parametrize("times", [1, 3])
def test_a_question_is_shown_once(times):
    asked = Recorded(duckdb.connect())
    for _ in range(times):
        asked.execute("SELECT 1")
    assert asked.statements == ["SELECT 1"]
