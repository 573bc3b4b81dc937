"""The links of a word, seen from either side."""

from __future__ import annotations

import json

import pytest

from pivotmine.ask.links import TABLES_READ, find_links
from pivotmine.errors import LakeError
from pivotmine.lake.query import connect
from tests.handmade import cli, link, make_lake, settings, word

CAT, CHAT, MAO, TOIT = range(4)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory):
    names = {"token_a": "▁cat"}
    return make_lake(
        tmp_path_factory.mktemp("links") / "lake",
        vocabulary=[
            word(CAT, "▁cat", "en"),
            word(CHAT, "▁chat", "en", "fr"),
            word(MAO, "猫", "zh"),
            word(TOIT, "▁toit", "fr"),
        ],
        links=[
            link(
                CAT, "en", CHAT, "fr", 0.9, token_b="▁chat", g2=90.0, rank_ab=1, rank_ba=2, **names
            ),
            link(CAT, "en", MAO, "zh", 0.8, token_b="猫", g2=95.0, prevails=False, **names),
            link(CAT, "en", TOIT, "fr", 0.2, token_b="▁toit", g2=20.0, **names),
            link(
                CHAT, "en", CHAT, "fr", 1.0, token_a="▁chat", token_b="▁chat", g2=99.0, is_copy=True
            ),
        ],
    )


def partners(lake, *arguments, **options) -> list[tuple[str, str]]:
    found = find_links(connect(lake, tables=TABLES_READ), *arguments, **options)
    return [(one.partner, one.partner_lang) for one in found]


def test_links_that_prevail_come_first_then_by_g2(lake):
    assert partners(lake, "cat") == [("▁chat", "fr"), ("▁toit", "fr"), ("猫", "zh")]


def test_copies_come_last(lake):
    assert partners(lake, "fr:chat") == [("▁cat", "en"), ("▁chat", "en")]


def test_a_word_that_names_its_language_has_the_links_of_that_language(lake):
    assert partners(lake, "en:chat") == [("▁chat", "fr")]


def test_a_link_is_seen_from_the_word_of_the_question(lake):
    connection = connect(lake, tables=TABLES_READ)
    there, back = (find_links(connection, name)[0] for name in ("cat", "fr:chat"))
    assert (there.word, there.partner, there.rank) == ("▁cat", "▁chat", 1)
    assert (back.word, back.partner, back.rank) == ("▁chat", "▁cat", 2)
    assert there.g2 == back.g2


def test_partners_can_be_limited_in_language_and_number(lake):
    assert partners(lake, "cat", "zh") == [("猫", "zh")]
    assert partners(lake, "cat", limit=1) == [("▁chat", "fr")]


def test_a_word_that_is_not_a_token_is_refused(lake):
    with pytest.raises(LakeError, match="'cats' is not a single token"):
        partners(lake, "cats")


def test_the_command_shows_partners_with_their_evidence(lake):
    status, out, err = cli("links", "fr:chat", *settings(lake))
    assert (status, err) == (0, "")
    assert out.split("\n")[2].split()[:4] == ["▁chat", "fr", "▁cat", "en"]
    first = json.loads(cli("links", "fr:chat", *settings(lake), "-f", "json").out.split("\n")[0])
    assert (first["partner"], first["npmi"]) == ("▁cat", 0.9)


def test_the_command_says_that_a_word_has_no_links(lake):
    out = cli("links", "fr:toit", "--lang", "zh", *settings(lake)).out
    assert out == "no link joins fr:toit to a word of another language\n"
