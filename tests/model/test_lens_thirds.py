"""The pivot beside words of third languages, on masses that are set by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pivotmine.model.config.measuring import LensConfig
from pivotmine.model.lens.candidates import Categories
from pivotmine.model.lens.cells import Cell
from pivotmine.model.lens.readout import READINGS, Readings
from pivotmine.model.lens.thirds import bridges, thirds
from pivotmine.model.words.dataset import Concept, Direction

CONFIG = LensConfig(n_resamples=50)
N_WORDS, N_LAYERS = 12, 4

MASSES = {
    "word:en": (0.01, 0.30, 0.05, 0.0),
    "control:en:0": (0.01, 0.10, 0.01, 0.0),
    "word:ja": (0.01, 0.06, 0.16, 0.0),
    "control:ja:0": (0.01, 0.02, 0.04, 0.0),
    "mined": (0.01, 0.09, 0.01, 0.0),
    "mined_control": (0.01, 0.02, 0.01, 0.0),
}
"""By layer. English is .20 above its controls at layer 1; Japanese .04 there and .12 at layer 2."""


def readings(**scaled: float) -> Readings:
    """`ja=2` doubles the masses of Japanese words of every second concept."""
    rows: list[dict[str, Any]] = []
    for number in range(N_WORDS):
        for layer in range(N_LAYERS):
            masses = {
                name: of[layer]
                * (scaled.get(name.removeprefix("word:"), 1.0) if number % 2 else 1.0)
                for name, of in MASSES.items()
            }
            rows.append(
                {
                    "concept": f"c{number}",
                    "layer": layer,
                    "category": list(masses),
                    "log_mass": [float(np.log(max(mass, 1e-300))) for mass in masses.values()],
                    "rank": [1] * len(masses),
                    "top_token": [0],
                    "top_text": [""],
                    "top_mass": [0.5],
                }
            )
    return Readings(pa.Table.from_pylist(rows, schema=READINGS))


def cell(shared: int = 0, frequent: int = 0) -> Cell:
    """Of the first `shared` concepts the English and Japanese words share a token; of the first
    `frequent` the English word is ten times as frequent."""
    concepts = tuple(
        Concept(
            id=f"c{number}",
            words={"fr": f"f{number}", "zh": f"z{number}", "en": f"e{number}", "ja": f"j{number}"},
            split="test",
            pos="n",
            zipf={"en": 5.0 if number < frequent else 4.0, "ja": 4.0},
            distractors={},
            copies=(),
        )
        for number in range(N_WORDS)
    )
    watched = tuple(
        Categories(
            concept,
            {"word:en": (2 * number,), "word:ja": (2 * number + (number >= shared),)},
        )
        for number, concept in enumerate(concepts)
    )
    bridged = tuple("ja" if number % 2 else "en" for number in range(N_WORDS))
    return Cell(
        Direction("fr", "zh"),
        "test",
        "en",
        concepts,
        watched,
        (),
        np.zeros(0, np.int64),
        (),
        bridged,
    )


def test_the_pivot_is_compared_with_the_same_words_of_a_third_language():
    found = thirds(readings(), readings(), cell(frequent=4), (1,), CONFIG)
    assert list(found) == ["ja"]
    third = found["ja"]
    assert third["above_controls"]["mean"] == pytest.approx(0.04)
    assert third["pivot_beyond"]["mean"] == pytest.approx(0.20 - 0.04)
    assert third["own_layers"] == [2]
    assert third["pivot_beyond_best"]["mean"] == pytest.approx(0.20 - 0.12)
    assert third["pivot_beyond"]["n_words"] == N_WORDS
    assert third["pivot_beyond_matched"]["n_words"] == N_WORDS - 4
    assert third["pivot_beyond_matched"]["low"] > 0


def test_words_that_the_tokens_cannot_tell_apart_are_left_out():
    found = thirds(readings(), readings(), cell(shared=5), (1,), CONFIG)["ja"]
    assert found["pivot_beyond"]["n_words"] == N_WORDS - 5


def test_a_frequent_language_that_shows_everywhere_is_not_beaten_by_the_pivot():
    loud = readings(ja=6.0)
    found = thirds(loud, loud, cell(), (1,), CONFIG)["ja"]
    assert found["pivot_beyond"]["low"] < 0 < found["pivot_beyond"]["high"]


def test_pairs_are_read_by_the_language_of_their_bridge():
    found = bridges(readings(ja=2.0), cell(), (1,), CONFIG)
    assert {lang: of["n_words"] for lang, of in found.items()} == {"en": 6, "ja": 6}
    assert found["ja"]["bridge"]["mean"] == pytest.approx(0.12 - 0.02)
    assert found["ja"]["pivot"]["mean"] == found["en"]["pivot"]["mean"] == pytest.approx(0.20)
    assert found["en"]["mined"]["mean"] == pytest.approx(0.07)


def test_without_pivot_layers_nothing_is_compared():
    assert thirds(readings(), readings(), cell(), (), CONFIG) == {}
    assert bridges(readings(), cell(), (), CONFIG) == {}
