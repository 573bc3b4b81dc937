"""Links judged on a lake made by hand, whose figures are small enough to check by eye."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from pivotmine.errors import LakeError
from pivotmine.judge.links import evaluate_links
from pivotmine.judge.measures import MEASURES
from pivotmine.judge.truth import read_truth
from pivotmine.lake.lake import Lake
from pivotmine.lake.query import connect
from pivotmine.show.evaluation_page import plot_evaluation
from pivotmine.text.token_notation import whole_word
from tests.handmade import Row, cli, link, make_lake, settings, word

CAT, DOG, SUN, ING, PARIS = range(5)
CHAT, CHIEN, SOLEIL, NT, CHATS = range(10, 15)
N_CONTEXTS = 1000

VOCABULARY = [
    word(CAT, "▁Cat", "en"),
    word(DOG, "▁dog", "en"),
    word(SUN, "▁sun", "en"),
    word(ING, "ing", "en"),
    word(PARIS, "▁Paris", "en", "fr"),
    word(CHAT, "▁chat", "fr"),
    word(CHIEN, "▁chien", "fr"),
    word(SOLEIL, "▁soleil", "fr"),
    word(NT, "chat", "fr"),
    word(CHATS, "▁chats", "fr"),
]
FREQUENCY = {CAT: 30, DOG: 40, SUN: 300, ING: 50, PARIS: 20}
FREQUENCY |= {CHAT: 30, CHIEN: 40, SOLEIL: 300, NT: 60, CHATS: 12}
N_AB = {
    (CAT, CHAT): 20,
    (CAT, CHIEN): 12,
    (CAT, SOLEIL): 25,
    (DOG, CHIEN): 10,
    (DOG, CHAT): 11,
    (SUN, SOLEIL): 200,
    (SUN, NT): 20,
    (ING, CHAT): 25,
    (PARIS, PARIS): 15,
    (SUN, CHATS): 8,
}
LINKS = {(CAT, CHAT): 20, (CAT, CHIEN): 2, (SUN, SOLEIL): 190, (ING, CHAT): 5, (PARIS, PARIS): 15}
"""With the contexts that each has won."""

TRUTH = [
    ("en", "cat", "fr", "chat"),
    ("en", "dog", "fr", "chien"),
    ("en", "sun", "fr", "soleil"),
    ("en", "paris", "fr", "paris"),
    ("en", "hot dog", "fr", "hot-dog"),
]


def count(a: int, b: int, n_ab: int) -> Row:
    tokens = {"a": a, "b": b, "lang_a": "en", "lang_b": "fr", "fold_counts": [n_ab]}
    n = {"n_ab": n_ab, "n_a": FREQUENCY[a], "n_b": FREQUENCY[b], "n_contexts": N_CONTEXTS}
    return {**tokens, **n}


def margin(token: int, lang: str, other: str) -> Row:
    where = {"token_id": token, "lang": lang, "other_lang": other}
    return {**where, "n": FREQUENCY[token], "n_contexts": N_CONTEXTS}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return make_lake(
        tmp_path_factory.mktemp("evaluate") / "lake",
        vocabulary=VOCABULARY,
        counts=[count(*pair, n_ab) for pair, n_ab in N_AB.items()],
        margins=[
            *(margin(token, "en", "fr") for token in (CAT, DOG, SUN, ING, PARIS)),
            *(margin(token, "fr", "en") for token in (PARIS, CHAT, CHIEN, SOLEIL, NT, CHATS)),
        ],
        links=[
            link(
                *(a, "en", b, "fr", 0.5),
                is_copy=a == b,
                n_won=n_won,
                prevails=n_won >= 10,
                q_value=0.001 if n_won > 100 else 0.01,
            )
            for (a, b), n_won in LINKS.items()
        ],
    )


@pytest.fixture(scope="module")
def lexicon(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("evaluate") / "words.tsv"
    lines = ["lang_a\tword_a\tlang_b\tword_b", *("\t".join(row) for row in TRUTH)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def found(lake: Lake, lexicon: str):
    return evaluate_links(connect(lake), read_truth([lexicon]), min_count=5)


@pytest.fixture(scope="module")
def figures(found) -> dict[tuple[str, ...], Any]:
    return {(f.lang_a, f.kind, f.stratum, f.method): f for f in found.figures}


def test_a_token_is_a_word_only_if_it_is_the_whole_word():
    assert whole_word("▁Cat", "en") == "cat"
    assert whole_word("cat", "en") == "", "the cat of education"
    assert whole_word("猫", "zh") == whole_word("▁猫", "zh") == "猫"
    assert whole_word("<0xE5>", "zh") == ""
    assert whole_word("▁hot▁dog", "en") == ""
    assert whole_word("▁", "en") == ""


def test_a_link_is_judged_if_the_truth_has_both_words(found, figures):
    links = figures["en", "words", "all", "links"]
    # cat-chat and sun-soleil translate, cat-chien does not; ing is no word, paris a copy.
    assert (links.n_pairs, links.precision.mean) == (3, pytest.approx(2 / 3))
    copies = figures["en", "copies", "all", "links"]
    assert (copies.n_pairs, copies.precision.mean) == (1, 1.0)
    assert (found.n_links, found.n_judged_links) == (5, 4)


def test_each_measure_is_judged_on_as_many_pairs_as_there_are_links(figures):
    # By count: sun-soleil, cat-soleil, cat-chat; ing-chat is not judged.
    by_count = figures["en", "words", "all", "count"]
    assert (by_count.n_pairs, by_count.precision.mean) == (3, pytest.approx(2 / 3))
    # By PMI: cat-chat (4.5), cat-chien (3.3), dog-chat (3.2).
    by_pmi = figures["en", "words", "all", "pmi"]
    assert (by_pmi.n_pairs, by_pmi.precision.mean) == (3, pytest.approx(1 / 3))


def test_measures_can_be_judged_on_as_many_pairs_as_prevail(lake, lexicon):
    asked = ("evaluate", "links", lexicon, *settings(lake), "-f", "json")
    rows = map(json.loads, cli(*asked, "--as-many-as", "prevails").out.splitlines())
    judged = {
        row["method"]: row["n_pairs"]
        for row in rows
        if (row["kind"], row["stratum"]) == ("words", "all")
    }
    assert (judged["count"], judged["g2"], judged["prevails"], judged["links"]) == (2, 2, 2, 3)


def test_recall_is_over_translations_that_meet_often_enough(lake, lexicon, figures):
    links = figures["en", "words", "all", "links"]
    assert (links.n_targets, links.recall.mean) == (3, pytest.approx(2 / 3))
    strict = evaluate_links(connect(lake), read_truth([lexicon]), min_count=5, min_docs=100)
    targets = {f.n_targets for f in strict.figures if (f.kind, f.stratum) == ("words", "all")}
    assert targets == {1}, "only sun and soleil meet in a hundred contexts"


def test_retrieval_asks_every_word_that_has_a_translation_on_both_sides(figures):
    by_count = figures["en", "words", "all", "count"]
    # cat: soleil first; dog: chat first; sun: soleil; chat: ing, a fragment, first; chien: cat;
    # soleil: sun. Right are sun and soleil.
    assert (by_count.n_queries, by_count.p_at_1.mean) == (6, pytest.approx(2 / 6))
    assert by_count.p_at_5.mean == 1.0


def test_retrieval_of_links_looks_at_linked_partners_only(figures):
    links = figures["en", "words", "all", "links"]
    # dog has no link, chien one to cat; chat has ing (by g2) and cat.
    assert links.n_queries == 6
    assert links.p_at_5.mean == pytest.approx(4 / 6)


def test_strata_are_by_the_rarer_word(figures):
    rare = figures["en", "words", "20-99", "links"]
    often = figures["en", "words", "100-999", "links"]
    assert (rare.n_pairs, rare.precision.mean) == (2, 0.5)
    assert (often.n_pairs, often.precision.mean) == (1, 1.0)
    assert rare.n_pairs + often.n_pairs == figures["en", "words", "all", "links"].n_pairs


def test_nominal_rates_select_links_by_their_q_value(figures):
    by_rate = {
        rate: figures["en", "words", "all", f"q <= {rate}"].n_pairs for rate in ("0.001", "0.01")
    }
    assert by_rate == {"0.001": 1, "0.01": 3}
    assert ("en", "words", "all", "q <= 0.05") not in figures, "no link has so large a q-value"


def test_prevailing_links_are_judged_by_themselves_and_ranked_by_the_contexts_won(figures):
    prevailing = figures["en", "words", "all", "prevails"]
    assert (prevailing.n_pairs, prevailing.precision.mean) == (2, 1.0)
    assert prevailing.recall.mean == figures["en", "words", "all", "links"].recall.mean
    # By G2 ing is the first partner of chat, but cat has won more of their contexts.
    links = figures["en", "words", "all", "links"]
    assert prevailing.p_at_1.mean == pytest.approx(links.p_at_1.mean + 1 / 6)


def test_with_one_language_pair_its_figures_equal_those_of_all(figures):
    for (lang, *rest), figure in figures.items():
        if lang == "en":
            together = figures[("all", *rest)]
            assert {**together.row(), "lang_a": "en", "lang_b": "fr"} == figure.row()


def test_the_curve_begins_and_ends_with_a_share(found):
    by_measure = {name for name, _, _ in found.curve}
    assert by_measure == set(MEASURES)
    assert all(0 <= share <= 1 and taken <= 4 for _, taken, share in found.curve)


def test_only_planted_pairs_of_a_planted_truth_are_asked(lake, tmp_path: Path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    n_docs = [20, 3, 0, 0, 0]
    names = ("lang_a", "word_a", "lang_b", "word_b")
    rows = [
        {**dict(zip(names, row, strict=True)), "n_docs": n}
        for row, n in zip(TRUTH, n_docs, strict=True)
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "lexicon.parquet")
    truth = read_truth([str(tmp_path / "lexicon.parquet")])
    planted = evaluate_links(connect(lake), truth, min_count=5)
    (links,) = (
        f
        for f in planted.figures
        if (f.lang_a, f.kind, f.stratum, f.method) == ("en", "words", "all", "links")
    )
    assert (links.n_targets, links.recall.mean) == (1, 1.0)
    assert links.n_queries == 2
    assert links.precision.mean == pytest.approx(2 / 3), "sun and soleil are no mistake"


def test_the_table_shows_every_measure(lake, lexicon):
    status, out, err = cli("evaluate", "links", lexicon, *settings(lake))
    assert (status, err) == (0, "")
    assert "words, all language pairs" in out
    assert "4 of 5 links join two words that the truth knows" in out
    assert "4 of 5 known translations have both words as single tokens" in out
    apart = cli("evaluate", "links", lexicon, *settings(lake), "--strata").out
    assert "words, en-fr, in 20-99 mixed contexts" in apart


def test_json_and_csv_hold_every_figure(lake, lexicon, found):
    asked = ("evaluate", "links", lexicon, *settings(lake))
    lines = [json.loads(line) for line in cli(*asked, "-f", "json").out.splitlines()]
    assert lines == [figure.row() for figure in found.figures]
    rows = list(csv.DictReader(io.StringIO(cli(*asked, "-f", "csv").out)))
    assert len(rows) == len(lines)
    assert list(rows[0]) == list(lines[0])


@pytest.mark.parametrize("suffix", [".svg", ".html"])
def test_a_plot_is_the_same_each_time(found, tmp_path: Path, suffix: str):
    pictures = []
    for name in ("one", "other"):
        path = (tmp_path / name).with_suffix(suffix)
        plot_evaluation(found, path)
        pictures.append(path.read_text(encoding="utf-8"))
    assert pictures[0] == pictures[1]
    for said in ("of the judged links are translations.", "npmi, P@1: ", "do not translate"):
        assert said in pictures[0]


def test_a_plot_of_another_kind_is_refused_before_anything_is_judged(lexicon):
    outcome = cli("evaluate", "links", lexicon, "--plot", "links.txt")
    assert outcome.status == 2
    assert "name the plot .html, .svg, .png, .pdf" in outcome.err


def test_a_truth_without_a_word_of_the_corpus_is_refused(lake, tmp_path: Path):
    path = tmp_path / "words.tsv"
    path.write_text("lang_a\tword_a\tlang_b\tword_b\nen\thot dog\tfr\thot-dog\n")
    with pytest.raises(LakeError, match="no translation of the truth has both words as tokens"):
        evaluate_links(connect(lake), read_truth([str(path)]), min_count=5)


def test_a_lake_without_counts_says_how_to_get_them(lexicon, tmp_path: Path):
    bare = make_lake(tmp_path / "lake", vocabulary=VOCABULARY)
    with pytest.raises(LakeError, match=r"counts is empty.*run --until link"):
        evaluate_links(connect(bare), read_truth([lexicon]), min_count=5)


def test_judging_twice_on_one_connection_gives_the_same(lake, lexicon, found):
    connection = connect(lake)
    truth = read_truth([lexicon])
    for _ in range(2):
        assert evaluate_links(connection, truth, min_count=5) == found
