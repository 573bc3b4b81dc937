"""A run that refuses most records says so, with the first reasons."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pivotmine.recipe.reading import load_recipe
from pivotmine.stages.ingest.records import Records
from pivotmine.stages.ingest.refusals import note_refusals


@pytest.fixture
def records(spark):
    """Records of some kinds and reasons, as ingest keeps them."""

    def make(*rows: tuple[str, str | None, str | None]) -> Records:
        recipe = load_recipe(overrides=["ingest.inputs=[{uris: [a.jsonl]}]"])
        schema = "kind string, reason string, detail string, position long, input_index int"
        frame = spark.createDataFrame([(*row, n, 0) for n, row in enumerate(rows)], schema)

        def stored(columns: Sequence[str]):
            return frame.select(*columns)

        return Records(recipe, stored)

    return make


DOCUMENT = ("document", None, None)


def missing(key: str) -> tuple[str, str, str]:
    return "reject", "missing_text", f"no key 'text'; the record has {key!r}"


def test_a_wrong_text_column_is_said_with_the_keys_that_are_there(records, table_inputs):
    inputs = table_inputs()
    note_refusals(inputs, records(missing("body"), missing("body"), ("split", None, None)))
    (note,) = inputs.notes
    assert note.startswith(
        "WARNING: 2 of 2 records that were read now were refused: 2 missing_text"
    )
    assert "no key 'text'; the record has 'body'" in note
    assert "text_column" in note


def test_the_first_reasons_come_first_and_the_others_are_counted(records, table_inputs):
    inputs = table_inputs()
    many = [("reject", f"reason_{n}", "why") for n in range(5) for _ in range(5 - n)]
    note_refusals(inputs, records(DOCUMENT, *many))
    assert "15 of 16" in inputs.notes[0]
    assert "5 reason_0 (why); 4 reason_1 (why); 3 reason_2 (why); and 2 other" in inputs.notes[0]


def test_some_refused_records_need_no_warning(records, table_inputs):
    inputs = table_inputs()
    note_refusals(inputs, records(DOCUMENT, DOCUMENT, missing("a"), missing("b")))
    note_refusals(inputs, records(DOCUMENT))
    note_refusals(inputs, records(("split", None, None)))
    assert inputs.notes == []
