"""Loading models, and what is said when that fails."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from pivotmine.errors import InputError, SetupError
from pivotmine.model.config.measuring import ModelConfig
from pivotmine.model.load import PACKAGES, load_model
from pivotmine.model.scoring.engine import log_probs
from pivotmine.model.scoring.tokens import tokenize
from pivotmine.model.words.dataset import WordSet
from tests.model.conftest import loaded, metaspace_tokenizer

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")


@pytest.fixture
def folder(small_words: WordSet, tmp_path: Path) -> Path:
    model = loaded("llama", metaspace_tokenizer(small_words))
    model.network.save_pretrained(tmp_path / "model")
    model.tokenizer.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


TEXT = [("English: dog\nFrench:", " chien")]


def test_a_saved_folder_gives_the_same_numbers(folder: Path, small_words: WordSet):
    first = loaded("llama", metaspace_tokenizer(small_words))
    second = load_model(str(folder))
    for model in (first, second):
        questions = tokenize(model.tokenizer, TEXT)
        assert questions == tokenize(first.tokenizer, TEXT)
        assert log_probs(model, questions) == pytest.approx(log_probs(first, questions), abs=1e-5)


def test_the_version_follows_weights_and_precision(folder: Path):
    one = load_model(str(folder)).version
    assert load_model(str(folder)).version == one
    half = load_model(str(folder), ModelConfig(dtype="bfloat16"))
    assert half.version != one
    assert next(half.network.parameters()).dtype == torch.bfloat16
    weights = folder / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(bytes(content))
    assert load_model(str(folder)).version != one


def test_no_gradient_is_kept(folder: Path):
    network = load_model(str(folder)).network
    assert not network.training
    assert not any(weight.requires_grad for weight in network.parameters())


def test_paths_without_a_model_are_named(tmp_path: Path):
    with pytest.raises(InputError, match="no model at 'nowhere'"):
        load_model("nowhere")
    with pytest.raises(InputError, match=r"holds no config\.json"):
        load_model(str(tmp_path))
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF, but not really")
    pytest.importorskip("gguf")
    pytest.importorskip("accelerate")
    with pytest.raises(InputError, match=r"broken\.gguf cannot be read as a GGUF model"):
        load_model(str(broken), cache=tmp_path / "cache")
    assert list(tmp_path.rglob("config.json")) == []


@pytest.mark.parametrize("missing", ["gguf", "accelerate"])
def test_a_gguf_file_without_its_reader_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == missing else found(name)
    )
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF")
    with pytest.raises(SetupError, match=rf"{missing}.*not installed.*\.\[model\]"):
        load_model(str(file), cache=tmp_path)


@pytest.mark.parametrize("name", sorted(PACKAGES))
def test_a_model_package_that_is_missing_names_the_command(
    monkeypatch: pytest.MonkeyPatch, name: str, tmp_path: Path
):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda module: None if module == PACKAGES[name].module else found(module),
    )
    with pytest.raises(SetupError, match=PACKAGES[name].install.replace("==", ".*")):
        load_model(name, cache=tmp_path)


@pytest.fixture
def hub_cache(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the hub that holds `acme/tiny`, and no network."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    held = tmp_path / "hub" / "models--acme--tiny"
    (held / "refs").mkdir(parents=True)
    (held / "refs" / "main").write_text("a" * 40)
    (held / "snapshots").mkdir()
    folder.rename(held / "snapshots" / ("a" * 40))
    return held


def test_a_name_on_the_hub_is_found_in_its_cache(
    hub_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    found = load_model("acme/tiny")
    assert found.name == "acme/tiny"
    assert load_model(f"acme/tiny@{'a' * 40}").version == found.version
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acme").mkdir()
    (hub_cache / "snapshots" / ("a" * 40)).rename(tmp_path / "acme" / "tiny")
    assert load_model("acme/tiny").version == found.version, "a folder of that name goes before"


def test_a_name_that_cannot_be_fetched_says_how_to_fetch_it(hub_cache: Path):
    with pytest.raises(
        InputError,
        match=r"cannot be reached .*run hf download acme/large --revision v2 --local-dir large,",
    ):
        load_model("acme/large@v2")


def test_code_of_a_model_runs_only_if_it_is_trusted(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from transformers import dynamic_module_utils

    monkeypatch.setattr(dynamic_module_utils, "HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.setattr(sys, "path", [*sys.path])  # it puts that folder there
    config = json.loads((folder / "config.json").read_text())
    config["model_type"] = "own_llama"
    names = {"AutoConfig": "own.OwnConfig", "AutoModelForCausalLM": "own.OwnModel"}
    (folder / "config.json").write_text(json.dumps({**config, "auto_map": names}))
    (folder / "own.py").write_text(
        "from transformers import LlamaConfig, LlamaForCausalLM\n"
        "class OwnConfig(LlamaConfig):\n    model_type = 'own_llama'\n"
        "class OwnModel(LlamaForCausalLM):\n    config_class = OwnConfig\n"
    )
    with pytest.raises(InputError, match=r"needs Python code of its own.*trust_remote_code=true"):
        load_model(str(folder))
    own = load_model(str(folder), ModelConfig(trust_remote_code=True))
    assert type(own.network).__name__ == "OwnModel"


def test_a_missing_device_is_an_error(folder: Path):
    with pytest.raises(InputError, match="is not a device"):
        load_model(str(folder), ModelConfig(device="abacus"))
    if not torch.cuda.is_available():
        with pytest.raises(SetupError, match="finds no CUDA"):
            load_model(str(folder), ModelConfig(device="cuda"))


def test_loading_imports_no_model_package(folder: Path):
    load_model(str(folder))
    assert not {package.module for package in PACKAGES.values()} & sys.modules.keys()
