"""Two-hop answers judged, on a lake where French and Japanese never meet."""

from __future__ import annotations

import csv
import io

import numpy as np
import pyarrow as pa
import pytest

from pivotmine.errors import LakeError
from pivotmine.judge.bridges import BridgeFigure, _rewire, evaluate_bridges
from pivotmine.judge.truth import Truth
from pivotmine.lake.query import connect
from tests.handmade import cli, link, make_lake, settings, word

CAT, DOG, SUN, CHAT, CHIEN, SOLEIL, LUNE, NEKO, INU, HI, FRAGMENT = range(11)

VOCABULARY = [
    *(word(n, f"▁{w}", "en") for n, w in ((CAT, "cat"), (DOG, "dog"), (SUN, "sun"))),
    *(word(n, f"▁{w}", "fr") for n, w in ((CHAT, "chat"), (CHIEN, "chien"), (SOLEIL, "soleil"))),
    word(LUNE, "▁lune", "fr"),
    word(NEKO, "猫", "ja", n=99),
    word(INU, "犬", "ja"),
    word(HI, "日", "ja"),
    word(FRAGMENT, "<0xE5>", "ja"),
]

LINKS = [
    link(CAT, "en", CHAT, "fr", 0.9),
    link(CAT, "en", NEKO, "ja", 0.9, n_ab=15),
    link(CAT, "en", FRAGMENT, "ja", 0.9, n_ab=5),
    # chien reaches the cat before the dog
    link(DOG, "en", CHIEN, "fr", 0.9),
    link(DOG, "en", INU, "ja", 0.9, n_ab=6),
    link(DOG, "en", NEKO, "ja", 0.9, n_ab=12),
    # the sun is not linked with Japanese
    link(SUN, "en", SOLEIL, "fr", 0.9),
]

PAIRS = [
    ("en", "cat", "fr", "chat"),
    ("en", "dog", "fr", "chien"),
    ("en", "sun", "fr", "soleil"),
    ("en", "cat", "ja", "猫"),
    ("en", "dog", "ja", "犬"),
    ("en", "sun", "ja", "日"),
    ("fr", "chat", "ja", "猫"),
    ("fr", "chien", "ja", "犬"),
    ("fr", "soleil", "ja", "日"),
    ("fr", "lune", "ja", "月"),
]
TRUTH = Truth(dict.fromkeys(PAIRS, -1), False)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("evaluate-bridges") / "lake"
    return make_lake(folder, vocabulary=VOCABULARY, links=LINKS)


@pytest.fixture(scope="module")
def figures(lake) -> dict[tuple[str, str, str], BridgeFigure]:
    found = evaluate_bridges(connect(lake), TRUTH)
    return {(f.lang_a, f.lang_c, f.method): f for f in found}


def test_only_languages_that_no_link_joins_are_judged_in_both_directions(figures):
    assert {way[:2] for way in figures} == {("all", "all"), ("fr", "ja"), ("ja", "fr")}


def test_a_word_is_asked_if_a_path_leads_to_a_translation(figures):
    # soleil has no link onward, lune none at all.
    assert (figures["fr", "ja", "links"].n_words, figures["fr", "ja", "links"].n_pairs) == (2, 2)


def test_answers_are_judged_at_the_first_and_the_first_five_words(figures):
    there, back = figures["fr", "ja", "links"], figures["ja", "fr", "links"]
    assert (there.first.mean, there.among_5.mean) == (0.5, 1.0), "chien reaches the cat first"
    assert (back.first.mean, back.among_5.mean) == (1.0, 1.0)
    assert figures["all", "all", "links"].first.mean == 0.75


def test_a_bridge_is_right_if_it_translates_both_words(figures):
    assert figures["all", "all", "links"].bridge_first.mean == 1.0


def test_the_baseline_answers_with_the_most_frequent_word(figures):
    assert figures["fr", "ja", "frequent"].first.mean == 0.5, "the cat"


def test_rewired_links_do_worse_than_the_links(figures):
    assert figures["all", "all", "rewired"].first.mean < figures["all", "all", "links"].first.mean
    assert figures["all", "all", "rewired"].n_words == figures["all", "all", "links"].n_words


def test_rewiring_keeps_every_degree_and_every_strength():
    links = pa.table(
        {
            "word_lang": ["en"] * 4 + ["zh"] * 3,
            "word": [1, 1, 2, 3, 1, 1, 2],
            "other": [7, 8, 7, 9, 4, 5, 5],
            "strength": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7],
        }
    )
    wired = _rewire(links, np.random.default_rng(0))
    assert wired.drop(["other"]).equals(links.drop(["other"]))
    for part in (slice(0, 4), slice(4, 7)):
        ends = [table["other"].to_pylist()[part] for table in (wired, links)]
        assert sorted(ends[0]) == sorted(ends[1])
    assert wired["other"].to_pylist() != links["other"].to_pylist()


def test_languages_that_meet_are_judged_by_paths_alone_when_named(lake):
    # No third language lies between English and Japanese, so their own links do not help.
    with pytest.raises(LakeError, match="no translation between en-ja"):
        evaluate_bridges(connect(lake), TRUTH, [("ja", "en")])


def test_languages_without_a_path_between_them_cannot_be_judged(lake):
    truth = Truth(dict.fromkeys(PAIRS[:1] + PAIRS[-1:], -1), False)
    with pytest.raises(LakeError, match="--apart"):
        evaluate_bridges(connect(lake), truth)


def test_the_command_prints_every_direction(lake, tmp_path):
    lexicon = tmp_path / "words.tsv"
    lines = ["lang_a\tword_a\tlang_b\tword_b", *("\t".join(pair) for pair in PAIRS)]
    lexicon.write_text("\n".join(lines) + "\n", encoding="utf-8")
    status, out, err = cli("evaluate", "bridges", str(lexicon), *settings(lake))
    assert (status, err) == (0, "")
    assert "fr to ja: 2 words queried, 2 pairs with a bridge" in out
    asked = ("evaluate", "bridges", str(lexicon), *settings(lake), "-f", "csv")
    rows = list(csv.DictReader(io.StringIO(cli(*asked, "--apart", "fr-ja").out)))
    assert [row["first"] for row in rows if row["method"] == "links"] == ["0.75", "0.5", "1.0"]


def test_a_malformed_language_pair_is_refused(lake, tmp_path):
    lexicon = tmp_path / "words.tsv"
    lexicon.write_text("lang_a\tword_a\tlang_b\tword_b\nen\tcat\tfr\tchat\n", encoding="utf-8")
    out = cli("evaluate", "bridges", str(lexicon), *settings(lake), "--apart", "fr")
    assert out.status == 2
    assert "write two languages, e.g. fr-ja" in out.err
