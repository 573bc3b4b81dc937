"""The fate of one record."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.sources import EXPLANATIONS, ColumnMap, ReadLimits, Reason
from pivotmine.sources.parse import Document, Refusal, parse_bytes, parse_json

LIMITS = ReadLimits(max_document_bytes=100)


def fate(record: bytes, columns: ColumnMap = ColumnMap()) -> Document | Refusal:  # noqa: B008
    return parse_json(record, columns, LIMITS)


@pytest.mark.parametrize(
    ("record", "reason", "detail"),
    [
        (b'{"text": "caf\xe9"}', "undecodable_bytes", "byte 0xe9 at offset 13"),
        (b'\xff\xfe{\x00"\x00', "undecodable_bytes", "byte 0xff at offset 0"),
        (b'{"text": "\xed\xa0\x80"}', "undecodable_bytes", "byte 0xed at offset 10"),
        (b'{"text": "cut o', "invalid_json", "end of data"),
        (b'{"text": "a"} {"text": "b"}', "invalid_json", "unexpected content"),
        (b'{"text": "a", "score": nan}', "invalid_json", ""),
        (b'{"text": "raw \x00 byte"}', "invalid_json", "control character"),
        (b"\x00" * 50, "invalid_json", ""),
        (b"[" * 100_000, "invalid_json", ""),
        (b'{"\\ud800":' * 100_000, "invalid_json", ""),
        (b'["text"]', "not_an_object", "an array"),
        (b'"text"', "not_an_object", "a string"),
        (b"null", "not_an_object", "null"),
        (b"3", "not_an_object", "a number"),
        (b'{"body": "a", "id": 3}', "missing_text", "'body', 'id'"),
        (b'{"text": null}', "missing_text", "null"),
        (b"{}", "missing_text", "none"),
        (b'{"text": 5}', "wrong_type", "a number"),
        (b'{"text": true}', "wrong_type", "a boolean"),
        (b'{"text": ["a"]}', "wrong_type", "an array"),
        (b'{"text": {"text": "a"}}', "wrong_type", "an object"),
        (b'{"text": ""}', "empty_text", "0 characters"),
        ('{"text": " \\n\u3000\u00a0"}'.encode(), "empty_text", "4 characters"),
        (b'{"text": "ab \\ud800"}', "unencodable_text", "U+D800 at character 3"),
        (b'{"text": "\\uDC00 low first"}', "unencodable_text", "U+DC00 at character 0"),
        (b'{"text": "' + b"x" * 101 + b'"}', "document_too_long", "101 bytes"),
        (b'{"text": "' + "漢".encode() * 34 + b'"}', "document_too_long", "102 bytes"),
    ],
)
def test_a_bad_record_is_refused_with_a_reason_and_what_was_wrong(
    record: bytes, reason: str, detail: str
) -> None:
    refusal = fate(record)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == reason
    assert detail in refusal.detail


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (b'{"text": "plain"}', "plain"),
        (b'\xef\xbb\xbf{"text": "byte order mark"}', "byte order mark"),
        (b'{"text": "carriage return"}\r', "carriage return"),
        (b'{"text": "nul \\u0000 kept"}', "nul \x00 kept"),
        (b'{"text": "pair \\ud83d\\ude00"}', "pair \U0001f600"),
        (b'{"text": "  spaces kept "}', "  spaces kept "),
        (b'{"text": "first", "text": "last key wins"}', "last key wins"),
        (b'{"text": "x", "other": "\\ud800 broken elsewhere"}', "x"),
        (b'{"text": "x", "huge": 123456789012345678901234567890}', "x"),
        (b'{"text": "' + b"x" * 100 + b'"}', "x" * 100),
    ],
)
def test_a_good_record_gives_its_text_unchanged(record: bytes, text: str) -> None:
    document = fate(record)
    assert isinstance(document, Document)
    assert document.text == text
    assert document.n_bytes == len(text.encode())


def test_a_dotted_path_reaches_into_objects_but_a_column_of_that_very_name_wins() -> None:
    columns = ColumnMap(text="data.text")
    assert fate(b'{"data": {"text": "inner"}}', columns)[0] == "inner"
    assert fate(b'{"data.text": "outer", "data": {"text": "inner"}}', columns)[0] == "outer"
    for record in (b'{"data": {}}', b'{"data": null}', b'{"data": "flat"}', b'{"text": "a"}'):
        assert fate(record, columns)[0] == Reason.MISSING_TEXT


@pytest.mark.parametrize(
    ("source", "label"),
    [(b'"wiki"', "wiki"), (b"null", "web"), (b"7", "web"), (b'""', "web"), (b'"\\ud800"', "web")],
)
def test_the_source_column_labels_a_document_when_it_can(source: bytes, label: str) -> None:
    columns = ColumnMap(source="from", source_label="web")
    document = fate(b'{"text": "a", "from": ' + source + b"}", columns)
    assert isinstance(document, Document)
    assert document.source == label


def test_values_of_typed_columns_are_checked_as_json_is() -> None:
    columns = ColumnMap(source_label="web")
    assert parse_bytes("été".encode(), b"\xff", columns, LIMITS) == Document("été", "web", 5)
    assert parse_bytes(b"a", b"wiki", columns, LIMITS) == Document("a", "wiki", 1)
    for value, reason in (
        (None, "missing_text"),
        (b"\xff", "undecodable_bytes"),
        (b"", "empty_text"),
    ):
        refusal = parse_bytes(value, None, columns, LIMITS)
        assert isinstance(refusal, Refusal)
        assert refusal.reason == reason


@given(st.binary())
def test_any_bytes_give_a_document_or_a_refusal(record: bytes) -> None:
    assert isinstance(fate(record), Document | Refusal)


@given(st.text(st.characters(), max_size=20), st.booleans())
def test_any_python_string_survives_json_or_is_refused_as_unencodable(
    text: str, ascii: bool
) -> None:
    """`st.characters()` includes lone surrogates, which json writes as escapes."""
    try:
        record = json.dumps({"text": text}, ensure_ascii=ascii).encode()
        expected = json.loads(record)["text"]
        expected.encode()
    except UnicodeEncodeError:
        record, expected = json.dumps({"text": text}).encode(), None
    outcome = fate(record)
    if not text.strip():
        assert outcome[0] == Reason.EMPTY_TEXT
    elif expected is None:
        assert outcome[0] == Reason.UNENCODABLE_TEXT
    else:
        assert outcome[0] == expected


def test_every_reason_is_explained() -> None:
    assert set(EXPLANATIONS) == set(Reason)
