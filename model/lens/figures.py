"""Figures of a lens: probability by layer as lines with bands, and as a heat map.

The report shows them in its page, and a lens run writes them as SVG files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pivotmine.show.look import charts, curves
from pivotmine.show.look.curves import Line
from pivotmine.show.look.grammar import Spec, known, shown

ROLES = {"source": "source", "target": "target", "pivot": "pivot", "control": "controls"}
"""Role of a word -> its name for readers. Third languages are named after these."""

STEPS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
"""Probabilities from which on a heat map has a stronger colour."""

_LEAST_TOP = 0.05
"""Smallest upper end of the vertical axis."""


class DirectionBands(NamedTuple):
    """What one lens reads in one direction."""

    title: str
    lines: tuple[Line, ...]
    """A line for each role: mean mass by layer with its band."""
    marked: tuple[int, ...]
    """The pivot layers."""

    @property
    def finding(self) -> str:
        """Where the pivot is strongest, as a sentence."""
        of = {line.name: line.mean for line in self.lines}.get("pivot", ())
        best, layer = max(((p, n) for n, p in enumerate(of) if p is not None), default=(None, 0))
        if not known(best):
            return f"{self.title}: no pivot was read."
        where = f"{shown(best, '.2g')} in layer {layer}"
        if not self.marked:
            return f"{self.title}: the pivot shows at no layer; its best is {where}."
        return f"{self.title}: the pivot reaches {where}."


def panels(directions: Mapping[str, Any], lens: str) -> list[DirectionBands]:
    """Panels of the directions of a lens summary that have this lens."""
    return [
        DirectionBands(direction, _lines(found[lens]["bands"]), tuple(found[lens]["pivot_layers"]))
        for direction, found in directions.items()
        if lens in found
    ]


def trajectories(panels: Sequence[DirectionBands]) -> list[Spec]:
    """A chart for each panel: lines over layers with their bands, all on one vertical axis.

    The pivot layers have a shaded ground.
    """
    highs = [high for panel in panels for line in panel.lines for high in line.high]
    top = max((high for high in highs if high is not None and known(high)), default=0.0)
    end = max(_LEAST_TOP, min(1.0, top))
    return [_trajectory(panel, end) for panel in panels]


def heat_map(panel: DirectionBands) -> Spec:
    """Mean probabilities by layer as colours; a row for each role."""
    layers = range(max((len(line.mean) for line in panel.lines), default=0))
    rows = [(line.name, line.mean) for line in panel.lines]
    return charts.matrix([str(layer) for layer in layers], rows, form=".2g", steps=STEPS)


def _lines(bands: Mapping[str, Mapping[str, Any]]) -> tuple[Line, ...]:
    third = [name for name in bands if name.startswith("other:") and not name.endswith(":gap")]
    names = {name: said for name, said in ROLES.items() if name in bands}
    names |= {name: name.replace("other:", "third ") for name in third}
    return tuple(
        Line(said, *(bands[name][of] for of in Line._fields[1:])) for name, said in names.items()
    )


def _trajectory(panel: DirectionBands, top: float) -> Spec:
    layers = range(max((len(line.mean) for line in panel.lines), default=0))
    ends = (panel.marked[0] - 0.5, panel.marked[-1] + 0.5) if panel.marked else None
    if ends and layers:
        ends = max(ends[0], 0), min(ends[1], len(layers) - 1)
    return curves.lines(
        panel.lines, layers, "probability", "layer", within=(0, 1), marked=ends, top=top
    )
