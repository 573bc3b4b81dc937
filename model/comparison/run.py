"""From a grid's raw results to its conclusions, as a pure function of the files of its folder.

The unit of a contrast is a word. Its score is averaged over directions first, so a word counts
once. Only the contrasts that the recipe declares are tested, as one family; the other numbers are
descriptive and have no p-value.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.model.comparison.tables import ArmScores, GridScores, read_grid
from pivotmine.model.config.training import BASE, ContrastConfig, GridConfig
from pivotmine.model.results import Run, read_table
from pivotmine.model.scoring.metrics import N_CANDIDATES, RANGE, chance
from pivotmine.model.statistics.paired import equivalence, paired_t, two_way_bootstrap, wider
from pivotmine.model.statistics.power import detectable, spread
from pivotmine.model.statistics.reach import first_reach, tokens_to_reach
from pivotmine.model.statistics.registration import history
from pivotmine.model.statistics.verdict import Finding, findings
from pivotmine.numeric.bootstrap import Interval

Array = NDArray[np.float64]

POWER = 0.8
"""Power at which detectable differences are given."""
HALF = 0.5
"""Accuracy whose tokens to reach it are given for every arm."""
GUARD_RAIL = 0.01
"""Margin of the equivalence test of held-out losses, as a share of the loss."""
SEED = 0
"""Seed of the bootstrap."""


def compare(run: Run) -> dict[str, Any]:
    """The numbers of the page, as plain values.

    Raises
    ------
    InputError
        The grid has no word task, or its runs are not complete.
    """
    grid = GridConfig.model_validate(run.summary["recipe"]["grid"])
    arms = [arm.name for arm in grid.arms]
    table = read_grid(run.words, arms)._replace(
        n_candidates=run.summary["words"].get("n_candidates", N_CANDIDATES)
    )
    if not table.concepts:
        raise InputError("this grid has no word task (grid.words is empty): nothing to compare")
    differences = [
        _result(table.arms[one.arm], grid) - _result(table.arms[one.against], grid)
        for one in grid.contrasts
    ]
    if grid.adjust_for_base:
        before = final(read_grid(run.words, [BASE]).arms[BASE], grid.metric)
        differences = [adjusted(values, before) for values in differences]
    judged = findings(differences, grid.alpha, grid.n_resamples, SEED)
    contrasts = [
        _contrast(declared, found, values, table, grid)
        for declared, found, values in zip(grid.contrasts, judged, differences, strict=True)
    ]
    return {
        "model": run.summary["model"],
        "words": run.summary["words"],
        "recipe": run.summary["recipe"],
        "phases": run.summary["phases"],
        "metric": grid.metric,
        "alpha": grid.alpha,
        "seeds": table.seeds,
        "n_seeds": len(table.seeds),
        "n_words": len(table.concepts),
        "n_candidates": table.n_candidates,
        "arms": {arm: _arm(table.arms[arm], grid) for arm in arms},
        "contrasts": contrasts,
        "registered": [line._asdict() for line in history(run.path.parent, grid)],
        "verdict": [_sentence(one, len(table.seeds), grid) for one in contrasts],
        "cost": _cost(run),
    }


def final(arm: ArmScores, metric: str, n_last: int = 1) -> Array:
    """Scores at the end, mean over directions and the last evaluations, [seeds, concepts]."""
    ends = [values[:, -n_last:].mean(axis=1) for values in arm.words[metric].values()]
    scores: Array = np.mean(ends, axis=0)
    return scores


def adjusted(differences: Array, before: Array) -> Array:
    """Differences without what the scores before the arms explain, both [seeds, concepts].

    The slope is that of least squares over all seeds and concepts. The mean stays the same.
    """
    centred = before - before.mean()
    square = float((centred**2).sum())
    slope = float((centred * differences).sum()) / square if square else 0.0
    rest: Array = differences - slope * centred
    return rest


def _result(arm: ArmScores, grid: GridConfig) -> Array:
    return final(arm, grid.metric, grid.final_evaluations)


def curve(arm: ArmScores, metric: str) -> Array:
    """Scores along the run, mean over directions and concepts, [seeds, points]."""
    scores: Array = np.mean([v.mean(axis=2) for v in arm.words[metric].values()], axis=0)
    return scores


def _arm(arm: ArmScores, grid: GridConfig) -> dict[str, Any]:
    """Description of one arm: means with intervals that hold for new seeds and words."""

    def estimate(values: Array, metric: str) -> dict[str, float]:
        t, _ = paired_t(values.mean(axis=1))
        return _cut(wider(t, two_way_bootstrap(values, grid.n_resamples, SEED)), metric)._asdict()

    along = curve(arm, grid.metric)
    bands = [paired_t(along[:, point])[0] for point in range(along.shape[1])]
    return {
        "metrics": {
            metric: estimate(final(arm, metric, grid.final_evaluations), metric)
            for metric in arm.words
        },
        "directions": {
            name: {
                metric: estimate(values[name][:, -1], metric)
                for metric, values in arm.words.items()
                if name in values
            }
            for name in arm.words[grid.metric]
        },
        "by_seed": _result(arm, grid).mean(axis=1).tolist(),
        "heldout": {
            name: paired_t(values[:, -1])[0]._asdict() for name, values in arm.heldout.items()
        },
        "tokens": arm.tokens,
        "tokens_to_half": [
            first_reach(arm.tokens, along_seed, HALF)
            for along_seed in curve(arm, "accuracy_source")
        ],
        "curve": {
            "mean": [band.mean for band in bands],
            "low": [_cut(band, grid.metric).low for band in bands],
            "high": [_cut(band, grid.metric).high for band in bands],
        },
    }


def _cut(interval: Interval, metric: str) -> Interval:
    """The part of an interval that the metric's mean can lie in; NaN stays."""
    low, high = RANGE.get(metric, (-np.inf, np.inf))
    inside = np.clip([interval.low, interval.high], low, high)
    return interval._replace(low=float(inside[0]), high=float(inside[1]))


def _contrast(
    declared: ContrastConfig, found: Finding, values: Array, table: GridScores, grid: GridConfig
) -> dict[str, Any]:
    arm, against = table.arms[declared.arm], table.arms[declared.against]
    others = against.words[grid.metric]
    by = spread(values)
    deviation = by.over_seeds(values.shape[1])
    # Holm's first step, which the strongest contrast must pass.
    alpha = grid.alpha / max(len(grid.contrasts), 1)
    rest = found._asdict()
    for name in ("interval", "t", "bootstrap"):
        rest[name] = rest[name]._asdict()
    return {
        **declared.model_dump(),
        **rest,
        "spread": by._asdict(),
        "detectable": detectable(deviation, values.shape[0], alpha, POWER),
        "directions": {
            name: paired_t((last - others[name])[:, -1].mean(axis=1))[0]._asdict()
            for name, last in arm.words[grid.metric].items()
        },
        "accuracy": paired_t(
            (final(arm, "accuracy_source") - final(against, "accuracy_source")).mean(axis=1)
        )[0]._asdict(),
        "reach": _reach(arm, against, grid.metric, table.n_candidates),
        "heldout": {
            name: _guard_rail(arm.heldout[name][:, -1], against.heldout[name][:, -1])
            for name in arm.heldout
        },
    }


def _reach(
    arm: ArmScores, against: ArmScores, metric: str, n_candidates: int
) -> dict[str, Any] | None:
    """Tokens to reach the other arm's final score; None if that is not above chance."""
    end, _ = paired_t(final(against, metric).mean(axis=1) - chance(metric, n_candidates))
    if not end.low > 0:
        return None
    return tokens_to_reach(arm.tokens, curve(arm, metric), curve(against, metric))._asdict()


def _guard_rail(arm: Array, against: Array) -> dict[str, float]:
    """Relative change of a held-out loss, and the p-value that it is beyond the margin."""
    relative = arm / against - 1
    interval, _ = paired_t(relative)
    return {**interval._asdict(), "p_equivalent": equivalence(relative, GUARD_RAIL)}


def _sentence(one: dict[str, Any], n_seeds: int, grid: GridConfig) -> str:
    """The conclusion about a contrast, as a sentence."""
    names = f"{one['arm']} against {one['against']}"
    low, high = one["interval"]["low"], one["interval"]["high"]
    size = f"{one['interval']['mean']:+.3f} [{low:+.3f}, {high:+.3f}]"
    why = (f" ({one['why']})" if one["why"] else "") + _price(one["heldout"])
    if one["verdict"] == "significant":
        side = "more" if one["interval"]["mean"] > 0 else "less"
        return f"{names}: {side} {grid.metric}, {size}, Holm {_p(one['p_adjusted'])}{why}"
    if one["verdict"] == "too few seeds":
        return (
            f"{names}: not decided. {n_seeds} seeds cannot give the exact test less than "
            f"p = {one['smallest_p_flip']:.3g}; {size}{why}"
        )
    return (
        f"{names}: no significant difference, {size}, Holm {_p(one['p_adjusted'])}. What "
        f"{n_seeds} seeds find four times in five is {one['detectable']:.3f}{why}"
    )


def _price(heldout: dict[str, dict[str, float]]) -> str:
    """The held-out texts whose loss rose by more than the margin, as a clause."""
    worse = [
        f"{name} {change['mean']:+.1%}"
        for name, change in heldout.items()
        if change["low"] > GUARD_RAIL
    ]
    return f"; at a price: held-out loss {', '.join(worse)}" if worse else ""


def _p(value: float) -> str:
    return "p < 0.0001" if value < 0.0001 else f"p = {value:.4f}"


def _cost(run: Run) -> dict[str, dict[str, float]]:
    """Seconds, tokens a second and last loss of each arm; evaluation is not counted."""
    key = run.path.stem.partition("-")[2]
    losses = read_table(run.path.with_name(f"losses-{key}.parquet"))
    if losses is None:
        return {}
    arms = losses["arm"].to_numpy(zero_copy_only=False)
    seconds = losses["seconds"].to_numpy()
    loss = losses["loss"].to_numpy()
    steps = losses["step"].to_numpy()
    tokens = losses["tokens"].to_numpy()
    found = {}
    for arm in dict.fromkeys(arms.tolist()):
        here = arms == arm
        last = here & (steps > 0.9 * steps[here].max())
        n_runs = int((steps[here] == 1).sum())
        found[arm] = {
            "runs": n_runs,
            "seconds": float(seconds[here].sum() / n_runs),
            "tokens_per_second": float(tokens[here].max() * n_runs / seconds[here].sum()),
            "loss": float(loss[last].mean()),
        }
    return found
