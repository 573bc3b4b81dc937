"""The learning rate over a run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.model.config import TrainingConfig
from pivotmine.model.training.schedule import rate


@given(st.sampled_from(["constant", "cosine", "wsd"]), st.integers(1, 500))
def test_the_rate_rises_to_the_highest_and_not_beyond(schedule, n_steps):
    config = TrainingConfig(schedule=schedule, learning_rate=0.5, warmup_share=0.1)
    rates = [rate(step, n_steps, config) for step in range(n_steps)]
    n_warmup = -(-n_steps // 10)
    assert max(rates) == pytest.approx(0.5)
    assert rates[:n_warmup] == sorted(rates[:n_warmup])
    assert rates[n_warmup:] == sorted(rates[n_warmup:], reverse=True)
    assert min(rates) > 0


def test_cosine_and_wsd_end_at_the_final_rate():
    settings = {"learning_rate": 1.0, "warmup_share": 0.1, "final_rate_share": 0.1}
    cosine = TrainingConfig(schedule="cosine", **settings)
    assert rate(99, 100, cosine) == pytest.approx(0.1)
    assert rate(55, 101, cosine) == pytest.approx(0.55, abs=0.02), "half way, half way down"
    wsd = TrainingConfig(schedule="wsd", decay_share=0.2, **settings)
    assert [rate(step, 100, wsd) for step in (10, 50, 79)] == [1.0, 1.0, 1.0]
    assert rate(89, 100, wsd) == pytest.approx(0.55)
    assert rate(99, 100, wsd) == pytest.approx(0.1)
    assert rate(99, 100, TrainingConfig(schedule="constant", **settings)) == 1.0
