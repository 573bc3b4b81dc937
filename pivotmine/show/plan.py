"""The costs of a run on the terminal, and as rows for another program."""

from __future__ import annotations

from rich.console import Console

from pivotmine.ask.plan import Plan
from pivotmine.ask.plan_constants import Constants
from pivotmine.show.tables import print_line, print_table

_HEADS = ("stage", "core-hours", "memory a task", "shuffle", "disk")


def print_plan(console: Console, found: Plan, n_cores: int) -> None:
    """Stages, totals and advice."""
    print_line(
        console,
        f"{size(found.text_bytes)} of text: about {found.n_documents:,.0f} documents, "
        f"{found.n_tokens:.2g} tokens, {found.context_tokens:.2g} distinct ones in mixed contexts",
    )
    rows = [
        (
            cost.stage,
            hours(cost.core_hours),
            size(cost.task_bytes),
            "not measured" if cost.shuffle_bytes is None else size(cost.shuffle_bytes),
            size(cost.disk_bytes),
        )
        for cost in found.stages
    ]
    rows.append(("all", hours(found.core_hours), "", "", size(found.disk_bytes)))
    print_table(console, "", _HEADS, rows, numeric=range(1, 5))
    print_line(
        console,
        f"\nAt least {hours(found.hours(n_cores))} hours on {n_cores:,} cores that are always "
        "busy. Starts, stragglers and lost executors are not in these figures.",
    )
    advice = [(one.setting, one.value, one.reason) for one in found.advice]
    print_table(console, "Settings", ("setting", "value", "why"), advice, numeric=(1,))


def print_constants(console: Console, constants: Constants) -> None:
    """Every constant with its unit and source."""
    rows = [
        (name, f"{known.value:g}", known.unit, known.what, known.source)
        for name, known in constants._asdict().items()
    ]
    heads = ("constant", "value", "unit", "of", "source, below docs/")
    print_table(console, "", heads, rows, numeric=(1,))


def plan_rows(found: Plan) -> tuple[list[str], list[tuple[object, ...]]]:
    """Heads and a row for each stage; sizes are bytes."""
    heads = ["stage", "core_hours", "task_bytes", "shuffle_bytes", "disk_bytes"]
    rows: list[tuple[object, ...]] = [
        tuple(getattr(cost, name) for name in heads) for cost in found.stages
    ]
    return heads, rows


def size(n_bytes: float) -> str:
    """Bytes with a decimal unit and two or three digits, `-` for none.

    Examples
    --------
    >>> size(13.48e12)
    '13.5 TB'
    """
    if n_bytes <= 0:
        return "-"
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if n_bytes < 999.5:
            return f"{n_bytes:.3g} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.3g} PB"


def hours(value: float) -> str:
    """Whole hours from ten on, below that two digits.

    Examples
    --------
    >>> hours(0.045)
    '0.045'
    """
    return f"{value:,.0f}" if value >= 9.95 else f"{value:.2g}"
