"""What the arms hold, where an arm holds documents several times."""

from __future__ import annotations

import pytest

from pivotmine.ask.arms import TABLES_READ, Arms, describe_arms
from pivotmine.errors import LakeError
from pivotmine.lake.query import connect
from tests.handmade import make_lake

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
