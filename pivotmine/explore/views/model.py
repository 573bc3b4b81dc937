"""View Model: at which layers a model holds a word's pivots, from the files of a lens run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from pivotmine.ask.bridges import find_bridges
from pivotmine.ask.model_runs import LensRun, read_lens_runs
from pivotmine.errors import InputError, LakeError
from pivotmine.explore.charts import layers_chart
from pivotmine.explore.view import Asked, View
from pivotmine.explore.words import named

_SHOWN = 60


def model(asked: Asked) -> View:
    """Values: `run` a key, `direction` (`fr>zh`), `q` a word of it.

    Raises
    ------
    InputError
        There is no such run or direction, or a file cannot be read.
    """
    assert asked.results is not None
    runs = read_lens_runs(asked.results)
    run = _chosen(runs, asked.text("run"))
    direction = asked.text("direction") or next(iter(run.directions))
    if direction not in run.directions:
        raise InputError(f"{direction!r} is none of {', '.join(run.directions)}")
    word = asked.text("q").casefold()
    traces = [
        row
        for row in run.traces.to_pylist()
        if row["direction"] == direction and (not word or word in _words(row))
    ]
    layers = run.layers(direction)
    return View(
        "model",
        f"{run.model}, {direction}",
        {
            "run": run,
            "runs": [(one.key, one.model) for one in runs],
            "direction": direction,
            "word": asked.text("q"),
            "traces": traces[: asked.limit(_SHOWN)],
            "n_traces": len(traces),
            "rules": [name for name in run.traces.column_names if name not in _WORDS],
            "mined": _mined(asked, traces[0], direction) if word and traces else [],
            "layers": {
                lens: layers_chart([one for one in layers if one.lens == lens])
                for lens in dict.fromkeys(one.lens for one in layers)
            },
        },
        {"layers": layers.to_arrow(), "words": run.traces},
        ("vega",),
    )


_WORDS = ("direction", "concept", "source", "pivot", "target")


def _words(row: dict[str, Any]) -> set[str]:
    return {str(row[name]).casefold() for name in ("concept", "source", "pivot", "target")}


def _chosen(runs: list[LensRun], key: str) -> LensRun:
    found = [run for run in runs if not key or run.key == key]
    if not found:
        raise InputError(f"there is no run {key!r}; runs are {', '.join(run.key for run in runs)}")
    return found[0]


def _mined(asked: Asked, row: dict[str, Any], direction: str) -> list[dict[str, Any]]:
    """Bridges of the lake between the two words of a row; none where one is no single token."""
    source, _, target = direction.partition(">")
    try:
        found = find_bridges(
            asked.connection, named(row["source"], source), named(row["target"], target), 8
        )
    except (LakeError, duckdb.Error):
        return []
    return list(found.pivots.to_pylist())


def results_folder(folder: Path) -> Path | None:
    """Where runs of the lens are: in the folder, or in `lens` below it; None where in neither."""
    return next((one for one in (folder, folder / "lens") if any(one.glob("lens-*.json"))), None)
