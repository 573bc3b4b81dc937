"""Models of the Hugging Face hub, by name: `Qwen/Qwen3-0.6B`, or `Qwen/Qwen3-0.6B@revision`.

huggingface_hub fetches a model into its cache (`HF_HOME`) and finds it there later, also without a
network. Tokens, mirrors and offline mode are its own (`hf auth login`, `HF_ENDPOINT`,
`HF_HUB_OFFLINE`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from pivotmine.errors import InputError

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(@[\w./-]+)?")

_FILES = ["*.json", "*.safetensors", "*.model", "*.jinja", "*.txt"]
"""What transformers reads; other formats of the same weights are left out."""


def is_hub_name(source: str) -> bool:
    """Whether a text has the form of a name on the hub.

    >>> [is_hub_name(name) for name in ("Qwen/Qwen3-0.6B@main", "smollm2-135m", "./a/b", "a/b/c")]
    [True, False, False, False]
    """
    return _NAME.fullmatch(source) is not None


def from_hub(
    source: str, with_code: bool = False, say: Callable[[str], None] = lambda _: None
) -> Path:
    """The folder of a model, after fetching what is not in the cache.

    `with_code` also fetches the model's own Python files.

    Raises
    ------
    InputError
        There is no such model, it asks for a licence to be accepted, or it is not in the cache and
        the hub cannot be reached. The message says how to fetch it.
    """
    from huggingface_hub import errors, snapshot_download

    name, _, revision = source.partition("@")
    say(f"looking for {source} on the hub")
    wanted = [*_FILES, "*.py"] if with_code else _FILES
    try:
        return Path(snapshot_download(name, revision=revision or None, allow_patterns=wanted))
    except errors.GatedRepoError:
        raise InputError(
            f"{name} asks for its licence to be accepted: do so at https://huggingface.co/{name}, "
            "then run hf auth login"
        ) from None
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError):
        raise InputError(
            f"the hub has no model {source} that you may see, and there is no such folder; for a "
            "private one run hf auth login"
        ) from None
    except (errors.LocalEntryNotFoundError, errors.HfHubHTTPError, OSError) as error:
        reason = str(error).strip().partition("\n")[0]
        where = f" --revision {revision}" if revision else ""
        folder = name.rpartition("/")[2]
        raise InputError(
            f"no folder {source} here, and the hub cannot be reached ({reason}): where there is a "
            f"network, run hf download {name}{where} --local-dir {folder}, and give that folder"
        ) from None
