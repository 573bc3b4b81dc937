"""Figures: how much each language's word weighs at every layer.

SVG with text as text and without a date, so that the same numbers give the same file.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pivotmine.errors import SetupError
from pivotmine.model.lens.trajectory import Band

COLOURS = {"source": "#7f7f7f", "target": "#1f77b4", "pivot": "#d62728", "control": "#2ca02c"}
"""Lines of the trajectories."""


class Panel(NamedTuple):
    """One direction: what is drawn, in order."""

    title: str
    bands: Mapping[str, Band]
    """Role (`source`, `pivot`, ...) -> mass per layer."""
    names: Mapping[str, str]
    """Role -> what the reader sees."""
    marked: Sequence[int] = ()
    """The pivot layers."""


def trajectories(panels: Sequence[Panel], path: Path, title: str) -> None:
    """A line with its band for every role; one panel a direction."""
    figure, axes = _figure(len(panels), 3.2, 2.6)
    for axis, panel in zip(axes, panels, strict=True):
        for role, band in panel.bands.items():
            layers = range(len(band.mean))
            colour = COLOURS.get(role, "#9467bd")
            axis.plot(layers, band.mean, color=colour, label=panel.names[role], linewidth=1.5)
            axis.fill_between(layers, band.low, band.high, color=colour, alpha=0.2, linewidth=0)
        if panel.marked:
            axis.axvspan(panel.marked[0] - 0.5, panel.marked[-1] + 0.5, color="#000", alpha=0.06)
        axis.set_title(panel.title, fontsize=10)
        axis.set_xlabel("layer")
        axis.legend(fontsize=7, frameon=False, loc="upper left")
    axes[0].set_ylabel("mean probability")
    _save(figure, path, title)


def heat_map(panels: Sequence[Panel], path: Path, title: str) -> None:
    """Log-scaled mass of every role by layer; one panel a direction."""
    from matplotlib.colors import LogNorm

    figure, axes = _figure(len(panels), 3.4, 1.9)
    image: Any = None
    for axis, panel in zip(axes, panels, strict=True):
        rows = [[max(value, 1e-6) for value in band.mean] for band in panel.bands.values()]
        image = axis.imshow(
            rows, aspect="auto", norm=LogNorm(1e-4, 1), cmap="magma", interpolation="nearest"
        )
        axis.set_yticks(range(len(rows)), [panel.names[role] for role in panel.bands], fontsize=7)
        axis.set_title(panel.title, fontsize=10)
        axis.set_xlabel("layer")
    figure.colorbar(image, ax=list(axes), label="mean probability")
    _save(figure, path, title)


def _figure(n_panels: int, width: float, height: float) -> tuple[Any, Any]:
    if importlib.util.find_spec("matplotlib") is None:
        raise SetupError("matplotlib not installed; run pip install 'pivotmine[plot]'")
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "pivotmine"})
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(
        1, n_panels, figsize=(width * n_panels, height), squeeze=False, layout="constrained"
    )
    return figure, axes[0]


def _save(figure: Any, path: Path, title: str) -> None:
    from matplotlib import pyplot

    figure.suptitle(title, fontsize=11)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=150)
    pyplot.close(figure)
