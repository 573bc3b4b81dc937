"""A corpus of any size: its counts are what it says, and what the stages count."""

from __future__ import annotations

from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from bench.large.__main__ import make, recipe_of, wrong_counts
from bench.large.planted_tables import DIAGONALS, Planted, Truth, blocks, new_truth, vocabulary
from pivotmine.api import open_lake
from pivotmine.engine.runner import run_stages
from pivotmine.show.progress import PlainDisplay
from pivotmine.stages.road import choose_stages

WORDS = 400


def test_the_truth_is_what_counting_by_hand_gives():
    corpus = Planted(1, WORDS)
    truth = new_truth(corpus)
    (rows,) = blocks(corpus, truth)
    held: Counter[int] = Counter()
    together: Counter[tuple[int, int]] = Counter()
    for tokens in rows["token_ids"].to_pylist():
        one, other = {t for t in tokens if t < WORDS}, {t - WORDS for t in tokens if t >= WORDS}
        held.update(one | {t + WORDS for t in other})
        together.update(
            (word, shift)
            for word, shift in product(one, DIAGONALS)
            if (word + shift) % WORDS in other
        )
    assert truth.n_contexts.tolist() == [rows.num_rows, 0, 0]
    for word in range(WORDS):
        assert truth.margins[0, :, word].tolist() == [held[word], held[word + WORDS]]
        for place, shift in enumerate(DIAGONALS):
            assert truth.n_ab[0, place, word] == together[word, shift]
    planted = truth.n_ab[0, 0][corpus.planted].sum() / truth.n_ab[0, 0][~corpus.planted].sum()
    assert (
        planted > truth.n_ab[0, 1][corpus.planted].sum() / truth.n_ab[0, 1][~corpus.planted].sum()
    )
    found = vocabulary(corpus, truth)
    assert found["token_count"].to_numpy().sum() == rows["n_tokens"].to_numpy().sum()


def test_stages_count_what_was_planted_and_a_wrong_count_is_named(
    spark, tmp_path_factory: pytest.TempPathFactory
):
    out: Path = tmp_path_factory.mktemp("large") / "made"
    make(out, tokens=1, words=WORDS, seed=1)
    recipe = recipe_of(out, "count.chunk_tokens=200000", "count.min_count=300")
    stages = [stage for name in ("contexts", "count") for stage in choose_stages(name)]
    run_stages(recipe, stages, lambda: spark, PlainDisplay(Console(quiet=True)))
    with np.load(out / "truth.npz") as saved:
        truth = Truth(*(saved[name] for name in Truth._fields))
    reader = open_lake(str(out / "lake"))
    assert (truth.n_ab >= 300).sum() > 100
    assert wrong_counts(reader, truth, 300) == []
    truth.n_ab[0, 1] += 1
    assert wrong_counts(reader, truth, 300) == ["lang_a = 'de' AND lang_b = 'en', i and i + 1"]
