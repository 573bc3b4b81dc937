"""Figures of the whole corpus, of arms by template, and of scores, on lakes made by hand."""

from __future__ import annotations

import pytest

from pivotmine.ask.arm_growth import link_growth, template_shares
from pivotmine.ask.corpus import Mixture, describe_corpus
from pivotmine.ask.spread import arm_methods, lowest_taken, score_spreads
from pivotmine.ask.vocabulary import languages
from pivotmine.lake.query import connect
from tests.explore.lake import ARMS, N_DOCUMENTS, SCRIPT, explored_lake
from tests.handmade import make_lake


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory):
    return connect(explored_lake(tmp_path_factory.mktemp("corpus") / "lake"))


def test_the_corpus_is_counted_by_language_mixture_and_delivery(connection):
    found = describe_corpus(connection)
    sizes = {one.lang: (one.n_docs, one.n_docs_with, one.n_tokens) for one in found.languages}
    assert sizes == {"en": (0, 25, 75), "fr": (25, 25, 75)}
    assert list(found.mixtures) == [Mixture(n_langs=2, n_docs=25, n_tokens=150)]
    (delivery,) = found.deliveries
    assert (delivery.ingest_id, delivery.n_docs, delivery.n_bytes) == (SCRIPT, 25, 750)
    assert delivery.ingested_at is not None and delivery.n_rejected == 1
    assert [(one.reason, one.n) for one in found.refused] == [(SCRIPT, 1)]


def test_pairs_that_no_link_joins_are_bridged_over_a_third_language(connection):
    pairs = {(one.lang_a, one.lang_b): one for one in describe_corpus(connection).pairs}
    assert (pairs["en", "fr"].n_links, pairs["en", "fr"].n_prevail) == (6, 3)
    assert pairs["en", "fr"].over is None
    bridged = pairs["fr", "ja"]
    assert (bridged.n_links, bridged.n_bridges, bridged.over) == (0, 1, "en")


def test_languages_come_in_the_order_of_the_recipe(connection):
    assert languages(connection) == ["en", "fr", "zh", "ja"]


def test_a_score_is_placed_among_those_of_the_corpus(connection):
    spread = {one.method: one for one in score_spreads(connection)}["translation"]
    assert spread.n_docs == sum(spread.counts) == N_DOCUMENTS
    assert (spread.low, spread.high) == (0.0, 0.96)
    assert spread.share_below(-1.0) == spread.share_below(0.0) == 0.0
    assert 0.4 < spread.share_below(0.48) < 0.6
    assert spread.share_below(2.0) == 1.0


def test_the_lowest_score_that_an_arm_took_is_known_for_arms_by_score(connection):
    assert arm_methods(connection) == dict(
        zip(ARMS, ("links", "translation", "random"), strict=True)
    )
    found = {(one.arm, one.lang): (one.n_docs, one.score) for one in lowest_taken(connection)}
    assert found == {(ARMS[0], "fr"): (10, pytest.approx(0.64)), (ARMS[1], "fr"): (10, 0.0)}


def test_links_grow_with_the_documents_of_an_arm(tmp_path):
    held = {"a": ([1, 2], 10, None), "b": ([2, 3], 5, 7), "c": ([], 4, 7)}
    lake = make_lake(
        tmp_path / "lake",
        selection=[{"arm": "mine", "doc_id": name, "position": place, "n_tokens": n}
                   for place, (name, (_, n, _)) in enumerate(held.items())],
        scores=[{"doc_id": name, "method": "translation", "links": links, "template": template}
                for name, (links, _, template) in held.items()],
    )  # fmt: skip
    grown = [(one.n_tokens, one.n_links) for one in link_growth(connect(lake))]
    assert grown == [(10, 2), (15, 3), (19, 3)]
    shares = {one.template: (one.n_docs, one.n_tokens) for one in template_shares(connect(lake))}
    assert shares == {"7": (2, 9), "none": (1, 10)}
