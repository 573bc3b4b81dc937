"""Training on tiny models: resuming, masking, accumulation, and what is refused."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import ConfigError, InputError, ModelError
from pivotmine.model.config.measuring import ModelConfig
from pivotmine.model.config.parallel import TrackingConfig
from pivotmine.model.config.training import ShapeConfig, TrainingConfig
from pivotmine.model.load import load_model
from pivotmine.model.shards.packing import Packing, Sequences
from pivotmine.model.shards.stream import Stream, open_stream
from pivotmine.model.shards.tokenizer import check_tokenizer, transformers_tokenizer
from pivotmine.model.training.attention import batch, set_attention
from pivotmine.model.training.checkpoints import EVALUATIONS
from pivotmine.model.training.mixture import Mixture, Placement, slots
from pivotmine.model.training.networks import blocks, check_masking, start, with_lora
from pivotmine.model.training.optimizers import optimizers, rate
from pivotmine.model.training.throughput import flops_per_token
from pivotmine.model.training.train import Job, Trained, train
from pivotmine.model.training.workers import make_accelerator
from tests.model.handmade_shards import word_tokenizer, write_arm

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("accelerate")

from transformers import (  # noqa: E402
    AutoModelForCausalLM,
    BloomConfig,
    FalconConfig,
    Gemma2Config,
    LlamaConfig,
    MambaConfig,
    MptConfig,
    OPTConfig,
    Qwen3Config,
)

CONFIG = TrainingConfig(
    shape=ShapeConfig(hidden_size=16, n_layers=1, n_heads=2, feed_forward_size=32),
    sequence_tokens=12,
    batch_sequences=4,
    micro_sequences=2,
    learning_rate=0.01,
    checkpoint_steps=3,
)
N_STEPS = 8


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Stream:
    generator = np.random.default_rng(0)
    documents = [generator.integers(4, 100, n).tolist() for n in generator.integers(2, 20, 60)]
    return open_stream(write_arm(tmp_path_factory.mktemp("shards"), documents))


def run(
    stream: Stream, folder: Path, config: TrainingConfig = CONFIG, stop_at: int | None = None
) -> tuple[Trained, Any]:
    network = with_lora(start(config, [stream], 7, print).network, config.lora_rank, 7)
    chosen = slots([Placement("all", 1.0)], N_STEPS * config.batch_sequences)
    mixture = Mixture([Packing(stream, config.sequence_tokens, (7,))], chosen)

    def evaluate(bare: Any) -> list[dict[str, Any]]:
        torch.rand(3)  # an evaluation that draws must not change the run
        norm = float(sum(weight.norm() for weight in bare.parameters()))
        return [
            {"kind": "heldout", "name": "norm", "loss": norm},
            {"kind": "word", "name": "en-fr", "concept": "cat", "contrast": -norm},
        ]

    said: list[str] = []
    job = Job(mixture, config, 7, folder, [evaluate], {0, 4, 8}, say=said.append, stop_at=stop_at)
    return train(make_accelerator(config), network, job), network


def evaluated(trained: Trained) -> list[dict[str, Any]]:
    return pa.Table.from_pylist(trained.evaluations, schema=EVALUATIONS).to_pylist()


def curve(trained: Trained) -> list[tuple[float, ...]]:
    names = ("step", "tokens", "loss", "learning_rate", "gradient_norm")
    return list(zip(*(trained.losses[name].to_pylist() for name in names), strict=True))


@pytest.mark.parametrize("killed_at", [[1], [3], [5, 7], [8]])
def test_an_interrupted_and_resumed_run_gives_the_curve_of_an_undisturbed_run(
    stream: Stream, tmp_path: Path, killed_at: list[int]
):
    whole, network = run(stream, tmp_path / "whole")
    for step in killed_at:
        run(stream, tmp_path / "killed", stop_at=step)
    again, resumed = run(stream, tmp_path / "killed")
    assert curve(again) == curve(whole), "the same bits"
    assert evaluated(again) == evaluated(whole), "no column of any kind of row is lost"
    for one, other in zip(network.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)


def test_an_interruption_loses_only_the_steps_since_the_last_checkpoint(
    stream: Stream, tmp_path: Path
):
    whole, _ = run(stream, tmp_path / "whole")
    run(stream, tmp_path / "killed", stop_at=6)
    kept = [path.name for path in (tmp_path / "killed").glob("checkpoint-*")]
    assert sorted(kept) == ["checkpoint-00000003", "checkpoint-00000006"], "the last two"
    (tmp_path / "killed" / ".partial").mkdir()  # a checkpoint that was being written
    again, _ = run(stream, tmp_path / "killed")
    assert curve(again) == curve(whole)


@pytest.mark.parametrize("name", ["weights.pt", "optimizer.pt", "generators-0.pt"])
@pytest.mark.parametrize("damage", ["cut", "missing"])
def test_a_damaged_checkpoint_costs_the_steps_since_the_one_before(
    stream: Stream, tmp_path: Path, name: str, damage: str
):
    whole, _ = run(stream, tmp_path / "whole")
    run(stream, tmp_path / "killed", stop_at=6)
    path = tmp_path / "killed" / "checkpoint-00000006" / name
    if damage == "cut":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    else:
        path.unlink()
    again, _ = run(stream, tmp_path / "killed")
    assert curve(again) == curve(whole)


def test_a_run_without_a_readable_checkpoint_names_the_file(stream: Stream, tmp_path: Path):
    run(stream, tmp_path, stop_at=2)
    path = tmp_path / "checkpoint-00000002" / "optimizer.pt"
    path.write_bytes(b"no")
    with pytest.raises(InputError, match=r"checkpoint-00000002/optimizer\.pt cannot be read"):
        run(stream, tmp_path)


def test_a_low_rank_checkpoint_holds_the_changes_alone(stream: Stream, tmp_path: Path):
    pytest.importorskip("peft")
    config = CONFIG.model_copy(update={"lora_rank": 2})
    whole, _ = run(stream, tmp_path / "whole", config)
    run(stream, tmp_path / "killed", config, stop_at=5)
    weights = torch.load(tmp_path / "killed" / "checkpoint-00000005" / "weights.pt")
    assert weights
    assert all("lora" in name for name in weights)
    again, _ = run(stream, tmp_path / "killed", config)
    assert curve(again) == curve(whole)


def test_low_rank_changes_begin_alike_whatever_was_drawn_before(stream: Stream):
    pytest.importorskip("peft")
    network = start(CONFIG, [stream], 7, print).network
    drawn = []
    for _ in range(2):
        torch.rand(5)
        changed = with_lora(copy.deepcopy(network), 2, 3)
        drawn.append({name: w for name, w in changed.named_parameters() if "lora_A" in name})
    assert drawn[0]
    assert all(torch.equal(weight, drawn[1][name]) for name, weight in drawn[0].items())


ARCHITECTURES = {
    "Llama": (LlamaConfig, {}, True),
    "Qwen3": (Qwen3Config, {"head_dim": 8}, True),
    "Gemma2": (Gemma2Config, {"head_dim": 8}, True),
    "Bloom": (BloomConfig, {}, False),
    "OPT": (OPTConfig, {"word_embed_proj_dim": 16, "ffn_dim": 32}, False),
    "Falcon": (FalconConfig, {"alibi": True}, False),
    "MPT": (MptConfig, {"d_model": 16, "n_heads": 2, "n_layers": 1}, False),
    "Mamba": (MambaConfig, {}, False),
}
"""Name -> configuration, further settings, and whether documents are masked."""


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_an_architecture_that_does_not_mask_documents_is_refused(name: str):
    make, further, is_masked = ARCHITECTURES[name]
    sizes = {
        "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "vocab_size": 50,
        "num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 64,
    }  # fmt: skip
    torch.manual_seed(0)
    network = AutoModelForCausalLM.from_config(make(**sizes, **further))
    if is_masked:
        check_masking(network, 50)
    else:
        with pytest.raises(ConfigError, match=r"training\.mask_documents: .*set it to\s+false"):
            check_masking(network, 50)


def test_evaluations_are_in_float32_whatever_the_training(stream: Stream, tmp_path: Path):
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)
    found: list[torch.dtype] = []

    def evaluate(bare: Any) -> list[dict[str, Any]]:
        hidden = bare.model(torch.zeros((1, 4), dtype=torch.long)).last_hidden_state
        hook = bare.lm_head.register_forward_hook(lambda *parts: found.append(parts[2].dtype))
        bare(torch.zeros((1, 4), dtype=torch.long))
        hook.remove()
        return [{"kind": "heldout", "name": "x", "loss": float(hidden.sum())}]

    try:
        config = CONFIG.model_copy(update={"precision": "bf16"})
        network = start(config, [stream], 7, print).network
        mixture = Mixture(
            [Packing(stream, config.sequence_tokens, (7,))], slots([Placement("all", 1.0)], 8)
        )
        train(make_accelerator(config), network, Job(mixture, config, 7, tmp_path, [evaluate], {1}))
    finally:
        AcceleratorState._reset_state(reset_partial_state=True)
    assert found == [torch.float32]


def test_the_loss_falls_and_the_table_gives_the_seconds(stream: Stream, tmp_path: Path):
    trained, _ = run(stream, tmp_path)
    losses = trained.losses["loss"].to_pylist()
    assert losses[-1] < losses[0]
    assert trained.losses["tokens"].to_pylist()[-1] == N_STEPS * 4 * 12
    assert min(trained.losses["seconds"].to_pylist()) > 0
    assert [row["step"] for row in trained.evaluations if row["kind"] == "word"] == [0, 4, 8]


def test_tensorboard_shows_the_curve(stream: Stream, tmp_path: Path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run(stream, tmp_path, stop_at=5)
    trained, _ = run(stream, tmp_path)
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    shown = {event.step: event.value for event in events.Scalars("train/loss")}
    assert list(shown) == list(range(1, N_STEPS + 1))
    assert list(shown.values()) == pytest.approx(trained.losses["loss"].to_pylist())


def test_accumulation_gives_the_steps_of_one_batch(stream: Stream, tmp_path: Path):
    parts, _ = run(stream, tmp_path / "parts")
    at_once = CONFIG.model_copy(update={"micro_sequences": 4})
    whole, _ = run(stream, tmp_path / "whole", at_once)
    for one, other in zip(curve(parts), curve(whole), strict=True):
        assert one == pytest.approx(other, rel=1e-4)


def test_a_packed_document_is_read_as_if_it_were_alone(stream: Stream):
    network = start(CONFIG, [stream], 7, print).network.eval()
    ids, positions = Packing(stream, 40, (7,)).take(0)
    starts = np.flatnonzero(positions == 0)
    assert len(starts) > 2
    packed = network(
        input_ids=torch.from_numpy(ids)[None],
        position_ids=torch.from_numpy(positions)[None],
        use_cache=False,
    ).logits[0]
    for begin, end in zip(starts, [*starts[1:], len(ids)], strict=True):
        alone = network(input_ids=torch.from_numpy(ids[begin:end])[None]).logits[0]
        assert torch.allclose(packed[begin:end], alone, atol=1e-5)


def test_bf16_trains(stream: Stream, tmp_path: Path):
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)
    try:
        trained, network = run(stream, tmp_path, CONFIG.model_copy(update={"precision": "bf16"}))
    finally:
        AcceleratorState._reset_state(reset_partial_state=True)
    assert np.isfinite(trained.losses["loss"].to_pylist()).all()
    assert next(network.parameters()).dtype == torch.float32


def test_low_rank_changes_keep_the_weights_and_can_be_merged(stream: Stream, tmp_path: Path):
    pytest.importorskip("peft")
    from pivotmine.model.training.networks import merged

    config = CONFIG.model_copy(update={"lora_rank": 2})
    _, network = run(stream, tmp_path, config)
    before = dict(start(config, [stream], 7, print).network.named_parameters())
    trained = {name for name, weight in network.named_parameters() if weight.requires_grad}
    assert trained
    assert all("lora" in name for name in trained)
    ids = torch.arange(4, 12)[None]
    wanted = network(input_ids=ids).logits
    whole = merged(network)
    assert torch.allclose(whole(input_ids=ids).logits, wanted, atol=1e-5)
    changed = {name for name, weight in whole.named_parameters() if not weight.equal(before[name])}
    assert changed
    assert all("proj" in name for name in changed), "linear layers, not embeddings or norms"


@pytest.mark.parametrize("what", ["loss", "gradient"])
def test_a_value_that_is_not_finite_ends_the_run_before_it_reaches_the_weights(
    stream: Stream, tmp_path: Path, what: str
):
    network = start(CONFIG, [stream], 7, print).network
    calls: list[int] = []

    def spoil(module: Any, inputs: Any, output: Any) -> Any:
        calls.append(len(calls))
        if len(calls) == 9:  # two micro-batches a step
            if what == "loss":
                return output * float("nan")
            output.register_hook(lambda gradient: gradient * float("inf"))
        return output

    network.model.norm.register_forward_hook(spoil)
    chosen = slots([Placement("all", 1.0)], N_STEPS * CONFIG.batch_sequences)
    mixture = Mixture([Packing(stream, CONFIG.sequence_tokens, (7,))], chosen)
    with pytest.raises(
        ModelError,
        match=rf"the {what} of step 5 is not finite .* checkpoint-00000003 is kept\. Lower",
    ):
        train(make_accelerator(CONFIG), network, Job(mixture, CONFIG, 7, tmp_path))
    assert all(torch.isfinite(weight).all() for weight in network.parameters())


@pytest.mark.parametrize("setting", ["gradient_checkpointing", "compile"])
def test_settings_of_speed_and_memory_do_not_change_the_curve(
    stream: Stream, tmp_path: Path, setting: str, monkeypatch: pytest.MonkeyPatch
):
    from pivotmine.model.training import layouts

    monkeypatch.setattr(layouts, "COMPILER", "aot_eager")  # without a C++ compiler
    plain, _ = run(stream, tmp_path / "plain", stop_at=3)
    other, network = run(
        stream, tmp_path / "other", CONFIG.model_copy(update={setting: True}), stop_at=3
    )
    for one, two in zip(curve(plain), curve(other), strict=True):
        assert two == pytest.approx(one, rel=1e-5)
    (layer,) = blocks(network)
    is_set = layer.gradient_checkpointing if "check" in setting else layer._compiled_call_impl
    assert is_set


def test_sequences_put_end_to_end_give_the_loss_of_the_batch(stream: Stream):
    network = start(CONFIG, [stream], 7, print).network
    cut = [Packing(stream, 12, (7,)).take(number) for number in range(3)]
    sequences = Sequences(*(np.stack(part) for part in zip(*cut, strict=True)))
    rows, row = (batch(sequences, CONFIG, kind, "cpu") for kind in ("dense", "flash"))
    assert rows["input_ids"].shape == (3, 12)
    assert row["input_ids"].shape == (1, 36), "variable-length attention takes one row"
    with torch.no_grad():
        assert float(network(**row).loss) == pytest.approx(float(network(**rows).loss), rel=1e-6)
    unmasked = CONFIG.model_copy(update={"mask_documents": False})
    assert batch(sequences, unmasked, "flash", "cpu")["input_ids"].shape == (3, 12)


def test_attention_that_a_device_or_precision_does_not_have_is_refused(stream: Stream):
    network = start(CONFIG, [stream], 7, print).network
    cpu = torch.device("cpu")
    assert set_attention(network, CONFIG, cpu) == "dense"
    with pytest.raises(ConfigError, match="attention=flex needs a GPU, and this runs on cpu"):
        set_attention(network, CONFIG.model_copy(update={"attention": "flex"}), cpu)
    with pytest.raises(ValueError, match="attention flash computes in bf16"):
        TrainingConfig.model_validate({"attention": "flash"})


def test_arithmetic_of_a_token_is_that_of_the_papers_formula(stream: Stream):
    network = start(CONFIG, [stream], 7, print).network
    # 4 x 16 x 16 attention, 3 x 16 x 32 feed-forward, 3 norms, tied embedding of 100 tokens
    n_weights = 4 * 256 + 3 * 512 + 3 * 16 + 100 * 16
    assert flops_per_token(network, 12) == 6 * n_weights + 12 * 1 * 16 * 12
    network.requires_grad_(False)
    assert flops_per_token(network, 12) == 4 * n_weights + 12 * 1 * 16 * 12


def test_weights_and_biases_get_the_curve_without_a_network(stream: Stream, tmp_path: Path):
    pytest.importorskip("wandb")
    config = CONFIG.model_copy(update={"tracking": TrackingConfig(wandb="offline")})
    run(stream, tmp_path, config)
    assert list((tmp_path / "wandb").glob("offline-run-*/run-*.wandb"))


def test_weights_and_biases_that_are_not_installed_are_named(
    stream: Stream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    import importlib.util

    from pivotmine.errors import SetupError

    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "wandb" else found(name)
    )
    config = CONFIG.model_copy(update={"tracking": TrackingConfig(wandb="offline")})
    with pytest.raises(SetupError, match=r"wandb not installed; .* pip install wandb"):
        run(stream, tmp_path, config)


@pytest.fixture
def saved(stream: Stream, tmp_path: Path) -> Path:
    """A model folder that knows the stream's tokenizer."""
    network = start(CONFIG, [stream], 1, print).network
    network.save_pretrained(tmp_path / "saved")
    transformers_tokenizer(stream.tokenizer).save_pretrained(tmp_path / "saved")
    return tmp_path / "saved"


def test_a_saved_model_is_trained_on(stream: Stream, saved: Path, tmp_path: Path):
    config = CONFIG.model_copy(update={"base": str(saved)})
    trained, network = run(stream, tmp_path / "run", config)
    assert len(trained.losses) == N_STEPS
    stored = load_model(str(saved), ModelConfig(device="cpu")).network
    pairs = zip(network.parameters(), stored.parameters(), strict=True)
    assert not all(torch.equal(one, other) for one, other in pairs)
    with pytest.raises(InputError, match="has 12 positions: lower"):
        start(config.model_copy(update={"sequence_tokens": 13}), [stream], 0, print)


def test_shards_of_another_tokenizer_are_refused(stream: Stream, saved: Path, tmp_path: Path):
    loaded = load_model(str(saved), ModelConfig(device="cpu"))
    check_tokenizer(loaded, stream)
    words = ["cat", "The", *(f"w{n}" for n in range(94))]
    other = open_stream(write_arm(tmp_path, [[5, 6]], arm="b", tokenizer=word_tokenizer(words)))
    with pytest.raises(InputError, match=r"b were tokenised by another tokenizer .*The cat sat"):
        check_tokenizer(loaded, other)
    with pytest.raises(InputError, match="b and arm were tokenised by different tokenizers"):
        start(CONFIG, [stream, other], 0, print)
    large = open_stream(write_arm(tmp_path, [[5, 6]], arm="c", vocab_size=70_000))
    with pytest.raises(InputError, match=r"ids up to 69,999, .* has 100 tokens"):
        check_tokenizer(loaded, large)


def test_low_rank_training_names_the_missing_package(monkeypatch: pytest.MonkeyPatch):
    import importlib.util

    from pivotmine.errors import SetupError

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SetupError, match="peft not installed"):
        with_lora(None, 2, 0)


@given(st.sampled_from(["constant", "cosine", "wsd"]), st.integers(1, 500))
def test_the_rate_rises_to_the_highest_and_not_beyond(schedule, n_steps):
    config = TrainingConfig(schedule=schedule, warmup_share=0.1)
    rates = [rate(step, n_steps, config) for step in range(n_steps)]
    n_warmup = -(-n_steps // 10)
    assert max(rates) == pytest.approx(1.0)
    assert rates[:n_warmup] == sorted(rates[:n_warmup])
    assert rates[n_warmup:] == sorted(rates[n_warmup:], reverse=True)
    assert min(rates) > 0


def test_cosine_and_wsd_end_at_the_final_rate():
    settings = {"warmup_share": 0.1, "final_rate_share": 0.1}
    cosine = TrainingConfig(schedule="cosine", **settings)
    assert rate(99, 100, cosine) == pytest.approx(0.1)
    assert rate(55, 101, cosine) == pytest.approx(0.55, abs=0.02), "half way, half way down"
    wsd = TrainingConfig(schedule="wsd", decay_share=0.2, **settings)
    assert [rate(step, 100, wsd) for step in (10, 50, 79)] == [1.0, 1.0, 1.0]
    assert rate(89, 100, wsd) == pytest.approx(0.55)
    assert rate(99, 100, wsd) == pytest.approx(0.1)
    assert rate(99, 100, TrainingConfig(schedule="constant", **settings)) == 1.0


MUON = CONFIG.model_copy(
    update={
        "optimizer": "muon",
        "shape": CONFIG.shape.model_copy(update={"family": "qwen3", "activation": "relu2"}),
    }
)


def test_muon_trains_the_inner_matrices_and_adamw_the_rest(stream: Stream):
    network = start(MUON, [stream], 7, print).network
    muon, adamw = optimizers(network, MUON, torch.device("cpu"))
    names = {id(weight): name for name, weight in network.named_parameters()}
    inner, rest = (
        {names[id(weight)] for group in one.param_groups for weight in group["params"]}
        for one in (muon, adamw)
    )
    assert inner | rest == set(names.values())
    assert not inner & rest
    assert all("proj" in name for name in inner)
    assert {name for name in rest if "norm" not in name} == {"model.embed_tokens.weight"}


def test_a_run_with_muon_is_resumed_to_the_same_bits(stream: Stream, tmp_path: Path):
    whole, network = run(stream, tmp_path / "whole", MUON)
    run(stream, tmp_path / "killed", MUON, stop_at=5)
    again, _ = run(stream, tmp_path / "killed", MUON)
    assert curve(again) == curve(whole)
    assert whole.losses["loss"].to_pylist()[-1] < whole.losses["loss"].to_pylist()[0]
    assert type(network).__name__.startswith("Qwen3")
