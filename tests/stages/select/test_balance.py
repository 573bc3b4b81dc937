"""Select: quotas of pairs, directions and types, arms made from others, epochs and placement."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pivotmine.errors import ConfigError
from pivotmine.recipe.reading import load_recipe
from pivotmine.stages.select import stage as select
from tests.conftest import TableInputs
from tests.stages.stage_rows import Row, link_row, tokens_row

BUDGET = 600
PAIRS = (("en", "fr"), ("fr", "en"), ("en", "ja"))
"""Pairs of the documents' blocks, in the order of their lines."""


def make_tables() -> dict[str, list[Row]]:
    """Ninety documents of 10 to 14 tokens, a third of each of `PAIRS`, a fifth boilerplate."""
    tokens, scores = [], []
    for i in range(90):
        one, other = PAIRS[i % 3]
        doc_id, longer = f"doc{i:02}", 6 + i % 5
        tokens.append(tokens_row(doc_id, (one, [1] * longer), (other, [2] * 4), lang=one))
        sides = [{"lang": lang, "bits": 1.0, "covered": 1.0} for lang in (one, other)]
        block = {"start": 0, "end": longer + 4, "order": 1.0, "sides": sides}
        scores += [
            {"doc_id": doc_id, "method": "translation", "score": i / 90, "block": block}
            | {"type": "parallel" if i % 5 else "boilerplate", "links": [i % 7, 7 + i % 11]}
            | {"template": 3 if one == "fr" else None},
        ]
    return {
        "tokens": tokens,
        "scores": scores,
        "documents": [
            {"doc_id": row["doc_id"], "uri": f"file:{row['doc_id']}", "source": "s"}
            for row in tokens
        ],
        "links": [link_row(i, 50 + i, ("en", "fr"), g2=99.0 - i) for i in range(18)],
    }


TABLES = make_tables()
LENGTH = {row["doc_id"]: row["n_tokens"] for row in TABLES["tokens"]}
NUMBER = {doc_id: i for i, doc_id in enumerate(sorted(LENGTH))}


@pytest.fixture(scope="module")
def run(spark, tmp_path_factory: pytest.TempPathFactory):
    """Arms by name, each in the order of its positions, and the notes of the run."""

    def run(*settings: str) -> tuple[dict[str, list[dict[str, Any]]], list[str]]:
        inputs = TableInputs(spark, TABLES, tmp_path_factory.mktemp("balance"))
        recipe = ["languages=[en, fr, ja]", f"select.budget_tokens={BUDGET}", *settings]
        rows = select.run(inputs, load_recipe(None, recipe))["selection"].toArrow()
        arms: dict[str, list[dict[str, Any]]] = {}
        for row in rows.sort_by("position").to_pylist():
            arms.setdefault(row["arm"], []).append(row)
        return arms, inputs.notes

    return run


def test_pairs_directions_and_types_get_their_shares(run):
    arms, _ = run(
        "select.arms=[{name: best, method: translation}, {name: cover, method: distinct_links}]",
        "select.pair_shares={en>fr: 0.4, fr>en: 0.1, ja-en: 0.5}",
        "select.type_shares={boilerplate: 0.05}",
        "select.language_tokens=segments",
    )
    wanted = {0: 0.4, 1: 0.1, 2: 0.5}
    for rows in arms.values():
        used, boilerplate = Counter(), 0
        for row in rows:
            used[NUMBER[row["doc_id"]] % 3] += row["n_tokens"]
            boilerplate += row["n_tokens"] * (NUMBER[row["doc_id"]] % 5 == 0)
        for third, share in wanted.items():
            assert share * BUDGET - 14 < used[third] <= share * BUDGET
        assert boilerplate <= 0.05 * BUDGET


def test_arms_made_from_others_and_the_order_of_an_arm(run, tmp_path: Path):
    """One run for an oracle, an arm of its tokens, its control, and a late placement."""
    listed = [f"doc{i:02}" for i in range(0, 90, 3)]
    truth = tmp_path / "truth.parquet"
    kinds = ["parallel" if i % 2 else "other" for i in range(len(listed))]
    pq.write_table(pa.table({"doc_id": listed, "kind": kinds}), truth)
    arms, notes = run(
        "select.language_shares={en: 0.5, fr: 0.5}",
        f"select.arms=[{{name: known, method: oracle, truth: '{truth}', "
        "truth_where: \"kind = 'parallel'\"}, "
        "{name: broken, method: links_broken, reference: known}, "
        "{name: as_much, method: random, tokens_of: known}, "
        "{name: late, method: random, placement: late}]",
        "select.placement={share: 0.3, window: 0.5}",
        "select.max_template_share=0.9",
    )
    parallel = {doc_id for doc_id, kind in zip(listed, kinds, strict=True) if kind == "parallel"}
    known = {row["doc_id"] for row in arms["known"]}
    assert known == parallel, "they fit the budget of en"
    assert {row["doc_id"] for row in arms["broken"]} == known
    assert {row["lang"] for row in arms["as_much"]} == {"en"}
    tokens = sum(LENGTH[doc_id] for doc_id in known)
    assert tokens - 14 < sum(row["n_tokens"] for row in arms["as_much"]) <= tokens
    (note,) = [note for note in notes if note.startswith("arm ")]
    assert "arm known holds" in note and "fr 0 of 300 tokens" in note

    (note,) = [note for note in notes if "max_template_share" in note]
    assert note.startswith("fr: ") and "fill at most 270 of its 300 tokens" in note

    late = arms["late"]
    for lang in ("en", "fr"):
        here = [row for row in late if row["lang"] == lang]
        placed = {row["doc_id"] for row in here if row["stream"] == "late"}
        best_first = sorted(here, key=lambda row: -NUMBER[row["doc_id"]])
        assert placed == {row["doc_id"] for row in best_first[: len(placed)]}
        used = sum(LENGTH[doc_id] for doc_id in placed)
        assert 0.3 * BUDGET / 2 - 2 * 14 < used <= 0.3 * BUDGET / 2
    streams = [row["stream"] for row in late]
    window = streams[streams.index("late") :]
    assert 0.4 < len(window) / len(streams) < 0.8, "half of the others, and those placed"
    assert window.count("uniform") > 5, "replay"


def test_documents_are_repeated_in_whole_epochs_up_to_the_limit(run):
    arms, _ = run(
        "select.language_shares={en: 0.75, fr: 0.25}",
        "select.budget_tokens=2600",
        "select.max_epochs=3",
        "select.arms=[{name: only, method: random}]",
    )
    held = {
        lang: sum(row["n_tokens"] for row in TABLES["tokens"] if row["lang"] == lang)
        for lang in ("en", "fr")
    }
    times = {lang: Counter() for lang in held}
    for row in arms["only"]:
        times[row["lang"]][row["doc_id"]] += 1
    for lang, budget in (("en", 1950), ("fr", 650)):
        whole, rest = divmod(budget, held[lang])
        assert set(times[lang].values()) == {whole, whole + 1}
        used = sum(LENGTH[doc_id] * n for doc_id, n in times[lang].items())
        assert budget - 14 < used <= budget
        assert rest
    rows = arms["only"]
    assert len({(row["doc_id"], row["epoch"]) for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["select.pair_shares={en-fr: 0.7, en-ja: 0.4}"], "sum to 1 or less, these sum to 1.1"),
        (["select.pair_shares={en-fr: 0.1, fr>en: 0.1}"], "the same documents"),
        (["select.pair_shares={en>de: 0.1}"], r"pair_shares names \['en>de'\]"),
        (
            ["select.pair_shares={fr-ja: 1}", "select.language_shares={en: 0.2, fr: 0.8}"],
            "gives en 0.2 of the budget, but the pairs that it is part of have 0 in pair_shares",
        ),
        (
            [
                "languages=[en, fr, ja, de]",
                "select.pair_shares={en-fr: 0.5}",
                "select.language_shares={en: .1, fr: .1, ja: .4, de: .4}",
            ],
            "gives en-fr 0.5 of the budget, but its languages have 0.2 together",
        ),
        (["select.arms=[{name: a, method: oracle}]"], "`truth` belongs to method oracle"),
        (
            ["select.arms=[{name: a, method: random, tokens_of: b}, "
             "{name: b, method: random, tokens_of: a}]"],
            "arm a refers to b, which must be an arm that does not depend on it",
        ),
        (
            ["select.max_epochs=2", "select.type_shares={boilerplate: 0}"],
            "allows no pair_shares and no type_shares",
        ),
    ],
)  # fmt: skip
def test_settings_that_contradict_each_other_are_refused_with_their_numbers(settings, message):
    with pytest.raises(ConfigError, match=message):
        load_recipe(None, ["languages=[en, fr, ja]", *settings])


def test_a_pair_without_documents_is_refused_and_the_others_are_listed(run):
    with pytest.raises(ConfigError, match=r"fr-ja 300 tokens, .* en-fr \(\d+ tokens\)"):
        run("select.pair_shares={fr-ja: 0.5, en-fr: 0.5}")


def test_the_truth_of_another_corpus_is_refused(run):
    with pytest.raises(ConfigError, match="is it the truth of another corpus"):
        run("select.arms=[{name: a, method: oracle, truth: [elsewhere]}]")
