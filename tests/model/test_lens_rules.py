"""The lens's arithmetic, without torch: lenses, behaviours, intervals, agreement."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import InputError
from pivotmine.model.lens.agreement import agreement, kappa, read_labels
from pivotmine.model.lens.bands import band, difference, estimate, peak_layers, separation
from pivotmine.model.lens.behaviour import he2025, he2025_any, longest_run, sound, thresholds
from pivotmine.model.lens.lenses import LENSES, apply, fit, fit_groups

SOURCE, TARGET, ENGLISH, JUNK = 1, 2, 3, 9


def rule(tokens, masses, function=he2025, source=(SOURCE,), target=(TARGET,)):
    return function(np.array(tokens), np.array(masses), source, target)


def test_a_layer_surer_of_another_token_than_the_output_is_a_pivot_by_the_published_rule():
    assert rule([SOURCE, ENGLISH, TARGET], [0.2, 0.9, 0.5]) == "pivot"
    assert rule([SOURCE, ENGLISH, TARGET], [0.2, 0.4, 0.5]) == "direct"


def test_a_copied_source_is_direct_by_the_published_rule():
    assert rule([SOURCE, ENGLISH, TARGET], [0.9, 0.4, 0.5]) == "direct"


def test_ties_go_to_the_later_layer_by_the_published_rule():
    assert rule([ENGLISH, SOURCE, TARGET], [0.5, 0.2, 0.5]) == "direct"


def test_words_that_share_a_token_are_left_out_by_the_published_rule():
    assert rule([ENGLISH, TARGET], [0.9, 0.5], source=(SOURCE, 7), target=(7, 8)) == "excluded"


def test_junk_of_the_first_layer_passes_for_a_pivot_by_the_published_rule():
    assert rule([JUNK, SOURCE, TARGET], [0.99, 0.8, 0.5]) == "pivot"


def test_the_older_variant_takes_any_fairly_sure_layer():
    assert rule([JUNK, SOURCE, TARGET], [0.11, 0.8, 0.5], he2025_any) == "pivot"
    assert rule([JUNK, SOURCE, TARGET], [0.09, 0.8, 0.5], he2025_any) == "direct"


def sound_on(pivot, target, near=-9.0, pivot_floor=-6.0, run=2):
    pivot, target = np.array(pivot, dtype=float), np.array(target, dtype=float)
    return sound(
        np.log(pivot),
        np.log(target),
        np.full((1, len(pivot)), near) if np.isscalar(near) else np.array(near, dtype=float),
        np.full(len(pivot), pivot_floor, dtype=float),
        np.full(len(pivot), -6.0),
        min_mass=0.01,
        min_run=run,
    )


def test_a_run_of_layers_with_the_pivot_before_the_target_is_a_pivot():
    assert sound_on([1e-9, 0.2, 0.3, 0.01], [1e-9, 1e-9, 0.1, 0.9]) == "pivot"


def test_one_layer_is_not_a_run():
    assert sound_on([1e-9, 1e-9, 0.3, 0.01], [1e-9, 1e-9, 0.1, 0.9]) == "direct"


def test_a_pivot_after_the_target_took_over_does_not_count():
    assert sound_on([1e-9, 0.1, 0.1, 0.1], [1e-9, 0.2, 0.3, 0.9]) == "direct"


def test_the_output_layer_does_not_count_as_a_pivot_layer():
    assert sound_on([1e-9, 1e-9, 0.3, 0.4], [1e-9, 1e-9, 0.1, 0.2]) == "direct"


def test_a_pivot_does_not_show_if_a_word_near_in_meaning_has_the_same_mass():
    assert sound_on([1e-9, 0.2, 0.3, 0.01], [1e-9, 1e-9, 0.1, 0.9], near=-0.5) == "direct"


def test_layers_at_which_controls_have_the_same_mass_do_not_count():
    """Junk of the first layers: the pivot is no likelier there than other concepts' words."""
    assert sound_on([0.2, 0.2, 1e-9, 1e-9], [1e-9, 1e-9, 0.1, 0.9], pivot_floor=-1.0) == "direct"


def test_neither_pivot_nor_target_is_none():
    assert sound_on([1e-9] * 4, [1e-9] * 4) == "none"


def test_missing_near_words_are_ignored():
    near = np.full((2, 4), np.nan)
    assert sound_on([1e-9, 0.2, 0.3, 0.01], [1e-9, 1e-9, 0.1, 0.9], near=near) == "pivot"


@given(st.lists(st.booleans(), max_size=12))
def test_the_longest_run_equals_that_of_a_split_string(flags: list[bool]):
    text = "".join("x" if flag else " " for flag in flags)
    expected = max(map(len, text.split()), default=0)
    assert longest_run(np.array(flags, dtype=bool)) == expected


def test_thresholds_let_through_the_stated_share_of_controls_at_every_layer():
    controls = np.random.default_rng(0).normal(size=(8, 500, 3)) * [1.0, 5.0, 0.1]
    passed = (controls > thresholds(controls, 0.99)).mean(axis=(0, 1))
    assert passed == pytest.approx([0.01] * 3, abs=0.001)


def test_without_controls_no_pivot_shows():
    assert np.isinf(thresholds(np.empty((0, 5, 3)), 0.99)).tolist() == [True] * 3


def states(n: int = 200, n_layers: int = 4, width: int = 16, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    common = generator.normal(size=(n_layers, width)) * 50
    own = generator.normal(size=(n, n_layers, width)) * np.arange(1, n_layers + 1)[:, None]
    return (common + own).astype(np.float32)


def test_the_logit_lens_changes_nothing_and_no_lens_changes_the_last_layer():
    values = states()
    assert apply("logit", values, fit(values)) is values
    for lens in LENSES:
        assert (apply(lens, values, fit(values))[:, -1] == values[:, -1]).all()


def test_a_centred_state_has_no_common_component():
    values = states()
    moved = apply("centred", values, fit(values))
    assert moved[:, :-1].mean(axis=0) == pytest.approx(np.zeros((3, 16)), abs=1e-4)
    assert values[0, 1] - values[1, 1] == pytest.approx(moved[0, 1] - moved[1, 1], abs=1e-3)


def test_a_scaled_state_has_the_last_layers_mean_and_spread():
    values = states()
    statistics = fit(values)
    again = fit(apply("scaled", values, statistics))
    assert again.mean == pytest.approx(np.broadcast_to(statistics.mean[-1], (4, 16)), abs=1e-3)
    assert again.spread == pytest.approx(np.full(4, statistics.spread[-1]), rel=1e-4)


def test_kinds_of_position_are_fitted_apart_if_there_are_enough():
    values = states(40)
    values[:25] += 1000
    groups = np.array([0] * 25 + [1] * 12 + [2] * 3)
    found = fit_groups(values, groups)
    assert set(found) == {-1, 0, 1}
    assert (found[0].mean - found[1].mean).mean() == pytest.approx(1000, rel=0.05)
    assert found[-1].mean == pytest.approx(fit(values).mean)


def test_the_peak_is_the_run_around_it_down_to_half():
    assert peak_layers(np.array([0.0, 0.3, 0.1, 0.5, 0.8, 0.4, 0.1, 9.0])) == (3, 4, 5)
    assert peak_layers(np.array([0.0, -0.1, 5.0])) == ()


def test_separation_is_chance_for_words_like_their_controls_and_one_for_words_above_them():
    generator = np.random.default_rng(0)
    controls = generator.normal(size=(8, 300, 2))
    own = generator.normal([0.0, 100.0], 1.0, (300, 2))
    assert separation(own, controls) == pytest.approx([0.5, 1.0], abs=0.05)


def test_missing_controls_are_left_out_and_ties_count_half():
    controls = np.array([[[1.0]], [[np.nan]]])
    assert separation(np.array([[1.0]]), controls) == pytest.approx([0.5])


def test_intervals_have_about_their_nominal_coverage():
    hits = 0
    for seed in range(60):
        sample = np.random.default_rng(seed).normal(2.0, 1.0, 50)
        found = estimate(sample, 400, seed)
        hits += found.low <= 2.0 <= found.high
    assert 52 <= hits <= 60  # 57 expected


def test_words_without_a_value_are_left_out():
    values = np.array([1.0, np.nan, 3.0])
    assert estimate(values, 50, 0)[::3] == (2.0, 2)
    assert band(np.stack([values, values], 1), 50, 0).mean.tolist() == [2.0, 2.0]
    assert estimate(np.array([np.nan]), 50, 0).n_words == 0


def test_a_handful_of_words_has_a_mean_but_no_interval():
    few = np.array([1.0, 2.0, 3.0])
    assert estimate(few, 50, 0).mean == 2.0
    assert np.isnan(estimate(few, 50, 0).low)
    assert np.isnan(difference(few, np.arange(9.0), 50, 0).mean)


def test_the_difference_of_two_groups_has_an_interval_around_it():
    generator = np.random.default_rng(1)
    found = difference(generator.normal(1, 1, 100), generator.normal(0, 1, 80), 500, 0)
    assert found.low < found.mean < found.high
    assert found.low > 0 and found.n_words == 80


def test_the_same_seed_gives_the_same_interval():
    values = np.random.default_rng(0).normal(size=40)
    assert estimate(values, 100, 3) == estimate(values, 100, 3)


def test_kappa_equals_the_textbook_example():
    """50 items, 20 and 15 agreed, 5 and 10 not: observed .7, chance .5, kappa .4."""
    labels = ["yes"] * 20 + ["yes"] * 5 + ["no"] * 10 + ["no"] * 15
    others = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert kappa(labels, others) == pytest.approx(0.4)
    found = agreement(labels, others, 500, 0)
    assert found.low < 0.4 < found.high


def test_kappa_is_one_for_equal_labels_and_undefined_for_a_single_label():
    assert kappa(["a", "b"], ["a", "b"]) == 1.0
    assert np.isnan(kappa(["a", "a"], ["a", "a"]))
    assert agreement([], [], 10, 0).n_words == 0


def test_labels_are_read_by_model_direction_and_concept(tmp_path: Path):
    file = tmp_path / "labels.tsv"
    file.write_text(
        "model\tdirection\tconcept\tlabel\tnote\tlabel_2\n"
        "m\tfr-zh\tdog-n\tpivot\t\tnone\nm\tfr-zh\tcat-n\tdirect\tunsure\t\n",
        encoding="utf-8",
    )
    dog, cat = ("m", "fr-zh", "dog-n"), ("m", "fr-zh", "cat-n")
    assert read_labels(file) == {"label": {dog: "pivot", cat: "direct"}, "label_2": {dog: "none"}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model\tdirection\tconcept\n", "lacks the column 'label'"),
        ("model\tdirection\tconcept\tlabel\nm\tfr-zh\tdog-n\tpivto\n", "line 2: label 'pivto'"),
    ],
)
def test_invalid_labels_are_refused(tmp_path: Path, text: str, message: str):
    file = tmp_path / "labels.tsv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_labels(file)
    with pytest.raises(InputError, match="cannot be read"):
        read_labels(tmp_path / "nowhere.tsv")
