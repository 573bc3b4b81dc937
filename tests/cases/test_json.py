"""JSON Lines: a broken value in another field does not cost the text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.sources import ColumnMap, ReadLimits
from pivotmine.sources.lenient_json import MAX_DEPTH, loads_leniently
from pivotmine.sources.parse import Document, Refusal, parse_json

TEXT = "The miller weighed his sacks. 猫"


def parse(record: bytes | str, **columns: Any) -> Document | Refusal:
    data = record if isinstance(record, bytes) else record.encode()
    return parse_json(data, ColumnMap(**columns), ReadLimits())


def nested(depth: int) -> str:
    return '[{"a": ' * depth + '"]}" ' + "}, 1]" * depth


BROKEN = [
    *("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 5000, '"half \\ud83d"'),
    *(nested(100), nested(600), nested(50_000), "[" * 100_000 + "]" * 100_000),
    '{"x": [NaN, {"y": 1e999}]}',
]


@pytest.mark.parametrize("value", BROKEN, ids=lambda value: value[:12])
@pytest.mark.parametrize("first", [True, False])
def test_a_value_beside_the_text_may_be_broken(value: str, first: bool):
    fields = [f'"other": {value}', f'"text": {json.dumps(TEXT)}', '"source": "a"']
    record = f"{{{', '.join(fields if first else reversed(fields))}}}"
    assert parse(record, source="source") == Document(TEXT, "a", len(TEXT.encode()))


@pytest.mark.parametrize("value", ["NaN", "1e999", "Infinity", "12"])
def test_a_text_that_is_a_number_is_refused(value: str):
    found = parse(f'{{"text": {value}}}')
    assert isinstance(found, Refusal)
    assert found.reason == "wrong_type"


@pytest.mark.parametrize("value", BROKEN, ids=lambda value: value[:12])
def test_a_broken_value_as_the_source_leaves_the_label(value: str):
    found = parse(f'{{"text": "a", "source": {value}}}', source="source", source_label="s")
    assert found == Document("a", "s", 1)


@pytest.mark.parametrize(
    "record",
    [
        *(
            '{"text": "a", "x": nan}',
            '{"text": "a", "x": }',
            '{"text": "a" "x": 1}',
            '{"text": "a"',
        ),
        '{"text": "a", "x": ' + "[" * 5000 + "]" * 4999 + "}",
        '{"text": "a", "x": ' + "[" * 5000 + "]" * 4999 + "}}",
        "[" * 3_000_000,
    ],
    ids=lambda record: record[:20],
)
def test_what_is_no_json_stays_refused(record: str):
    found = parse(record)
    assert isinstance(found, Refusal)
    assert found.reason == "invalid_json"


VALUES = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=20,
)


@given(VALUES)
def test_without_numbers_the_lenient_parser_agrees_with_the_strict_one(value: Any):
    assert loads_leniently(json.dumps(value).encode()) == value
    deep = "[" * MAX_DEPTH + json.dumps(value) + "]" * MAX_DEPTH
    beside = json.dumps(value)
    assert loads_leniently(f"[{deep}, {beside}]".encode())[1] == value
