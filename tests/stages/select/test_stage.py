"""Select: small cases computed by hand."""

from __future__ import annotations

from typing import Any

import pytest

from pivotmine.errors import ConfigError
from pivotmine.recipe.reading import load_recipe
from pivotmine.stages.select import stage as select
from tests.conftest import TableInputs
from tests.stages.stage_rows import Row, link_row

Documents = dict[str, tuple[str, int, float]]
"""Name -> language, tokens, and its score by every method."""

ENGLISH = {"a": ("en", 40, 0.9), "b": ("en", 40, 0.5), "c": ("en", 40, 0.4), "d": ("en", 10, 0.1)}
FRENCH = {"u": ("fr", 60, 0.2), "v": ("fr", 50, 0.7), "w": ("fr", 50, 0.3)}
SOURCES = {"a": "one", "b": "one", "c": "two", "d": "two"}
TEMPLATES = {"a": 7, "c": 7}
LINKS_OF = {"a": [0, 1], "b": [0, 1], "c": [2], "d": [0, 1, 2], "u": [3], "v": [3], "w": []}


@pytest.fixture(scope="module")
def take(spark, tmp_path_factory: pytest.TempPathFactory):
    """Names of the documents of each arm, under 100 tokens of English and 100 of French."""

    def take(documents: Documents, *settings: str, **spoken: dict[str, int]) -> dict[str, set[str]]:
        inputs = TableInputs(spark, tables_of(documents, spoken), tmp_path_factory.mktemp("select"))
        recipe = load_recipe(None, ["languages=[en, fr]", "select.budget_tokens=200", *settings])
        arms: dict[str, set[str]] = {}
        for row in select.run(inputs, recipe)["selection"].toArrow().to_pylist():
            arms.setdefault(row["arm"], set()).add(row["doc_id"])
        return arms

    return take


def tables_of(documents: Documents, spoken: dict[str, Any]) -> dict[str, list[Row]]:
    tokens = [
        {"doc_id": name, "lang": lang, "n_tokens": n, "lang_tokens": spoken.get(name, {lang: n})}
        for name, (lang, n, _) in documents.items()
    ]
    scores = [
        {"doc_id": name, "method": method, "score": score, "links": LINKS_OF.get(name, [])}
        | {"template": TEMPLATES.get(name)}
        for name, (_, _, score) in documents.items()
        for method in ("he2025", "entropy", "links", "translation")
    ]
    sources = [
        {"doc_id": name, "source": SOURCES.get(name, "other"), "uri": f"uri {name}"}
        for name in documents
    ]
    links = [link_row(i, 100 + i, ("en", "fr"), g2=99.0 - i) for i in range(4)]
    return {"tokens": tokens, "scores": scores, "documents": sources, "links": links}


def arm(method: str, more: str = "") -> str:
    return f"select.arms=[{{name: only, method: {method}{more}}}]"


@pytest.mark.parametrize("method", ["he2025", "entropy", "links", "translation"])
def test_the_best_documents_are_taken_until_the_budget_is_spent(take, method):
    # English: 40 + 40, and c would make 120. French: v and w make 100, u comes after them.
    found = take(ENGLISH | FRENCH, arm(method))
    assert found == {"only": {"a", "b", "v", "w"}}


def test_a_document_that_does_not_fit_ends_the_arm(take):
    # d would fit after b, but c comes before it, and only the best documents are taken.
    assert take(ENGLISH, arm("links")) == {"only": {"a", "b"}}


def test_a_document_larger_than_the_budget_is_passed_over(take):
    assert take({"long": ("en", 101, 1.0), **ENGLISH}, arm("links")) == {"only": {"a", "b"}}


def test_a_budget_below_every_document_is_said_with_what_the_shortest_one_takes(
    spark, tmp_path_factory
):
    inputs = TableInputs(spark, tables_of(ENGLISH | FRENCH, {}), tmp_path_factory.mktemp("small"))
    recipe = load_recipe(None, ["languages=[en, fr]", "select.budget_tokens=18", arm("links")])
    assert select.run(inputs, recipe)["selection"].count() == 0
    notes = "\n".join(inputs.notes)
    assert "en: its share of the budget is 9 tokens, and its shortest document takes 10" in notes
    assert "fr: its share of the budget is 9 tokens, and its shortest document takes 50" in notes
    assert "WARNING: every arm is empty: only" in notes


def test_a_language_gets_the_share_that_the_recipe_gives_it(take):
    shares = "select.language_shares={en: 0.65, fr: 0.35}"
    # English 130: all four. French 70: v, and w would make 100.
    assert take(ENGLISH | FRENCH, arm("links"), shares) == {"only": {"a", "b", "c", "d", "v"}}


def test_no_source_gets_more_than_its_share(take):
    # 50 tokens a source: a of the first (b would make 80), c and d of the second.
    found = take(ENGLISH, arm("links"), "select.max_source_share=0.5")
    assert found == {"only": {"a", "c", "d"}}


def test_no_template_gets_more_than_its_share(take):
    # 50 tokens a template: a of the one that a and c share; b and d have none.
    found = take(ENGLISH, arm("links"), "select.max_template_share=0.5")
    assert found == {"only": {"a", "b", "d"}}


def test_distinct_links_takes_the_documents_with_most_new_links_per_token(take):
    # English: d holds all three links in 10 tokens. Then a and b add to two of them, c to one; a
    # and b fill the budget. French: of two documents with link 3 the shorter one, then the other
    # would make 110, so w is drawn.
    found = take(ENGLISH | FRENCH, arm("distinct_links"))
    assert found == {"only": {"d", "a", "b", "v", "w"}}


def test_an_oracle_takes_the_documents_that_its_truth_lists(take):
    found = take(ENGLISH | FRENCH, arm("oracle", ", truth: [c, uri u]"))
    assert found == {"only": {"c", "u"}}


def test_a_length_matched_arm_holds_as_many_tokens_of_each_length(take):
    arms = "[{name: best, method: links}, {name: any, method: length_matched, reference: best}]"
    # Two of the three documents of 40 tokens, and two of the three of 50 and 60: not d.
    found = take(ENGLISH | FRENCH, f"select.arms={arms}")
    assert found["best"] == {"a", "b", "v", "w"}
    assert len(found["any"] & {"a", "b", "c"}) == 2
    assert "d" not in found["any"]


def test_a_page_without_language_gets_that_of_most_of_its_tokens(take):
    pages = {"two": ("und", 50, 0.5), "none": ("und", 50, 0.5), "other": ("de", 50, 0.5)}
    spoken = {"two": {"fr": 20, "en": 30}, "none": {"de": 50}}
    assert take(pages, arm("random"), **spoken) == {"only": {"two"}}


def test_a_share_for_a_language_without_documents_is_refused(take):
    shares = "select.language_shares={en: 0.5, fr: 0.5}"
    with pytest.raises(ConfigError, match=r"fr 100 tokens, but .* no document of fr; .* en \("):
        take(ENGLISH, arm("random"), shares)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (arm("length_matched"), "`reference` belongs to"),
        (arm("length_matched", ", reference: b"), "refers to b"),
        ("select.pair_weights={en-ko: 2}", r"\['en-ko'\]; give two of `languages`, such as en-fr"),
    ],
)
def test_contradictory_recipes_are_refused(setting, message):
    with pytest.raises(ConfigError, match=message):
        load_recipe(None, [setting])
