"""What the arms hold, where an arm holds documents several times."""

from __future__ import annotations

import json

import pytest

from pivotmine.ask.arms import TABLES_READ, Arms, describe_arms
from pivotmine.errors import LakeError
from pivotmine.lake.query import connect
from pivotmine.show.arms_page import arms_page
from tests.handmade import cli, make_lake, settings

LENGTHS = {"long": 900, "middle": 50, "short": 10, "tiny": 1}


@pytest.fixture(scope="module")
def arms(tmp_path_factory: pytest.TempPathFactory) -> Arms:
    """Arm `repeated` has `long` three times, arm `once` has every document once."""
    taken = {"repeated": ["long", "long", "short", "long", "tiny"], "once": list(LENGTHS)}
    selection = [
        {
            **{"arm": arm, "doc_id": name, "position": position, "lang": "en"},
            **{"n_tokens": LENGTHS[name], "epoch": names[:position].count(name)},
        }
        for arm, names in taken.items()
        for position, name in enumerate(names)
    ]
    lake = make_lake(
        tmp_path_factory.mktemp("arms") / "lake",
        selection=selection,
        documents=[{"doc_id": name, "source": "web"} for name in LENGTHS],
    )
    return describe_arms(connect(lake, tables=TABLES_READ))


def test_documents_are_counted_once_and_tokens_once_an_epoch(arms):
    once, repeated = arms.arms
    assert (once.n_docs, once.n_tokens) == (4, 961)
    assert (repeated.n_docs, repeated.n_tokens) == (3, 2711)


def test_quartiles_are_over_distinct_documents(arms):
    once, repeated = arms.arms
    assert once.lengths == (1, 10, 50)
    assert repeated.lengths == (1, 10, 900)


def test_documents_in_common_are_distinct(arms):
    assert arms.shared_docs["once", "repeated"] == 3
    assert arms.shared_docs["repeated", "repeated"] == 3


def test_examples_are_the_first_distinct_documents_of_an_arm(arms):
    shown = [example.doc_id for example in arms.examples if example.arm == "repeated"]
    assert shown == ["long", "short", "tiny"]


def test_sizes_turn_into_a_frame(arms):
    frame = arms.df()
    assert list(frame["name"]) == ["once", "repeated"]
    assert list(frame["n_docs"]) == [4, 3]


def test_a_lake_without_a_selection_is_refused_with_what_to_run(tmp_path):
    lake = make_lake(tmp_path / "lake", documents=[{"doc_id": "d"}])
    with pytest.raises(LakeError, match="run --until select"):
        describe_arms(connect(lake, tables=TABLES_READ))


def chosen_by(names: list[str]) -> dict[str, object]:
    config = json.dumps({"select": {"arms": [{"name": name} for name in names]}})
    return {"run_id": "r", "stage": "select", "config": config}


def test_an_arm_without_a_document_is_shown_and_said(tmp_path):
    held = {"arm": "b", "doc_id": "d", "position": 0, "lang": "en", "n_tokens": 3, "epoch": 0}
    lake = make_lake(tmp_path / "lake", selection=[held], runs=[chosen_by(["b", "a"])])
    found = describe_arms(connect(lake, tables=TABLES_READ))
    assert [(arm.name, arm.n_docs, arm.n_tokens) for arm in found.arms] == [
        ("a", 0, 0),
        ("b", 1, 3),
    ]
    assert found.note_on_empty.startswith("arm a was selected and is empty")
    assert "arm a was selected and is empty" in arms_page(found, "lake")


def test_a_selection_of_empty_arms_is_not_a_selection_that_was_never_made(tmp_path):
    lake = make_lake(tmp_path / "lake", selection=[], runs=[chosen_by(["b", "a"])])
    found = describe_arms(connect(lake, tables=TABLES_READ))
    assert [arm.n_docs for arm in found.arms] == [0, 0]
    assert found.note_on_empty.startswith("every arm was selected and is empty")
    assert cli("arms", *settings(lake)).status == 0
    assert "every arm was selected and is empty" in arms_page(found, "lake")
