"""From words to lines: documents made by hand, and their definition against a plain loop."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pivotmine.ask.documents import TABLES_READ, FoundDocument, Line, Mark, find_documents
from pivotmine.ask.rows import Rows
from pivotmine.errors import LakeError
from pivotmine.lake.lake import Lake
from pivotmine.lake.query import connect
from pivotmine.show.documents import print_documents
from tests.handmade import cli, make_lake, settings, word
from tests.stages.stage_rows import tokens_row

CAT, CHAT, DOG, THE, LE, MAO = range(6)

VOCABULARY = [
    word(CAT, "▁cat", "en", "fr"),
    word(CHAT, "▁chat", "fr", "en"),
    word(DOG, "▁dog", "en"),
    word(THE, "The", "en"),
    word(LE, "Le", "fr"),
    word(MAO, "猫", "zh"),
]

FAR = ("en", [THE, CAT]), ("en", [THE, DOG]), ("en", [THE, DOG]), ("fr", [LE, CHAT])
NEAR = ("en", [THE, DOG]), ("en", [THE, CAT]), ("fr", [LE, CHAT]), ("en", [THE, CAT, CAT])
SAME = (("fr", [LE, CHAT, CAT]),)
ENGLISH_CHAT = ("en", [THE, CHAT]), ("en", [THE, CAT])

DOCUMENTS = {"far": FAR, "near": NEAR, "same": SAME, "english": ENGLISH_CHAT}


def made(folder: Path, documents: dict[str, Any], **more: list[dict[str, Any]]) -> Lake:
    return make_lake(
        folder,
        vocabulary=VOCABULARY,
        tokens=[tokens_row(name, *segments) for name, segments in documents.items()],
        documents=[{"doc_id": n, "source": "web", "uri": f"{n}.jsonl"} for n in documents],
        **more,
    )


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    scores = [
        {"doc_id": "near", "method": "translation", "score": 0.75, "type": "parallel"},
        {"doc_id": "near", "method": "entropy", "score": 0.5},
    ]
    selection = [
        {"arm": arm, "doc_id": "near", "position": position, "epoch": position}
        for arm in ("b", "a")
        for position in (0, 1)
    ]
    folder = tmp_path_factory.mktemp("documents") / "lake"
    return made(folder, DOCUMENTS, scores=scores, selection=selection)


def ask(lake: Lake, *words: str, **options: int) -> Rows[FoundDocument]:
    return find_documents(connect(lake, tables=TABLES_READ), *words, **options)


def test_documents_in_which_the_words_are_nearest_come_first(lake):
    found = ask(lake, "chat", "cat")
    assert [(one.doc_id, one.distance) for one in found] == [
        ("same", 0),
        ("english", 1),
        ("near", 1),
        ("far", 3),
    ]


def test_a_word_that_names_its_language_counts_in_lines_of_that_language_only(lake):
    assert [one.doc_id for one in ask(lake, "fr:chat", "en:cat")] == ["near", "far"]
    assert [one.doc_id for one in ask(lake, "en:chat")] == ["english"]


def test_the_lines_are_those_where_the_words_are_nearest_in_the_order_of_the_text(lake):
    near = ask(lake, "fr:chat", "en:cat", max_lines=2)[0]
    assert [(line.number, line.lang, str(line)) for line in near.lines] == [
        (1, "en", "The [cat]"),
        (2, "fr", "Le [chat]"),
    ]
    assert near.n_lines == 3


def test_marks_say_which_word_stands_where(lake):
    near = ask(lake, "fr:chat", "en:cat")[0]
    assert near.lines[1] == Line(2, "fr", "Le chat", (Mark(3, 7, 0),))
    assert near.lines[2].marks == (Mark(4, 7, 1), Mark(8, 11, 1))
    assert near.lines[2].marked("<b>", "</b>") == "The <b>cat</b> <b>cat</b>"


def test_a_document_carries_its_source_scores_type_and_the_arms_that_took_it(lake):
    near = ask(lake, "fr:chat", "en:cat")[0]
    assert (near.source, near.uri, near.n_tokens) == ("web", "near.jsonl", 9)
    assert (near.scores, near.type) == ({"entropy": 0.5, "translation": 0.75}, "parallel")
    assert near.arms == ("a", "b"), "once, however many epochs"
    far = ask(lake, "fr:chat", "en:cat")[1]
    assert (far.scores, far.type, far.arms) == ({}, None, ())


def test_one_word_has_no_distance(lake):
    found = ask(lake, "dog")
    assert [(one.doc_id, one.distance, one.n_lines) for one in found] == [
        ("far", None, 2),
        ("near", None, 1),
    ]


def test_the_limit_keeps_the_best_documents(lake):
    assert [one.doc_id for one in ask(lake, "chat", "cat", limit=2)] == ["same", "english"]


def test_words_that_never_meet_give_no_rows(lake):
    assert ask(lake, "dog", "zh:猫") == ()


def test_one_word_twice_is_refused(lake):
    with pytest.raises(LakeError, match="one word; name two"):
        ask(lake, "chat", "chat")


@pytest.mark.parametrize("seed", range(5))
def test_nearest_lines_are_those_of_a_plain_loop(tmp_path: Path, seed: int):
    draw = random.Random(seed)
    documents = {
        f"d{n}": [
            (draw.choice(("en", "fr")), draw.choices(range(6), k=draw.randint(1, 3)))
            for _ in range(draw.randint(1, 8))
        ]
        for n in range(30)
    }
    expected = []
    for name, segments in documents.items():
        lines = [
            [n for n, (lang, ids) in enumerate(segments) if lang == asked and token in ids]
            for token, asked in ((CHAT, "fr"), (CAT, "en"))
        ]
        distances = [abs(one - other) for one in lines[0] for other in lines[1]]
        if distances:
            expected.append((min(distances), name, len(set(lines[0]) | set(lines[1]))))
    found = ask(made(tmp_path / "lake", documents), "fr:chat", "en:cat", limit=100)
    assert [(one.distance, one.doc_id, one.n_lines) for one in found] == sorted(expected)


# ---- the command


def test_the_command_marks_both_words_with_brackets_where_there_is_no_terminal(lake):
    status, out, err = cli("documents", "fr:chat", "en:cat", *settings(lake), "--limit", "1")
    assert (status, err) == (0, "")
    about, arms, *lines = out.strip().splitlines()
    assert about == "near: web, parallel, entropy 0.500, translation 0.750"
    assert arms == "in a, b; from near.jsonl"
    assert [line.split(maxsplit=2) for line in lines] == [
        ["1", "en", "The [cat]"],
        ["2", "fr", "Le [chat]"],
        ["3", "en", "The [cat] [cat]"],
    ]


def test_a_terminal_shows_the_words_in_colour(lake):
    console = Console(force_terminal=True, color_system="standard", width=80)
    with console.capture() as capture:
        print_documents(console, ["fr:chat", "en:cat"], ask(lake, "fr:chat", "en:cat", limit=1))
    out = capture.get()
    assert "\x1b[1;36mchat\x1b[0m" in out.replace("\x1b[1;36m ", " ")
    assert "[chat]" not in out


def test_json_holds_documents_with_their_lines(lake):
    out = cli("documents", "fr:chat", "en:cat", *settings(lake), "-f", "json").out
    near, far = map(json.loads, out.splitlines())
    assert (near["doc_id"], near["distance"], far["distance"]) == ("near", 1, 3)
    assert near["lines"][0]["text"] == "The cat"


def test_the_command_says_that_no_document_holds_the_words(lake):
    assert cli("documents", "dog", "zh:猫", *settings(lake)).out == (
        "no document holds dog and zh:猫\n"
    )
