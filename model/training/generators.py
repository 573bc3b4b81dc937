"""Random generators of a process, as a checkpoint keeps them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import numpy as np


def generators() -> dict[str, Any]:
    """The states of this process's random generators, as values that torch reads safely."""
    import torch

    numpy_state: dict[str, Any] = dict(np.random.get_state(legacy=False))
    keys = numpy_state["state"]["key"].astype(np.int64)
    numpy_state["state"] = {**numpy_state["state"], "key": torch.from_numpy(keys)}
    version, internal, gauss_next = random.getstate()
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "numpy": numpy_state,
        "python": [version, list(internal), gauss_next],
    }


def restore(states: Mapping[str, Any]) -> None:
    """Set the generators of this process to what `generators` gave."""
    import torch

    torch.set_rng_state(states["torch"])
    if states["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(states["cuda"])
    inner = states["numpy"]["state"]
    keys = inner["key"].numpy().astype(np.uint32)
    np.random.set_state({**states["numpy"], "state": {**inner, "key": keys}})
    version, internal, gauss_next = states["python"]
    random.setstate((version, tuple(internal), gauss_next))
