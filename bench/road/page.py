"""The profile as a table and as stacked bars."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench import tables
from bench.road.stages import StageTime

_COLUMNS = (
    "stage|wall s|Python workers, CPU s|JVM, CPU s|driver, CPU s|idle, core s|Spark jobs|tasks|"
    "MB to Python|MB from Python|rows from Python|peak GB"
)
_PARTS = ("Python workers", "JVM", "driver", "idle")
_COLOURS = ("#4477aa", "#ee6677", "#228833", "#dddddd")


def table(
    times: Sequence[StageTime], n_cores: int, n_bytes: int, floor_seconds: float
) -> list[str]:
    """Lines of a Markdown table, a row a stage and one for all; then the floor and the ratio."""
    every = StageTime(
        "all",
        *(sum(column) for column in list(zip(*times, strict=True))[1:-1]),
        max(stage.peak_bytes for stage in times),
    )
    rows = [
        (
            stage.name,
            tables.seconds(stage.wall_seconds),
            tables.seconds(stage.worker_seconds),
            tables.seconds(stage.jvm_seconds),
            tables.seconds(stage.driver_seconds),
            tables.seconds(stage.idle_seconds(n_cores)),
            f"{stage.jobs:,}",
            f"{stage.tasks:,}",
            f"{stage.bytes_to_python / 1e6:,.1f}",
            f"{stage.bytes_from_python / 1e6:,.1f}",
            f"{stage.rows_from_python:,}",
            f"{stage.peak_bytes / 1e9:.2f}",
        )
        for stage in (*times, every)
    ]
    speed = n_bytes / 1e6 / floor_seconds if floor_seconds else 0.0
    ratio = every.processor_seconds / floor_seconds if floor_seconds else 0.0
    return [
        *tables.markdown(_COLUMNS.split("|"), rows),
        f"Floor: sentencepiece encodes the {n_bytes / 1e6:,.1f} MB of the documents in "
        f"{tables.seconds(floor_seconds)} processor seconds ({speed:.1f} MB/s). The road takes "
        f"{tables.seconds(every.processor_seconds)}, {tables.ratio(ratio)} times as many.",
    ]


def plot(times: Sequence[StageTime], n_cores: int, floor_seconds: float, path: Path) -> None:
    """Stacked bars of core seconds by stage, with the floor as a line."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 0.4 * len(times) + 1.2))
    left = [0.0] * len(times)
    parts = (
        [stage.worker_seconds for stage in times],
        [stage.jvm_seconds for stage in times],
        [stage.driver_seconds for stage in times],
        [stage.idle_seconds(n_cores) for stage in times],
    )
    for name, colour, seconds in zip(_PARTS, _COLOURS, parts, strict=True):
        axes.barh([stage.name for stage in times], seconds, left=left, color=colour, label=name)
        left = [a + b for a, b in zip(left, seconds, strict=True)]
    axes.axvline(floor_seconds, color="black", linestyle=":", label="floor: sentencepiece once")
    axes.invert_yaxis()
    axes.set_xlabel(f"core seconds ({n_cores} cores)")
    axes.legend(frameon=False, fontsize=8)
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)
