"""A whole scoring run, on a tiny model with random weights."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pyarrow.parquet as pq
import pytest

from pivotmine.errors import ConfigError, InputError
from pivotmine.model.config.measuring import ScoringConfig
from pivotmine.model.progress import Progress
from pivotmine.model.scoring.cells import ANSWERS, ask, collect, word_task
from pivotmine.model.scoring.prompts import directions, examples, select
from pivotmine.model.scoring.reference import log_probs_plain
from pivotmine.model.scoring.run import score
from pivotmine.model.scoring.tokens import tokenize
from pivotmine.model.words.dataset import Direction, WordSet, word_set

pytest.importorskip("torch")
pytest.importorskip("transformers")

CONFIG = ScoringConfig(directions=("en-fr", "zh-ja"), n_draws=2, n_shots=3, n_resamples=50)


def test_scores_are_those_of_a_plain_loop(tiny_model, small_words: WordSet, tmp_path: Path):
    summary = score(tiny_model, small_words, CONFIG, tmp_path, Progress())
    task = word_task(small_words, CONFIG)
    total = []
    for concept in task.concepts:
        losses = [[], []]
        for draw in range(2):
            for group in ask(task, Direction("zh", "ja"), draw):
                mine = [a for a in group if a.concept == concept.id and a.side == "source"]
                questions = tokenize(tiny_model.tokenizer, [a.text for a in mine])
                values = log_probs_plain(tiny_model, questions)
                losses[draw] = [
                    -value / len(question.answer)
                    for value, question in zip(values, questions, strict=True)
                ]
        p = [math.exp(-(one + other) / 2) for one, other in zip(*losses, strict=True)]
        total.append(p[0] - sum(p[1:]) / (len(p) - 1))
    found = summary["directions"]["zh-ja"]["all"]["he2025"]
    assert found["mean"] == pytest.approx(sum(total) / len(total), abs=1e-4)
    assert found["low"] <= found["mean"] <= found["high"]


def test_results_are_tables_and_json(tiny_model, small_words: WordSet, tmp_path: Path):
    summary = score(tiny_model, small_words, CONFIG, tmp_path, Progress())
    written = orjson.loads(next(tmp_path.glob("scores-*.json")).read_bytes())
    assert written == orjson.loads(orjson.dumps(summary))
    words = pq.read_table(next(tmp_path.glob("words-*.parquet"))).to_pylist()
    assert len(words) == 2 * len(small_words.split("test"))
    assert {"direction", "concept", "he2025", "contrast", "accuracy_target"} <= words[0].keys()
    assert written["words"]["version"] == small_words.version
    assert set(written["directions"]["zh-ja"]) == {"all", "form", "pos", "frequency"}
    assert set(written["directions"]["zh-ja"]["form"]) == {"copy", "other"}


def test_an_interrupted_run_continues_where_it_stopped(
    tiny_model, small_words: WordSet, tmp_path: Path
):
    whole = score(tiny_model, small_words, CONFIG, tmp_path / "whole", Progress())
    started: list[str] = []

    def stop_at_third(name: str, _: int) -> None:
        started.append(name)
        if len(started) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score(tiny_model, small_words, CONFIG, tmp_path / "cut", Progress(start=stop_at_third))
    assert len(list((tmp_path / "cut").rglob("*.parquet"))) == 2
    again = score(
        tiny_model,
        small_words,
        CONFIG,
        tmp_path / "cut",
        Progress(start=lambda name, _: started.append(name)),
    )
    assert len(started) == 3 + 2  # two of four cells were there
    assert again == whole


@pytest.mark.parametrize("change", [{"seed": 1}, {"n_shots": 2}, {"bos": "never"}, {"limit": 5}])
def test_other_settings_do_not_reuse_old_results(
    tiny_model, small_words: WordSet, tmp_path: Path, change: dict
):
    config = CONFIG.model_copy(update={"directions": ("en-fr",), "n_draws": 1})
    score(tiny_model, small_words, config, tmp_path, Progress())
    started: list[str] = []
    progress = Progress(start=lambda name, _: started.append(name))
    score(tiny_model, small_words, config.model_copy(update=change), tmp_path, progress)
    assert len(started) == 1


def test_bounds_on_memory_reuse_old_results(tiny_model, small_words: WordSet, tmp_path: Path):
    score(tiny_model, small_words, CONFIG, tmp_path, Progress())
    smaller = CONFIG.model_copy(update={"batch_tokens": 100, "logit_mib": 1})
    started: list[str] = []
    progress = Progress(start=lambda name, _: started.append(name))
    score(tiny_model, small_words, smaller, tmp_path, progress)
    assert started == []


def test_examples_per_word_are_of_the_same_split_and_never_the_word_itself(small_words: WordSet):
    config = CONFIG.model_copy(update={"shots": "word"})
    task = word_task(small_words, config)
    groups = list(ask(task, Direction("en", "fr"), 0))
    assert len(groups) == len(task.concepts)
    starts = set()
    for concept, group in zip(task.concepts, groups, strict=True):
        text = group[0].text[0]
        solved, _, _ = text.rpartition("English: ")
        assert f"English: {concept.words['en']}\n" not in solved
        assert solved.count("French: ") == 3
        starts.add(solved)
    assert len(starts) > 1


def test_examples_per_word_score_as_in_the_plain_loop(
    tiny_model, small_words: WordSet, tmp_path: Path
):
    config = CONFIG.model_copy(
        update={"shots": "word", "directions": ("fr-zh",), "n_draws": 1, "limit": 3}
    )
    score(tiny_model, small_words, config, tmp_path, Progress())
    rows = pq.read_table(next((tmp_path / "answers").glob("*.parquet"))).to_pylist()
    task = word_task(small_words, config)
    texts = [item.text for group in ask(task, Direction("fr", "zh"), 0) for item in group]
    plain = log_probs_plain(tiny_model, tokenize(tiny_model.tokenizer, texts))
    assert [row["log_prob"] for row in rows] == pytest.approx(plain, abs=2e-4)


def test_examples_come_from_the_train_split_and_are_the_same_in_all_directions(
    small_words: WordSet,
):
    pool = small_words.split("train")
    chosen = [examples(CONFIG, draw, pool) for draw in range(3)]
    assert all(concept in pool for shots in chosen for concept in shots)
    assert chosen[0] == examples(CONFIG, 0, list(reversed(pool)))
    assert len({tuple(c.id for c in shots) for shots in chosen}) > 1


def test_too_few_examples_are_an_error(small_words: WordSet):
    with pytest.raises(InputError, match="n_shots is 9, but the word set has only 5 concepts"):
        examples(CONFIG.model_copy(update={"n_shots": 9}), 0, small_words.split("train"))


def test_all_ordered_pairs_are_scored_by_default(small_words: WordSet):
    assert len(directions(ScoringConfig(), small_words.languages)) == 12


def test_a_word_set_without_a_language_says_so(tiny_model, small_words: WordSet, tmp_path: Path):
    lacking = word_set(
        [
            concept.model_copy(
                update={"words": {k: v for k, v in concept.words.items() if k != "ja"}}
            )
            for concept in small_words.concepts
        ]
    )
    with pytest.raises(InputError, match="no 'ja' word for every concept"):
        score(tiny_model, lacking, CONFIG, tmp_path, Progress())


def test_a_direction_must_be_two_languages_with_names(small_words: WordSet):
    with pytest.raises(ConfigError, match="like en-fr"):
        directions(ScoringConfig(directions=("english",)), small_words.languages)
    with pytest.raises(ConfigError, match="no name for 'fr'"):
        directions(ScoringConfig(language_names={"en": "English"}), ("en", "fr"))


def test_words_without_distractors_are_refused(tiny_model, small_words: WordSet, tmp_path: Path):
    bare = word_set([c.model_copy(update={"distractors": {}}) for c in small_words.concepts])
    with pytest.raises(InputError, match="has no distractors in 'en'"):
        score(tiny_model, bare, CONFIG, tmp_path, Progress())


def test_scores_of_the_source_side_do_not_depend_on_the_target_side(
    tiny_model, small_words: WordSet, tmp_path: Path
):
    config = CONFIG.model_copy(update={"target_side": False})
    with_targets = score(tiny_model, small_words, CONFIG, tmp_path / "a", Progress())
    without = score(tiny_model, small_words, config, tmp_path / "b", Progress())
    one, other = (s["directions"]["en-fr"]["all"] for s in (with_targets, without))
    assert "accuracy_target" in one and "accuracy_target" not in other
    assert other["contrast"]["mean"] == pytest.approx(one["contrast"]["mean"], abs=1e-5)


def test_the_right_answer_is_the_first_target(tiny_model, small_words: WordSet, tmp_path: Path):
    score(tiny_model, small_words, CONFIG, tmp_path, Progress())
    parts = [pq.read_table(p) for p in sorted((tmp_path / "answers").glob("en-fr-*"))]
    ids = [concept.id for concept in select(CONFIG, small_words.split("test"))]
    answers = collect(parts, ids)
    assert (answers.target[..., 0] == answers.source[..., 0]).all()
    assert ANSWERS.names == parts[0].schema.names


def test_a_model_with_a_recurrent_state_is_scored_by_the_plain_loop(
    tiny_model, small_words: WordSet, tmp_path: Path
):
    from transformers import MambaConfig, MambaForCausalLM

    size = tiny_model.network.config.vocab_size
    network = MambaForCausalLM(
        MambaConfig(vocab_size=size, hidden_size=16, num_hidden_layers=1, state_size=4)
    ).eval()
    model = replace(tiny_model, network=network, version="mamba")
    said: list[str] = []
    score(model, small_words, CONFIG, tmp_path, Progress(note=said.append))
    assert any("keys and values cannot be shared in MambaForCausalLM" in line for line in said)
    table = pq.read_table(next((tmp_path / "answers").glob("*.parquet")))
    assert np.isfinite(table["log_prob"].to_numpy()).all()
