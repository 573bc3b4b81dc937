"""Figures as SVG files; the same data give the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

COLOURS = (
    *("#000000", "#D55E00", "#E69F00", "#0072B2", "#56B4E9"),
    *("#009E73", "#CC79A7", "#8C6D31", "#999999"),
)
"""Palette of Okabe and Ito, which readers with any colour vision can tell apart, and greys."""

MARKERS = "oXXsD^vPd"


@contextmanager
def figure(path: Path, n_panels: int, width: float = 5.0, height: float = 4.4) -> Iterator[Any]:
    """Panels side by side, saved to `path` at the end.

    Yields
    ------
    The array of matplotlib's axes. Width (of a panel) and height are inches.
    """
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    settings: dict[Any, Any] = {
        "svg.hashsalt": "pivotmine",
        "svg.fonttype": "none",
        "font.size": 9,
    }
    with pyplot.rc_context(settings):
        size = (width * n_panels, height)
        canvas, panels = pyplot.subplots(1, n_panels, figsize=size, layout="constrained")
        yield panels
        canvas.savefig(path, metadata={"Date": None})
        pyplot.close(canvas)


def lines(
    axes: Any,
    series: Sequence[tuple[str, Sequence[Any], Sequence[Any]]],
    x_label: str,
    y_label: str,
    reach: Sequence[Sequence[float]] | None = None,
) -> None:
    """One line a series.

    Parameters
    ----------
    series
        (name, x, y); colours and markers go by position.
    reach
        Half-widths of error bars, a list a series.
    """
    for place, (name, x, y) in enumerate(series):
        style = {
            "color": COLOURS[place % len(COLOURS)],
            "marker": MARKERS[place % len(MARKERS)],
            "linestyle": "-" if place < len(COLOURS) else "--",
            "markersize": 4,
            "label": name,
        }
        axes.errorbar(x, y, reach[place] if reach else None, capsize=2, **style)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.grid(True, linewidth=0.4)
    axes.legend(fontsize=8, frameon=False)
