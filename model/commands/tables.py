"""Summaries of runs as tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.table import Table

from pivotmine.model.evaluation.base import Row, interval_text
from pivotmine.model.scoring.metrics import NAMES
from pivotmine.model.training.plan import Plan


def score_table(summary: dict[str, Any]) -> Table:
    """Means and 95 % intervals of every direction."""
    first = next(iter(summary["directions"].values()))["all"]
    columns = [name for name in NAMES if name in first]
    words = summary["words"]
    table = Table(
        "direction",
        title=f"{summary['model']['name']} on {words['n']} words ({words['split']}, "
        f"{words['version'][:12]}), mean [95 % interval]",
    )
    for name in columns:
        table.add_column(NAMES[name], justify="right")
    for direction, groups in summary["directions"].items():
        cells = (groups["all"][name] for name in columns)
        table.add_row(direction, *(interval_text(cell) for cell in cells))
    return table


def lens_table(summary: dict[str, Any]) -> Table:
    """The pivot's mass at the pivot layers, and the loss when it is ablated."""
    name = summary["corrected_lens"]
    table = Table(
        *("direction", "words", "pivot", "layers", "pivot mass above controls"),
        *("pivot words (sound rule)", "ablation, nats beyond matched"),
        title=f"{summary['model']['name']}, {summary['words']['split']} words, {name} lens, "
        "mean [95 % interval]",
    )
    for direction, found in summary["directions"].items():
        layers = found[name]["pivot_layers"]
        above = found[name].get("above_controls")
        loss = found.get("ablation", {}).get("all", {}).get("pivot_beyond_matched")
        table.add_row(
            direction,
            str(found["n_words"]),
            found["pivot"],
            f"{layers[0]}-{layers[-1]}" if layers else "none",
            cell(above),
            cell(found["behaviours"]["sound"]["pivot"]),
            cell(loss),
        )
    return table


def thirds_table(summary: dict[str, Any]) -> Table:
    """The pivot beside the same concepts in third languages (model/lens/thirds.py)."""
    name = summary["corrected_lens"]
    table = Table(
        *("direction", "pivot", "third", "third above controls", "pivot beyond third"),
        *("equally frequent", "third at its own layers"),
        title=f"{summary['model']['name']}, {name} lens, mass of the pivot less that of another "
        "language's word",
    )
    for direction, found in summary["directions"].items():
        for third, values in found[name]["thirds"].items():
            kinds = ("above_controls", "pivot_beyond", "pivot_beyond_matched", "pivot_beyond_best")
            table.add_row(
                direction, found["pivot"], third, *(cell(values.get(kind)) for kind in kinds)
            )
    return table


def diet_table(plan: Plan) -> Table:
    """What every arm will be trained on."""
    training, grid = plan.recipe.training, plan.recipe.grid
    heads = ("arm", "tokens", "steps", "languages", "times each document is seen")
    table = Table(*heads, title=f"{len(grid.arms)} arms, {len(grid.seeds)} seeds")
    for phase in plan.phases:
        languages = (f"{name} {share:.1%}" for name, share in phase.diet.languages.items())
        epochs = (f"{name} {times:.2f}" for name, times in phase.diet.epochs.items())
        n_tokens = f"{phase.n_steps * training.step_tokens:,}"
        table.add_row(
            phase.name, n_tokens, str(phase.n_steps), ", ".join(languages), ", ".join(epochs)
        )
    return table


def evaluation_table(model: str, rows: Iterable[Row]) -> Table:
    """Results of the evaluations beside the word task."""
    table = Table(*Row._fields, title=model)
    for row in rows:
        table.add_row(*row)
    return table


def contrast_table(found: dict[str, Any]) -> Table:
    """Declared contrasts and their verdicts."""
    table = Table(
        *("contrast", "difference", "p, Holm", "p, sign-flip", "verdict"),
        title=f"{found['metric']}, {found['n_seeds']} paired seeds, {found['n_words']} words; "
        "difference [95 % interval]",
    )
    for one in found["contrasts"]:
        table.add_row(
            f"{one['arm']} - {one['against']}",
            cell({**one["interval"], "n_words": found["n_words"]}),
            f"{one['p_adjusted']:.4f}",
            f"{one['p_flip']:.4f} (>= {one['smallest_p_flip']:.4f})",
            one["verdict"],
        )
    return table


def cell(value: Mapping[str, float] | None) -> str:
    """A mean with its interval, or a dash if no word was measured."""
    return interval_text(value) if value and value["n_words"] else "-"
