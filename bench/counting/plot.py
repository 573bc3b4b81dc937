"""Time and memory over the size of the input, a line a way, both axes logarithmic.

A straight line is a power law; its slope is the exponent in the legend, fitted by least squares.
Files are SVG, and the same figures give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.counting.results import Outcome, Results, Section, growth_exponent
from bench.counting.ways import WAYS

# Okabe and Ito's palette, which readers with any colour vision can tell apart; PivotMine in black.
_COLOURS = (
    *("#000000", "#D55E00", "#E69F00", "#0072B2", "#56B4E9"),
    *("#009E73", "#CC79A7", "#8C6D31", "#999999"),
)
_MARKERS = "oXXsD^vPd"


def plot(results: Results, folder: Path, stem: str) -> dict[str, str]:
    """Draw every section that has more than one size; returns file names by section."""
    files = {}
    for section in results.sections:
        if len(section.facts) > 1 and any(o.status == "counted" for o in section.outcomes):
            name = f"{stem}-{section.name}.svg"
            _draw(section, folder / name)
            files[section.name] = name
    return files


def _draw(section: Section, path: Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    settings: dict[Any, Any] = {
        "svg.hashsalt": section.name,
        "svg.fonttype": "none",
        "font.size": 9,
    }
    with pyplot.rc_context(settings):
        figure, panels = pyplot.subplots(1, 2, figsize=(14, 4.6), layout="constrained")
        _panel(panels[0], section, "seconds", lambda outcome: outcome.seconds)
        _panel(panels[1], section, "peak memory, MiB", lambda outcome: outcome.peak_bytes / 2**20)
        first, last = min(section.facts), max(section.facts)
        figure.suptitle(
            f"{section.title}: {section.facts[first].pair_events / 1e6:,.1f} M pair events at "
            f"{first:g}x, {section.facts[last].pair_events / 1e6:,.1f} M at {last:g}x"
        )
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)


def _panel(axes: Any, section: Section, label: str, value: Callable[[Outcome], float]) -> None:
    for place, way in enumerate(section.ways()):
        counted = section.counted(way)
        if not counted:
            continue
        sizes, values = list(counted), [value(outcome) for outcome in counted.values()]
        slope = growth_exponent(sizes, values)
        axes.plot(
            sizes,
            values,
            label=WAYS[way].label + ("" if slope is None else f" ({slope:.2f})"),
            color=_COLOURS[place % len(_COLOURS)],
            marker=_MARKERS[place % len(_MARKERS)],
            linewidth=2.4 if place == 0 else 1.2,
            markersize=5,
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    ticks = list(section.facts)
    axes.set_xticks(ticks, [f"{size:g}x" for size in ticks])
    axes.minorticks_off()
    axes.set_xlabel("size of the input")
    axes.set_ylabel(label)
    axes.grid(True, which="major", linewidth=0.4)
    axes.legend(
        title="(exponent of growth)",
        fontsize=8,
        title_fontsize=8,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        frameon=False,
    )
