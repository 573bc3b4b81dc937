"""The measurements of training run on a CPU, with tiny models."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
pytest.importorskip("accelerate")

from bench.training_scale import Shape, measured, n_parameters, needs
from bench.training_speed import documents, measure
from pivotmine.model.config.training import TrainingConfig
from pivotmine.model.training.networks import start

TINY = Shape(hidden_size=32, layers=2, feed_forward=48, heads=4, key_heads=2, vocabulary=100)


def test_two_steps_give_a_speed_and_a_share_of_the_peak():
    config = TrainingConfig.model_validate(
        {
            "shape": {"hidden_size": 16, "n_layers": 1, "n_heads": 2, "feed_forward_size": 32},
            "sequence_tokens": 16, "batch_sequences": 2, "micro_sequences": 1,
            "tracking": {"tensorboard": False, "peak_tflops": 0.001},
        }
    )  # fmt: skip
    network = start(config, [documents(100, 50)], 0, print).network
    found = measure(network, config, "dense mask", 2)
    assert found.tokens_per_second > 0
    assert found.mfu is not None
    assert found.mfu > 0
    assert found.gib is None


def test_needs_of_a_model_follow_its_shape():
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=100, hidden_size=32, num_hidden_layers=2, intermediate_size=48,
        num_attention_heads=4, num_key_value_heads=2, tie_word_embeddings=False,
    )  # fmt: skip
    n, layer = n_parameters(TINY)
    network = LlamaForCausalLM(config)
    assert n == sum(weight.numel() for weight in network.parameters())
    assert layer == sum(weight.numel() for weight in network.model.layers[0].parameters())
    kept = measured(TINY, 64)
    wider = measured(TINY._replace(feed_forward=96), 64)
    # Gate, up, activation and product: each is kept in bf16.
    assert 3 * 2 * 48 <= wider.layer - kept.layer <= 5 * 2 * 48
    one, eight = (needs(TINY, kept, gpus, 64, 1, 8, 0.4) for gpus in (1, 8))
    assert one.weights == 16 * n == 8 * eight.weights
    assert one.activations == eight.activations
    assert eight.tokens_per_second == pytest.approx(8 * one.tokens_per_second)
    assert one.traffic_seconds == 0
