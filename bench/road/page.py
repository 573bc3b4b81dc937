"""The profile as a table and as stacked bars."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench import tables
from bench.road.stages import StageTime
from pivotmine.show.look import charts
from pivotmine.show.look.drawing import titled, write_figure

_COLUMNS = (
    "stage|wall s|Python workers, CPU s|JVM, CPU s|driver, CPU s|idle, core s|Spark jobs|tasks|"
    "MB to Python|MB from Python|rows from Python|peak GB"
)


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
    rows = [
        (
            stage.name,
            {
                "Python workers": stage.worker_seconds,
                "JVM": stage.jvm_seconds,
                "driver": stage.driver_seconds,
                "idle": stage.idle_seconds(n_cores),
            },
        )
        for stage in times
    ]
    spec = charts.stacked(
        rows,
        f"core seconds ({n_cores} cores)",
        percent=False,
        marker=floor_seconds,
        marker_name="floor: sentencepiece once",
    )
    busiest = max(times, key=lambda stage: stage.wall_seconds)
    write_figure(titled(spec, f"{busiest.name} takes the longest"), path)
