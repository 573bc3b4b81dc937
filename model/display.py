"""Summaries of runs as tables for a terminal."""

from __future__ import annotations

from typing import Any

from rich.table import Table


def score_table(summary: dict[str, Any]) -> Table:
    """Means and 95 % intervals of every direction."""
    columns = {
        "he2025": "he2025 score",
        "contrast": "contrast, nats",
        "accuracy_source": "accuracy@1, source",
        "mrr_source": "MRR, source",
        "accuracy_target": "accuracy@1, target",
    }
    first = next(iter(summary["directions"].values()))["all"]
    shown = [name for name in columns if name in first]
    words = summary["words"]
    table = Table(
        title=f"{summary['model']['name']} on {words['n']} words ({words['split']}, "
        f"{words['version'][:12]}), mean [95 % interval]"
    )
    table.add_column("direction")
    for name in shown:
        table.add_column(columns[name], justify="right")
    for direction, groups in summary["directions"].items():
        cells = (groups["all"][name] for name in shown)
        table.add_row(
            direction,
            *(f"{cell['mean']:.3f} [{cell['low']:.3f}, {cell['high']:.3f}]" for cell in cells),
        )
    return table


def lens_table(summary: dict[str, Any]) -> Table:
    """What the pivot layers hold, and what ablating them costs."""
    name = summary["corrected_lens"]
    table = Table(
        title=f"{summary['model']['name']}, {summary['words']['split']} words, {name} lens, "
        "mean [95 % interval]"
    )
    for head in ("direction", "words", "pivot", "layers", "pivot mass above controls"):
        table.add_column(head)
    table.add_column("pivot words (sound rule)")
    table.add_column("ablation, nats beyond matched")
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


def cell(value: dict[str, float] | None) -> str:
    """A mean with its interval."""
    if value is None or not value["n_words"]:
        return "-"
    return f"{value['mean']:.3f} [{value['low']:.3f}, {value['high']:.3f}]"
