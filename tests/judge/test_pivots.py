"""Pivots and their classes: the rule by examples, and the table of a lake made by hand."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.judge.pivots import CLASSES, classify, judge_pivots, share_of
from pivotmine.lake.query import connect
from tests.handmade import Row, cli, link, make_lake, settings, word

THE, CAT, ING, CHAT, MAO, DOT = range(6)

VOCABULARY = [
    word(THE, "▁the", "en"),
    word(CAT, "▁cat", "en"),
    word(ING, "ing", "en"),
    word(CHAT, "▁chat", "fr"),
    word(MAO, "猫", "zh"),
    word(DOT, "。", "zh"),
]


def count(a: int, b: int, lang_b: str, n_ab: int) -> Row:
    table = {"n_ab": n_ab, "n_a": 40, "n_b": 20, "n_contexts": 100, "fold_counts": [n_ab]}
    return {"a": a, "b": b, "lang_a": "en", "lang_b": lang_b, **table}


def pivot(method: str, rank: int, token: int, lang: str, **more: Any) -> Row:
    row = {"method": method, "rank": rank, "token_id": token, "lang": lang, "score": 1.5}
    piece = VOCABULARY[token]["token"]
    return {**row, "token": piece, "degree": 2, "languages": ["fr", "zh"], **more}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory):
    return make_lake(
        tmp_path_factory.mktemp("pivots") / "lake",
        vocabulary=VOCABULARY,
        counts=[count(THE, CHAT, "fr", 18), count(THE, MAO, "zh", 9), count(THE, DOT, "zh", 19)],
        links=[
            link(CAT, "en", CHAT, "fr", 0.9),
            link(CAT, "en", DOT, "zh", 0.9, g2=900.0, prevails=False),
            link(CAT, "en", MAO, "zh", 0.9),
        ],
        pivots=[
            pivot("he2025", 1, THE, "en", degree=9),
            pivot("he2025", 2, ING, "en"),
            pivot("links", 1, CAT, "en"),
            pivot("links", 2, THE, "en"),
            pivot("links", 3, ING, "en"),
        ],
    )


@pytest.mark.parametrize(
    ("kind", "tokens"),
    {
        "content": "▁cat/en ▁Cat/en ▁chat/fr 猫/zh 文件/zh ファイル/ja ▁2nd/en",
        "function": "▁the/en ▁The/en ▁le/fr 的/zh は/ja 彼は/ja ではない/ja",
        "fragment": "ing/en cat/en tion/fr 't/en",
        "boilerplate": "▁2026/en 。/zh ▁—/en ▁/en <0xE5>/zh ▁https/en ▁WWW/fr 2/ja",
    }.items(),
)
def test_a_token_belongs_to_the_first_class_that_fits(kind: str, tokens: str):
    for named in tokens.split():
        token, _, lang = named.rpartition("/")
        assert classify(token, lang) == kind, named


def test_a_piece_that_goes_on_in_most_places_is_a_fragment():
    assert classify("▁Migr", "en", 0.4) == "fragment"
    assert classify("▁Migr", "en", 0.5) == "content"
    assert classify("猫", "zh", 0.0) == "content"


@given(st.text(min_size=1, max_size=6), st.sampled_from(["en", "zh", "xx"]))
def test_every_token_has_a_class(token: str, lang: str):
    assert classify(token, lang) in CLASSES


def test_pivots_come_with_their_strongest_partner_in_each_language(lake):
    partners = {(p.method, p.token): p.partners for p in judge_pivots(connect(lake))}
    # By links: the full stop is stronger, but does not prevail. By he2025, whose edges run from the
    # partner: 18/20 and 19/20 of them hold `the`.
    assert partners["links", "▁cat"] == ("▁chat", "猫")
    assert partners["he2025", "▁the"] == ("▁chat", "。")


def test_the_share_counts_all_pivots_but_content_words(lake):
    he2025, links = share_of(judge_pivots(connect(lake)))
    assert (he2025.share.mean, links.share.mean) == (1.0, pytest.approx(2 / 3))
    assert links.counts == {"content": 1, "function": 1, "fragment": 1, "boilerplate": 0}
    (_, best) = share_of(judge_pivots(connect(lake), top=1))
    assert best.share.mean == 0.0


def test_the_command_prints_every_pivot_and_the_shares(lake):
    status, out, err = cli("evaluate", "pivots", *settings(lake))
    assert (status, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert ["1", "▁cat", "en", "content", "1.50", "2", "fr", "zh", "▁chat", "猫"] in lines
    assert ["links", "1", "1", "1", "0", "67%", "(21%-94%)"] in lines
    rows = list(
        csv.DictReader(io.StringIO(cli("evaluate", "pivots", *settings(lake), "-f", "csv").out))
    )
    assert [row["kind"] for row in rows] == [
        "function",
        "fragment",
        "content",
        "function",
        "fragment",
    ]
