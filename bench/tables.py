"""Result tables as Markdown, and how figures look in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table, with an empty line after it."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in rows]
    return [*lines, ""]


def seconds(value: float) -> str:
    """Three digits of a duration below 10 s, tenths of a longer one."""
    return f"{value:.3g}" if value < 1 else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def ratio(value: float) -> str:
    """Three digits, or a whole number from 100 on."""
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def share(value: float | None) -> str:
    """A share with three digits and no leading zero; empty for None."""
    if value is None:
        return ""
    return f"{value:.3f}".removeprefix("0") if value < 1 else "1.00"


def interval(value: float | None, low: float | None, high: float | None) -> str:
    """A share with its interval."""
    return f"{share(value)} ({share(low)}-{share(high)})"
