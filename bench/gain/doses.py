"""How gain grows with the dose: links_coverage and entropy, selected and trained at each budget.

Tokens to reach: the budget at which links_coverage gains what entropy gains with the largest, on a
line between budgets in logarithms of tokens.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from math import exp, log
from pathlib import Path
from typing import Any

import numpy as np

from bench.gain.analysis import LINKS, RANDOM
from bench.gain.arms import write_arms
from bench.gain.training import read_conf, seeds_of, train
from pivotmine.model.comparison.run import final
from pivotmine.model.comparison.tables import CONDITIONAL, read_grid
from pivotmine.model.progress import Progress
from pivotmine.model.results import read_run
from pivotmine.model.statistics.paired import paired_t

RIVAL = "entropy"

Curve = dict[str, dict[str, Any]]
"""Tokens -> arm -> mean, low and high of the gain over random."""


def curve(out: Path, budgets: Sequence[int], seeds: str, progress: Progress) -> Curve:
    """Train what is missing; returns the gains at each budget. The base phase is that of OUT."""
    recipe = read_conf(out)
    base = recipe.grid.base
    found: Curve = {}
    for tokens in sorted(budgets):
        shards = f"dose-{tokens}"
        if not (out / shards / "arms.json").exists():
            write_arms(out, tokens, base.tokens if base else 0, 0, shards)
        arms = [
            {"name": name, "streams": [{"shards": str((out / shards / name).resolve())}]}
            for name in (RANDOM, RIVAL, LINKS)
        ]
        changed = {"arms": arms, "contrasts": [], "tokens": tokens, "seeds": seeds_of(seeds)}
        folder = out / "dose" / str(tokens)
        train(read_conf(out, **changed), folder, progress)
        rows = read_run(folder, "grid").words
        scores = read_grid(rows, [RANDOM, RIVAL, LINKS]).arms
        n_last = recipe.grid.final_evaluations
        means = {a: final(of, CONDITIONAL, n_last).mean(axis=1) for a, of in scores.items()}
        found[str(tokens)] = {
            arm: paired_t(means[arm] - means[RANDOM])[0]._asdict() for arm in (RIVAL, LINKS)
        }
    return found


def tokens_to_reach(found: Mapping[str, Mapping[str, Any]]) -> float:
    """Tokens of `RIVAL` for a token of links at the rival's last gain; NaN if it is not reached."""
    tokens = sorted(int(one) for one in found)
    wanted = found[str(tokens[-1])][RIVAL]["mean"]
    gains = [found[str(one)][LINKS]["mean"] for one in tokens]
    if gains[0] >= wanted:
        return tokens[-1] / tokens[0]  # at least
    for place in range(1, len(tokens)):
        before, after = gains[place - 1], gains[place]
        if before < wanted <= after:
            part = (wanted - before) / (after - before)
            steps = log(tokens[place]) - log(tokens[place - 1])
            return tokens[-1] / exp(log(tokens[place - 1]) + part * steps)
    return float(np.nan)


def lines(found: Curve) -> Iterator[str]:
    """The curve and the ratio in words."""
    for tokens, arms in found.items():
        gains = ", ".join(f"{arm} {one['mean']:+.3f}" for arm, one in arms.items())
        yield f"{int(tokens):,} tokens: {gains}"
    yield f"tokens of {RIVAL} for one of links, at the same gain: {tokens_to_reach(found):.1f}"


def write(found: Curve, folder: Path) -> None:
    """Write the figures beside the collected results."""
    folder.mkdir(parents=True, exist_ok=True)
    ratio = tokens_to_reach(found)
    about = {"gains": found, "tokens_to_reach": None if np.isnan(ratio) else ratio}
    (folder / "dose.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
