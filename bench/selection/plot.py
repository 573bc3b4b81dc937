"""Pictures of the results: areas, links and retrieval over seeds, and precision on real pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.selection.summary import ARMS, METHODS, Row, mean, values_of

# Okabe and Ito's palette, which readers with any colour vision can tell apart.
_COLOURS = {
    **{"random": "#999999", "length_matched": "#555555", "he2025": "#D55E00"},
    **{"entropy": "#E69F00", "links": "#56B4E9", "translation": "#0072B2"},
    **{"links_coverage": "#000000", "dictionary": "#009E73", "gale_church": "#CC79A7"},
    "shortness": "#BBBBBB",
}


def draw_planted(rows: Sequence[Row], path: Path) -> None:
    """Areas by length, distinct links and P@1 by budget; bars are 95 % intervals over seeds."""

    def draw(panels: Any) -> None:
        _areas(panels[0], [row for row in rows if row["figure"] == "auc"])
        budgets = [row for row in rows if row["figure"] == "budget"]
        _by_budget(panels[1], budgets, "n_links", "distinct planted translations", log=True)
        words = [row for row in rows if row["figure"] == "retrieval" and row["lang_a"] == "all"]
        _by_budget(panels[2], words, "p_at_1", "P@1 of vectors made from the arm")

    _save(path, 3, draw)


def draw_real(rows: Sequence[Row], path: Path) -> None:
    """Precision over recall of real pages, were one page in a hundred sought."""
    curves = [row for row in rows if row["figure"] == "curve" and row["part"] == "all"]

    def draw(panels: Any) -> None:
        for panel, kind, against in zip(
            panels,
            ("parallel", "block", "parallel+block"),
            ("other", "other", "two languages"),
            strict=True,
        ):
            chosen = [row for row in curves if (row["kind"], row["against"]) == (kind, against)]
            whole = max(row["n_negative"] for row in chosen)
            for method, colour in _COLOURS.items():
                points = [
                    (row["recall"], row["precision"])
                    for row in chosen
                    if row["method"] == method and row["n_negative"] == whole
                ]
                if points:
                    panel.plot(*zip(*points, strict=True), color=colour, label=method)
            panel.set_title(f"{kind} among {against}, 1 % sought")
            panel.set_ylim(0, 1.02)
            panel.set_xlabel("recall")
            panel.set_ylabel("precision")
            panel.grid(True, linewidth=0.4)
        panels[0].legend(fontsize=8, frameon=False)

    _save(path, 3, draw)


def _areas(axes: Any, rows: Sequence[Row]) -> None:
    """Quarters of documents by length, in order; the first row of each is all lengths."""
    for method in METHODS:
        by_seed: dict[int, list[float]] = {}
        for row in rows:
            named = (row["kind"], row["part"], row["against"])
            if row["method"] == method and named == ("parallel+block", "all", "two languages"):
                by_seed.setdefault(row["seed"], []).append(row["auc"])
        _line(axes, range(5), list(zip(*by_seed.values(), strict=True)), method)
    axes.set_xticks(range(5), ["all", "shortest", "2nd", "3rd", "longest"])
    axes.set_xlabel("quarter of the documents by length")
    axes.set_ylabel("ROC area, against two languages")
    axes.grid(True, linewidth=0.4)
    axes.legend(fontsize=8, frameon=False)


def _by_budget(axes: Any, rows: Sequence[Row], key: str, label: str, log: bool = False) -> None:
    values = values_of(rows, key)
    shares = sorted({share for _, share in values})
    for arm in ARMS:
        if (arm, shares[0]) in values:
            _line(axes, range(len(shares)), [values[arm, share] for share in shares], arm)
    axes.set_xticks(range(len(shares)), [f"{share:.0%}" for share in shares])
    axes.set_xlabel("budget, of the corpus's tokens")
    axes.set_ylabel(label)
    if log:
        axes.set_yscale("log")
    axes.grid(True, linewidth=0.4)
    axes.legend(fontsize=8, frameon=False)


def _line(axes: Any, at: Sequence[int], values: Sequence[Sequence[float]], name: str) -> None:
    found = [mean(column) for column in values]
    reach = [one.high - one.value if len(values[0]) > 1 else 0.0 for one in found]
    axes.errorbar(
        at, [one.value for one in found], reach, color=_COLOURS[name], label=name, capsize=2
    )


def _save(path: Path, n_panels: int, draw: Callable[[Any], None]) -> None:
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    settings: dict[Any, Any] = {
        **{"svg.hashsalt": path.stem, "svg.fonttype": "none", "font.size": 9}
    }
    with pyplot.rc_context(settings):
        size = (5 * n_panels, 4.4)
        picture, panels = pyplot.subplots(1, n_panels, figsize=size, layout="constrained")
        draw(panels)
        picture.savefig(path, metadata={"Date": None})
        pyplot.close(picture)
