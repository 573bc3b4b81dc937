"""Retrieval in the middle layer: how often a translation is the nearest held-out sentence.

A sentence is the mean of its tokens' states after the middle block. Neighbours are by CSLS, so no
sentence is near to all (`pivotmine.model.evaluation.retrieval`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.gain.kept import Kept
from bench.gain.results import Results
from pivotmine.errors import InputError
from pivotmine.model.config.training import BASE
from pivotmine.model.evaluation.retrieval import csls, hits
from pivotmine.model.load import LoadedModel
from pivotmine.model.losses.pairs import Pair, read_pairs
from pivotmine.model.statistics.paired import paired_t

Array = NDArray[np.float64]

FILE = "retrieval.json"
_BATCH = 64


def retrieve(out: Path, results: Results, folder: Path) -> dict[str, dict[str, Any]]:
    """Share of hits of each arm whose models were kept, over seeds; written to FOLDER/FILE.

    Raises
    ------
    InputError
        No models were kept.
    """
    kept, grid = Kept(out, results), results.grid
    if not kept.seeds:
        raise InputError(f"{out}/grid keeps no models: train it with --keep")
    path = out / "heldout" / "pairs.parquet"
    pairs = read_pairs(path, grid.pair_directions, grid.n_pairs)
    found = {}
    for arm in (BASE, *kept.arms):
        shares = np.array([hit_share(kept.load(arm, seed), pairs) for seed in kept.seeds])
        found[arm] = paired_t(shares)[0]._asdict() | {"by_seed": shares.tolist()}
    (folder / FILE).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


def hit_share(model: LoadedModel, pairs: Mapping[str, Sequence[Pair]]) -> float:
    """Share of sources whose target is the nearest of all targets, mean over directions."""
    shares = []
    for given in pairs.values():
        sides = [states(model, [pair[side] for pair in given]) for side in (0, 1)]
        centred = [of - of.mean(axis=0) for of in sides]
        shares.append(float(hits(csls(*centred)).mean()))
    return float(np.mean(shares))


def states(model: LoadedModel, texts: Sequence[str]) -> Array:
    """Mean state of each text after the middle block, [texts, width]."""
    import torch

    encoded = [model.tokenizer(text)["input_ids"] for text in texts]
    found: list[Array] = [np.empty(0)] * len(texts)
    order = sorted(range(len(texts)), key=lambda place: len(encoded[place]))
    for start in range(0, len(order), _BATCH):
        places = order[start : start + _BATCH]
        longest = max(len(encoded[place]) for place in places)
        ids = torch.zeros((len(places), longest), dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, place in enumerate(places):
            ids[row, : len(encoded[place])] = torch.tensor(encoded[place])
            mask[row, : len(encoded[place])] = 1
        with torch.inference_mode():
            read = model.network(
                input_ids=ids, attention_mask=mask, output_hidden_states=True, use_cache=False
            ).hidden_states
        middle = read[len(read) // 2] * mask[..., None]
        means = (middle.sum(dim=1) / mask.sum(dim=1)[:, None]).double().numpy()
        for row, place in enumerate(places):
            found[place] = means[row]
    return np.stack(found)
