"""Is a gain explained by what was shown? Each pair's and each word's gain against exposures.

The gain of a pair in an arm is its worth of the source less that after the base phase, mean over
seeds; the gain of a word is that of a target token, mean over the held-out pairs in which it
stands. Both are regressed on log(1 + exposures), on log(1 + frequency), and on log(1 + paths), by
least squares over all arms. R2 is out of sample: five parts of the pairs, or of the words, each
predicted from the others, so a pair is never in both.

Memory: 134 MB an arm, for exposures of 4,096 pieces.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.gain.draws import number
from bench.gain.exposures import Exposures, contexts_of, count_exposures, shown
from bench.gain.kept import Kept
from bench.gain.results import Results
from bench.gain.vocabulary import load
from pivotmine.model.config.training import BASE, ArmPlan
from pivotmine.model.load import LoadedModel
from pivotmine.model.losses.conditional import token_gains
from pivotmine.model.losses.pairs import Pair, read_pairs
from pivotmine.text.tokenizer_runtime import TokenizerRuntime

Array = NDArray[np.float64]

Gains = dict[str, dict[str, dict[tuple[int, int], float]]]
"""Arm -> direction -> (pair, token) -> gain over the base phase, mean over seeds, nats."""

N_FOLDS = 5
LEAST_OCCURRENCES = 5
"""Held-out occurrences of a word, of one direction, from which its gain is used."""

MODELS: dict[str, tuple[str, ...]] = {
    "frequency": ("frequency",),
    "exposures": ("exposures",),
    "frequency and exposures": ("frequency", "exposures"),
    "frequency and paths": ("frequency", "paths"),
    "all": ("frequency", "exposures", "paths"),
}


class Observations(NamedTuple):
    """Gains and what was shown, [N] each."""

    unit: list[str]
    """Pair or word; its arms are in one fold."""
    gain: Array
    predictors: dict[str, Array]
    """exposures, frequency, paths: mean of log(1 + n) over target tokens."""


def attribute(out: Path, results: Results, length: int) -> dict[str, Any]:
    """R2 of each set of predictors for pairs and, where models were kept, for words."""
    grid = results.grid
    runtime, row = load(out / "tokenizer.json")
    n_vocabulary = int(row["vocab_size"])
    path = out / "heldout" / "pairs.parquet"
    pairs = read_pairs(path, grid.pair_directions, grid.n_pairs)
    counted = {arm.name: _exposures(out, arm, length, n_vocabulary) for arm in grid.arms}
    of_pairs = pair_observations(results, pairs, counted, runtime)
    found = {"pairs": fit(of_pairs), "n_pairs": len(of_pairs.unit)}
    if gains := _token_gains(out, results, pairs):
        of_words = word_observations(gains, pairs, counted, runtime)
        found |= {"words": fit(of_words), "n_words": len(of_words.unit)}
        found["covered_less_uncovered"] = {
            arm: covered_less_uncovered({arm: of}, pairs, counted, runtime)
            for arm, of in gains.items()
        }
    return found


def covered_less_uncovered(
    gains: Gains,
    pairs: Mapping[str, Sequence[Pair]],
    counted: Mapping[str, Exposures],
    runtime: TokenizerRuntime,
) -> float:
    """Mean gain of words that arms showed beside a source's words less that of all others, nats."""
    seen: dict[bool, list[float]] = {True: [], False: []}
    for arm, by_direction in gains.items():
        for direction, of_tokens in by_direction.items():
            tokens = _tokens(pairs[direction], runtime)
            for (place, token), gain in of_tokens.items():
                known = shown(counted[arm], tokens[place][0], token).exposures > 0
                seen[known].append(gain)
    if not all(seen.values()):
        return float("nan")
    return float(np.mean(seen[True]) - np.mean(seen[False]))


def write(found: Mapping[str, Any], folder: Path) -> Path:
    """Write the figures beside the collected results."""
    path = folder / "attribution.json"
    path.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return path


def pair_observations(
    results: Results,
    pairs: Mapping[str, Sequence[Pair]],
    counted: Mapping[str, Exposures],
    runtime: TokenizerRuntime,
) -> Observations:
    """One observation for each arm, direction and pair."""
    units, gains, rows = [], [], []
    for direction, given in pairs.items():
        tokens = _tokens(given, runtime)
        before = results.worth[BASE][direction].mean(axis=0)
        for arm, exposures in counted.items():
            after = results.worth[arm][direction].mean(axis=0)
            for place, (source, target) in enumerate(tokens):
                if not target:
                    continue
                units.append(f"{direction} {place}")
                gains.append(after[place] - before[place])
                seen = [np.log1p(shown(exposures, source, token)) for token in target]
                rows.append(np.mean(seen, axis=0))
    return _observations(units, gains, rows)


def word_observations(
    gains: Gains,
    pairs: Mapping[str, Sequence[Pair]],
    counted: Mapping[str, Exposures],
    runtime: TokenizerRuntime,
) -> Observations:
    """One observation for each arm, direction and target token."""
    units, means, rows = [], [], []
    for arm, by_direction in gains.items():
        for direction, of_tokens in by_direction.items():
            tokens = _tokens(pairs[direction], runtime)
            by_word: dict[int, list[tuple[float, Array]]] = defaultdict(list)
            for (place, token), gain in sorted(of_tokens.items()):
                seen = np.log1p(shown(counted[arm], tokens[place][0], token))
                by_word[token].append((gain, seen))
            for token, found in by_word.items():
                if len(found) >= LEAST_OCCURRENCES:
                    units.append(f"{direction} {token}")
                    means.append(float(np.mean([gain for gain, _ in found])))
                    rows.append(np.mean([seen for _, seen in found], axis=0))
    return _observations(units, means, rows)


def fit(observed: Observations) -> dict[str, dict[str, Any]]:
    """Out-of-sample R2 and standardised coefficients of each set of predictors."""
    fold = np.array([number(0, "fold", unit) % N_FOLDS for unit in observed.unit])
    found = {}
    for name, used in MODELS.items():
        design = np.stack([observed.predictors[one] for one in used], axis=1)
        predicted = np.zeros(len(fold))
        for one in range(N_FOLDS):
            inside = fold != one
            predicted[~inside] = _predict(design[inside], observed.gain[inside], design[~inside])
        rest = float(((observed.gain - predicted) ** 2).sum())
        all_of_it = float(((observed.gain - observed.gain.mean()) ** 2).sum())
        found[name] = {
            "r2": 1.0 - rest / all_of_it if all_of_it else 0.0,
            "coefficients": dict(zip(used, _standardised(design, observed.gain), strict=True)),
        }
    return found


def _predict(design: Array, gain: Array, asked: Array) -> Array:
    ones = np.ones((len(design), 1))
    weights, *_ = np.linalg.lstsq(np.hstack([ones, design]), gain, rcond=None)
    predicted: Array = np.hstack([np.ones((len(asked), 1)), asked]) @ weights
    return predicted


def _standardised(design: Array, gain: Array) -> list[float]:
    """Nats of gain for a standard deviation of each predictor."""
    deviation = design.std(axis=0)
    scaled = (design - design.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
    weights, *_ = np.linalg.lstsq(scaled, gain - gain.mean(), rcond=None)
    return [float(weight) for weight in weights]


def _observations(units: list[str], gains: Sequence[float], rows: Sequence[Array]) -> Observations:
    columns = np.array(rows, np.float64).reshape(-1, 3).T
    names = ("exposures", "frequency", "paths")
    return Observations(units, np.array(gains), dict(zip(names, columns, strict=True)))


def _tokens(pairs: Sequence[Pair], runtime: TokenizerRuntime) -> list[tuple[list[int], list[int]]]:
    """Tokens of each source, and those of its target that are in neither its own nor the next."""
    sources = [ids.tolist() for ids, _ in runtime.encode_documents([[p.source] for p in pairs])]
    targets = [ids.tolist() for ids, _ in runtime.encode_documents([[p.target] for p in pairs])]
    found = []
    for place, (source, target) in enumerate(zip(sources, targets, strict=True)):
        copied = {*source, *sources[(place + 1) % len(sources)]}
        found.append((source, [token for token in target if token not in copied]))
    return found


def _exposures(out: Path, arm: ArmPlan, length: int, n_vocabulary: int) -> Exposures:
    """Exposures of an arm; streams that are read in part or often count for as much."""
    parts = []
    for stream in arm.streams:
        folder = out / "shards" / Path(stream.shards).name
        one = count_exposures(list(contexts_of(folder, length)), n_vocabulary)
        parts.append((one, stream.ratio))
    if len(parts) == 1:
        return parts[0][0]
    together = sum(one.together * np.float32(ratio) for one, ratio in parts)
    tokens = sum(one.tokens * ratio for one, ratio in parts)
    association = np.max([one.association for one, _ in parts], axis=0)
    return Exposures(np.asarray(together), np.asarray(tokens), association)


def _token_gains(out: Path, results: Results, pairs: Mapping[str, Sequence[Pair]]) -> Gains:
    """Arm -> direction -> (pair, token) -> gain over the base; empty if no models were kept."""
    kept = Kept(out, results)
    found: Gains = {}
    for seed in kept.seeds:
        before = _gains(kept.load(BASE, seed), pairs)
        for arm in kept.arms:
            for direction, gains in _gains(kept.load(arm, seed), pairs).items():
                sums = found.setdefault(arm, {}).setdefault(direction, defaultdict(float))
                for key, gain in gains.items():
                    sums[key] += (gain - before[direction][key]) / len(kept.seeds)
    return found


def _gains(
    model: LoadedModel, pairs: Mapping[str, Sequence[Pair]]
) -> dict[str, dict[tuple[int, int], float]]:
    """Mean gain of each token of each pair, by direction."""
    found: dict[str, dict[tuple[int, int], float]] = {}
    for direction, given in pairs.items():
        by_token: dict[tuple[int, int], list[float]] = defaultdict(list)
        for pair, token, gain in token_gains(model, given):
            by_token[pair, token].append(gain)
        found[direction] = {key: float(np.mean(gains)) for key, gains in by_token.items()}
    return found
