"""Why a document: everything that the lake knows about one, by the beginning of its id."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from pivotmine.ask.explain import explain
from pivotmine.errors import LakeError
from pivotmine.lake.query import connect
from tests.handmade import cli, link, make_lake, settings, word
from tests.stages.stage_rows import tokens_row

CAT, CHAT, DOG, CHIEN, BYTES = range(5)
DOC, OTHER = "3f9a00", "3f9b00"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory):
    page = tokens_row(DOC, ("en", [DOG, BYTES]), ("en", [CAT]), ("fr", [CHAT, CHAT]))
    links = [
        link(CAT, "en", CHAT, "fr", 0.9, g2=10.0, token_a="▁cat", token_b="▁chat"),
        link(DOG, "en", CHIEN, "fr", 0.5, g2=90.0, token_a="▁dog", token_b="▁chien"),
        link(CAT, "en", CHIEN, "fr", 0.1, g2=99.0, prevails=False),
    ]
    sides = [{"lang": "en", "bits": 9.0, "covered": 0.5}]
    block = {"start": 2, "end": 5, "order": 1.0, "sides": sides}
    scored = {"method": "translation", "type": "parallel"}
    return make_lake(
        tmp_path_factory.mktemp("explain"),
        tokens=[page, tokens_row(OTHER, ("en", [CAT]))],
        documents=[{"doc_id": DOC, "source": "web", "uri": "a.jsonl"},
                   {"doc_id": OTHER, "source": "web", "uri": "a.jsonl"}],
        vocabulary=[word(CAT, "▁cat", "en"), word(CHAT, "▁chat", "fr"), word(DOG, "▁dog", "en"),
                    word(CHIEN, "▁chien", "fr"), word(BYTES, "<0xC3><0xA9>")],
        links=links,
        scores=[{**scored, "doc_id": DOC, "score": 0.75, "block": block, "links": [0, 1]},
                {**scored, "doc_id": OTHER, "score": 0.0, "links": [0]},
                {"method": "entropy", "doc_id": DOC, "score": 0.9,
                 "evidence": {"en": 3.0, "fr": 2.0}}],
        selection=[{"arm": "mine", "doc_id": DOC, "position": 4, "reason": "2 new links",
                    "lang": "en", "n_tokens": 5},
                   {"arm": "<other>", "doc_id": OTHER, "position": 0, "lang": "en",
                    "n_tokens": 1}],
    )  # fmt: skip


def test_the_best_block_is_shown_as_text_and_links_by_their_words(lake):
    found = explain(connect(lake), "3f9a")
    assert (found.doc_id, found.type, found.uri) == (DOC, "parallel", "a.jsonl")
    assert found.block == [("en", "cat"), ("fr", "chat chat")]
    figures = {method: figures for method, _, figures in found.scores}["translation"]
    assert figures == {"order": 1.0, "en bits": 9.0, "en covered": 0.5}
    # dog-chien is number 0, and the other document holds it too.
    assert [(row.token_a, row.token_b, row.n_docs) for row in found.links] == [
        ("▁cat", "▁chat", 1),
        ("▁dog", "▁chien", 2),
    ]
    assert found.places == [("mine", 4, "2 new links")]


def test_a_document_without_a_block_has_no_text_to_show(lake):
    assert explain(connect(lake), OTHER).block == []


@pytest.mark.parametrize(
    ("doc_id", "message"), [("3f9", "several documents begin"), ("00", "no document has an id")]
)
def test_an_id_must_name_one_document(lake, doc_id, message):
    with pytest.raises(LakeError, match=message):
        explain(connect(lake), doc_id)


def test_the_command_shows_it(lake):
    outcome = cli("explain", DOC, *settings(lake))
    assert outcome.status == 0
    assert f"{DOC}: parallel" in outcome.out
    assert "in arm mine at 4: 2 new links" in outcome.out
    assert "chat chat" in outcome.out


def test_the_arms_are_shown_by_what_they_hold(lake, tmp_path):
    outcome = cli("arms", *settings(lake), "--html", str(tmp_path / "arms.html"))
    assert outcome.status == 0, outcome.err
    assert "parallel 100%" in outcome.out
    page = (tmp_path / "arms.html").read_text(encoding="utf-8")
    assert "&lt;other&gt;" in page and "<other>" not in page
    assert not re.search(r"""(?:src|href)=["'](?!#)""", page)
    # Two links, met 10 times each: the arm `mine` realises both, the other one of them.
    said = [
        mark.attrib.get("aria-label")
        for picture in re.findall(r"<svg.*?</svg>", page, re.DOTALL)
        for mark in ElementTree.fromstring(picture).iter()
    ]
    assert {"<other>, 5-19: 50%", "mine, 5-19: 100%"} <= set(said)
    assert [one for one in said if one and re.search(r", fr: \d+ \(40\.0%\)", one)]
    assert "mine realises 100% of the links that meet in 5-19 contexts, &lt;other&gt; 50%." in page
