"""One picture of an evaluation: retrieval, precision as more pairs are taken, and calibration."""

from __future__ import annotations

from math import isnan
from pathlib import Path
from typing import Any

from pivotmine.errors import InputError, SetupError
from pivotmine.judge.figures import ALL
from pivotmine.judge.links import NOMINAL_Q, Evaluation, Figure
from pivotmine.judge.measures import MEASURES

# Okabe and Ito's palette, which readers with any colour vision can tell apart, and two greys; the
# last two are those of the links.
_COLOURS = (
    *("#999999", "#D55E00", "#E69F00", "#F0E442", "#CC79A7", "#56B4E9", "#0072B2", "#009E73"),
    *("#555555", "#000000"),
)
_SUFFIXES = (".svg", ".png", ".pdf")


def require_matplotlib() -> None:
    """Raise `SetupError` where there is nothing to draw with."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise SetupError(
            "a plot needs matplotlib: pip install 'pivotmine[plot]', or leave out --plot"
        ) from None


def plot_evaluation(found: Evaluation, path: Path) -> None:
    """Draw words (not copies) of all language pairs together.

    Raises
    ------
    InputError
        The name does not end in .svg, .png or .pdf.
    """
    if path.suffix not in _SUFFIXES:
        raise InputError(f"{path}: name the plot {', '.join(_SUFFIXES)}")
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figures = {
        figure.method: figure
        for figure in found.figures
        if (figure.lang_a, figure.kind, figure.stratum) == (ALL, "words", ALL)
    }
    settings: dict[Any, Any] = {
        "svg.hashsalt": "links",
        "svg.fonttype": "none",
        "font.size": 9,
    }
    with pyplot.rc_context(settings):
        canvas, panels = pyplot.subplots(1, 3, figsize=(14, 4.2), layout="constrained")
        _retrieval(panels[0], figures)
        _precision(panels[1], found, figures)
        _calibration(panels[2], figures)
        metadata = {"Date": None} if path.suffix == ".svg" else {}
        canvas.savefig(path, metadata=metadata)
        pyplot.close(canvas)


def _retrieval(axes: Any, figures: dict[str, Figure]) -> None:
    methods = [name for name in (*MEASURES, "links") if name in figures]
    for place, name in enumerate(methods):
        for estimate, marker in ((figures[name].p_at_1, "o"), (figures[name].p_at_5, "s")):
            if estimate.is_known:
                axes.plot([estimate.low, estimate.high], [place, place], color=_COLOURS[place])
                axes.plot(estimate.mean, place, marker, color=_COLOURS[place])
    axes.set_yticks(range(len(methods)), methods)
    axes.set_xlim(0, 1)
    axes.set_xlabel("P@1 (circle), P@5 (square), with 95 % intervals")
    axes.grid(True, axis="x", linewidth=0.4)


def _precision(axes: Any, found: Evaluation, figures: dict[str, Figure]) -> None:
    for place, name in enumerate(MEASURES):
        points = [(taken, share) for method, taken, share in found.curve if method == name]
        if points:
            axes.plot(*zip(*points, strict=True), label=name, color=_COLOURS[place])
    n_judged = max((figures[name].n_pairs for name in MEASURES if name in figures), default=0)
    for name, marker in (("links", "*"), ("prevails", "P")):
        if name in figures and n_judged and not isnan(figures[name].precision.mean):
            taken = figures[name].n_pairs / n_judged
            axes.plot(taken, figures[name].precision.mean, f"k{marker}", markersize=8, label=name)
    axes.set_ylim(0, 1.03)
    axes.set_xlabel("pairs taken, best first (1: as many as judged)")
    axes.set_ylabel("precision")
    axes.grid(True, linewidth=0.4)
    axes.legend(fontsize=8, frameon=False)


def _calibration(axes: Any, figures: dict[str, Figure]) -> None:
    points = []
    for nominal in NOMINAL_Q:
        estimate = (
            figures[f"q <= {nominal:g}"].precision if f"q <= {nominal:g}" in figures else None
        )
        if estimate and estimate.is_known:
            points.append((nominal, 1 - estimate.mean))
            ends = [1 - estimate.low, 1 - estimate.high]
            axes.plot([nominal, nominal], ends, color="#000000", linewidth=0.8)
    if points:
        axes.plot(*zip(*points, strict=True), "ko-", label="links that do not translate")
    axes.plot(
        NOMINAL_Q,
        NOMINAL_Q,
        color="#999999",
        linestyle="--",
        label="rate of chance that is controlled",
    )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("nominal false discovery rate")
    axes.set_ylabel("share")
    axes.grid(True, linewidth=0.4)
    axes.legend(fontsize=8, frameon=False)
