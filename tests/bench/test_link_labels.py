"""Samples of links stand for all of them, and labels give rates by nominal rate."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from bench.link_labels import BANDS, LABELS, app, kappa, rates, read_labels, sample_links
from bench.link_places import places
from pivotmine.errors import InputError
from pivotmine.lake.query import connect
from tests.handmade import make_lake, word

ROWS = [
    {
        **{"a": n, "b": n + 1000, "token_a": f"a{n}", "token_b": f"b{n}"},
        **{"lang_a": "en", "lang_b": "fr", "q_value": BANDS[1 + n % 4], "prevails": n % 3 == 0},
        **{"n_ab": 5, "expected": 1.0, "g2": 9.0},
        "prevails_q_value": BANDS[1 + n % 4] if n % 3 == 0 else None,
    }
    for n in range(400)
]


def test_a_sample_has_every_stratum_and_its_weights_sum_to_all_links():
    found = sample_links(ROWS, 80, 1)
    assert len(found) == 80
    assert sum(row["weight"] for row in found) == pytest.approx(len(ROWS))
    assert set(Counter(row["stratum"] for row in found).values()) == {10}
    assert sample_links(ROWS[::-1], 80, 1) == found, "the order of the rows does not matter"


def test_kappa_is_agreement_beyond_chance():
    one = np.array([0, 0, 1, 1])
    assert kappa(one, one) == 1
    assert kappa(one, np.array([0, 1, 0, 1])) == 0


def labelled(folder: Path, label) -> Path:
    """Sheets of a sample, labelled by a function of q-value and sheet."""
    rows = sample_links(ROWS, 200, 1)
    keys = [{"id": f"{n}", **row} for n, row in enumerate(rows)]
    sheets = {"key": keys}
    for number in (1, 2):
        sheets[f"sheet-{number}"] = [
            {"id": row["id"], "label": label(n, row["q_value"], number)}
            for n, row in enumerate(keys)
        ]
    for name, of in sheets.items():
        with (folder / f"{name}.tsv").open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(of[0]), delimiter="\t")
            writer.writeheader()
            writer.writerows(of)
    return folder


def test_rates_are_those_of_the_labels_by_nominal_rate(tmp_path: Path):
    def label(n: int, q: float, number: int) -> str:
        return "chance" if q == BANDS[4] else "translation"

    found = {
        row["nominal"]: row
        for row in rates(read_labels(labelled(tmp_path, label)))
        if (row["pair"], row["kind"]) == ("all", "links")
    }
    assert found[BANDS[3]]["chance"].mean == 0
    assert found[BANDS[4]]["chance"].mean == pytest.approx(0.25)
    assert found[BANDS[4]]["n"] == 200


def test_both_passes_count_and_judging_writes_a_table_and_a_plot(tmp_path: Path):
    folder = labelled(tmp_path, lambda n, q, number: "Chance " if number == 1 else "related")
    done = CliRunner().invoke(app, ["judge", str(folder)])
    assert done.exit_code == 0, done.output
    assert "50.0%" in done.output
    assert (folder / "rates.json").exists()
    assert (folder / "rates.svg").read_text().startswith("<svg")


def test_a_single_sheet_gives_rates_without_agreement(tmp_path: Path):
    folder = labelled(tmp_path, lambda n, q, number: "chance")
    (folder / "sheet-2.tsv").unlink()
    assert read_labels(folder).labels.shape == (200, 1)
    done = CliRunner().invoke(app, ["judge", str(folder)])
    assert "1 passes" in done.output and "100.0%" in done.output
    assert "kappa" not in done.output


def test_a_missing_label_is_named(tmp_path: Path):
    folder = labelled(tmp_path, lambda n, q, number: "" if n == 7 else LABELS[0])
    with pytest.raises(InputError, match="labels 7 as ''"):
        read_labels(folder)


def test_words_are_shown_where_they_meet_in_their_languages(tmp_path: Path):
    tokens = {
        "doc_id": "one",
        "token_ids": [0, 1, 2, 3, 0],
        "segment_ends": [2, 4, 5],
        "segment_langs": ["en", "fr", "fr"],
    }
    lake = make_lake(
        tmp_path / "lake",
        vocabulary=[word(n, f"▁w{n}", "en") for n in range(4)],
        tokens=[tokens, {**tokens, "doc_id": "apart", "segment_langs": ["fr", "fr", "fr"]}],
    )
    link = {"id": "x", "a": 0, "b": 3, "lang_a": "en", "lang_b": "fr"}
    found = places(connect(lake), [link], 3, 0)["x"]
    assert [tuple(place) for place in found] == [("⟦w0⟧ w1", "w2 ⟦w3⟧")]
