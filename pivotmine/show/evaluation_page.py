"""An evaluation of links as figures: retrieval, precision as more pairs are taken, calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pivotmine.errors import InputError
from pivotmine.judge.figures import ALL
from pivotmine.judge.links import NOMINAL_Q, Evaluation, Figure
from pivotmine.judge.measures import MEASURES
from pivotmine.numeric.bootstrap import Interval
from pivotmine.show.look import charts, curves
from pivotmine.show.look.charts import Estimate
from pivotmine.show.look.curves import Line
from pivotmine.show.look.drawing import SUFFIXES, beside, titled, write_figure
from pivotmine.show.look.grammar import Spec, shown

_METHODS = (*MEASURES, "links", "prevails")


class Drawn(NamedTuple):
    """A chart, what it shows as a sentence, and how to read it."""

    headline: str
    note: str
    spec: Spec


def check_plot(path: Path) -> None:
    """Check the name of a plot.

    Raises
    ------
    InputError
        It does not end in .html or in one of `SUFFIXES`.
    """
    if path.suffix not in (".html", *SUFFIXES):
        raise InputError(f"{path}: name the plot .html, {', '.join(SUFFIXES)}")


def plot_evaluation(found: Evaluation, path: Path) -> None:
    """Draw words (not copies) of all language pairs together, as a page or a figure."""
    figures = {
        figure.method: figure
        for figure in found.figures
        if (figure.lang_a, figure.kind, figure.stratum) == (ALL, "words", ALL)
    }
    each = [_retrieval(figures), _precision(found, figures), _calibration(figures)]
    if path.suffix != ".html":
        named = [titled(one.spec, one.headline) for one in each]
        write_figure(beside(named, columns=1, width=760), path)
        return
    from pivotmine.show.look.page import Section, figure, html, page, table, write_page

    lead = html(
        '<p class="soft">{:,} of {:,} links join two words that the truth knows. Intervals are '
        "95 %, by bootstrap over words.</p>",
        *(found.n_judged_links, found.n_links),
    )
    anchors = zip(("retrieval", "precision", "calibration"), each, strict=True)
    sections = [
        Section(name, name.capitalize(), figure(one.spec, one.headline, one.note))
        for name, one in anchors
    ]
    rows = [
        [
            f"{one.lang_a}-{one.lang_b}" if one.lang_a != ALL else ALL,
            *(one.kind, one.stratum, one.method, f"{one.n_queries:,}"),
            *(_cell(value) for value in (one.p_at_1, one.p_at_5)),
            *(f"{one.n_pairs:,}", _cell(one.precision), f"{one.n_targets:,}", _cell(one.recall)),
        ]
        for one in found.figures
    ]
    heads = ["languages", "kind", "mixed contexts", "method", "words asked", "P@1", "P@5"]
    heads += ["pairs judged", "precision", "to be found", "recall"]
    sections.append(Section("numbers", "All figures", table(heads, rows, numeric_from=4)))
    write_page(path, page("How good the links are", lead, sections))


def _cell(value: Interval) -> str:
    return f"{shown(value.mean, '.3f')} [{shown(value.low, '.3f')}, {shown(value.high, '.3f')}]"


def _retrieval(figures: Mapping[str, Figure]) -> Drawn:
    there = [name for name in _METHODS if name in figures and figures[name].n_queries]
    rows = [
        Estimate(name, value.mean, value.low, value.high, series)
        for name in there
        for series, value in (("P@1", figures[name].p_at_1), ("P@5", figures[name].p_at_5))
    ]
    spec = charts.dots(rows, "share of the words asked", within=(0, 1))
    best = max(there, key=lambda name: figures[name].p_at_1.mean, default="")
    said = f"{best} ranks a translation first for {figures[best].p_at_1.mean:.0%}" if best else ""
    note = "P@1: the first partner of a word is a translation; P@5: one of its first five is."
    return Drawn(f"{said} of the words." if said else "No word was asked.", note, spec)


def _precision(found: Evaluation, figures: Mapping[str, Figure]) -> Drawn:
    points = {
        name: {taken: share for method, taken, share in found.curve if method == name}
        for name in MEASURES
    }
    n_judged = max((figures[name].n_pairs for name in MEASURES if name in figures), default=0)
    for name in ("links", "prevails"):
        if name in figures and n_judged:
            taken = figures[name].n_pairs / n_judged
            points[name] = {taken: figures[name].precision.mean}
    at = sorted({taken for of in points.values() for taken in of})
    drawn = [_line(name, of, at) for name, of in points.items() if of]
    across = "pairs taken, best first (1: as many as judged)"
    spec = curves.lines(drawn, at, "precision", across, within=(0, 1))
    links = figures["links"].precision.mean if "links" in figures else None
    note = "Precision of the pairs of each measure; a point for links, and for those that prevail."
    return Drawn(f"{shown(links, '.0%')} of the judged links are translations.", note, spec)


def _calibration(figures: Mapping[str, Figure]) -> Drawn:
    rates = {
        nominal: figures[f"q <= {nominal:g}"].precision
        for nominal in NOMINAL_Q
        if f"q <= {nominal:g}" in figures
    }
    wrong = Line(
        "links that do not translate",
        *(
            [1 - getattr(rates[q], end) if q in rates else None for q in NOMINAL_Q]
            for end in ("mean", "high", "low")
        ),
    )
    nothing: list[float | None] = [None] * len(NOMINAL_Q)
    even = Line("rate of chance that is controlled", NOMINAL_Q, nothing, nothing)
    across = "nominal false discovery rate"
    spec = curves.lines([wrong, even], NOMINAL_Q, "share", across, log=("x", "y"))
    said = "No link was mined at a nominal rate."
    if rates:
        nominal = max(rates)
        said = f"{1 - rates[nominal].mean:.0%} of the links at q <= {nominal:g} do not translate."
    note = "A q-value controls links by chance; words of one template or phrase are none of these."
    return Drawn(said, note, spec)


def _line(name: str, points: Mapping[float, float], at: Sequence[float]) -> Line:
    nothing: list[float | None] = [None] * len(at)
    return Line(name, [points.get(taken) for taken in at], nothing, nothing)
