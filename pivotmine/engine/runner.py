"""The runner: the only place that reads the lake for a stage, writes its tables and commits them.

One rule gives resume, idempotence and scheduled rebuilds: a stage whose fingerprint (code, its
part of the recipe, the snapshots and files it reads) is committed, and whose outputs are still
current, is skipped. A stage that runs replaces all of its tables in one commit, after its row
conservation has been checked; if the driver dies before that, nothing of it is visible.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

import pivotmine
from pivotmine.engine.display import Display
from pivotmine.engine.fingerprint import reuse_fingerprint, stage_fingerprint
from pivotmine.engine.session import spark_schema
from pivotmine.engine.stage import PREVIOUS_FILE, ArrowRows, MakeRows, Renewed, Rows, Stage, Tally
from pivotmine.engine.staging import write_arrow_rows, write_rows, write_tables
from pivotmine.errors import ConservationError, LakeError
from pivotmine.lake.compaction import merge_small_files
from pivotmine.lake.lake import Lake
from pivotmine.lake.recovery import lock, recover
from pivotmine.lake.tables import TABLES
from pivotmine.lake.withdrawals import without_withdrawn
from pivotmine.recipe import Recipe
from pivotmine.udfs import read_table

TASKS_PER_CORE = 4
"""Tasks that read a table, for each core, where it is neither small nor huge."""

MIN_SPLIT_BYTES, MAX_SPLIT_BYTES = 4_000_000, 64_000_000
"""Bytes of Parquet that such a task reads."""

_DATA = "/data/"


@dataclass(frozen=True)
class Report:
    """What became of one stage."""

    stage: str
    skipped: bool
    tally: Tally
    written: dict[str, int]
    seconds: float


def run_stages(
    recipe: Recipe,
    stages: Sequence[Stage],
    session: Callable[[], SparkSession],
    display: Display,
    force: bool = False,
) -> list[Report]:
    """Run the stages in order, skipping what is committed.

    Parameters
    ----------
    session
        Gives the Spark session; called only when a stage really has to run.
    force
        Run also what is committed.

    Raises
    ------
    InputError, ConfigError
        Something outside the lake is not there; raised before anything runs.
    LakeError
        The lake cannot be written, is in use by another run, or lacks a table that is read.
    ConservationError
        Rows were lost or invented. Nothing of that stage is committed.
    """
    recipe = without_withdrawn(recipe)
    external = {stage.name: stage.external(recipe) for stage in stages}
    lake = Lake(recipe.lake)
    reports = []
    with lock(lake):
        for line in recover(lake):
            display.note(f"recovered: {line}")
        for stage in stages:
            started_at = datetime.now(UTC)
            snapshots = _snapshots(stage, lake)
            fingerprint = stage_fingerprint(stage, recipe, snapshots, external[stage.name])
            committed = None if force else find_committed(lake, stage, fingerprint)
            if committed is not None:
                report = _report_of(committed, started_at)
            else:
                display.start(stage.name, stage.doc)
                report = _execute(
                    stage, recipe, lake, session(), fingerprint, started_at, display, force
                )
            display.finish(report)
            reports.append(report)
    return reports


def _snapshots(stage: Stage, lake: Lake) -> dict[str, int]:
    """Snapshot id of every table that the stage reads."""
    snapshots = {}
    for name in stage.reads:
        snapshot = lake.snapshot(name)
        if snapshot is None:
            raise LakeError(
                f"stage {stage.name} reads table {name}, which is not in the lake yet. Run the "
                f"stages before it: `pivotmine run --until {stage.name}`."
            )
        snapshots[name] = snapshot.snapshot_id
    return snapshots


def find_committed(lake: Lake, stage: Stage, fingerprint: str) -> dict[str, Any] | None:
    """The row of `runs` that holds this very result, if its outputs are still the current ones."""
    for row in reversed(lake.runs().to_pylist()):
        if row["stage"] != stage.name or row["fingerprint"] != fingerprint:
            continue
        current = {name: lake.snapshot(name) for name in stage.writes}
        if all(
            snapshot is not None and snapshot.snapshot_id == dict(row["outputs"]).get(name)
            for name, snapshot in current.items()
        ):
            return dict(row)
    return None


def last_run(lake: Lake, stage: Stage) -> dict[str, Any] | None:
    """The last row of a stage in `runs`."""
    rows = (row for row in reversed(lake.runs().to_pylist()) if row["stage"] == stage.name)
    return next(rows, None)


def _execute(
    stage: Stage,
    recipe: Recipe,
    lake: Lake,
    spark: SparkSession,
    fingerprint: str,
    started_at: datetime,
    display: Display,
    force: bool,
) -> Report:
    run_id = f"{started_at:%Y%m%dT%H%M%S}-{stage.name}-{secrets.token_hex(4)}"
    inputs = LakeInputs(lake, spark, stage, run_id, display)
    try:
        with display.watch(spark):
            keys = {
                table: reuse_fingerprint(stage, value)
                for table, value in stage.reuse(inputs, recipe).items()
            }
            if not force:
                inputs.offer_previous(keys)
            made = stage.run(inputs, recipe)
            staged = write_tables(stage, made, lake, run_id, display)
            kept = {
                name: inputs.rows_of_kept(name, rows.kept)
                for name, rows in made.items()
                if isinstance(rows, Renewed)
            }
            for name, stay in kept.items():
                folder = lake.staging_path(name, run_id)
                staged[name], kept[name] = merge_small_files(lake, name, folder, staged[name], stay)
            written = {
                name: lake.count_rows(files) + sum(kept.get(name, {}).values())
                for name, files in staged.items()
            }
            present = {name: [*files, *kept.get(name, ())] for name, files in staged.items()}
            tally = _check(stage, recipe, Rows(inputs.n_rows, written, _totals(spark, present)))
            row: dict[str, Any] = {
                "run_id": run_id,
                "stage": stage.name,
                "fingerprint": fingerprint,
                "started_at": started_at,
                "config": json.dumps(recipe.section_json(stage.sections), sort_keys=True),
                "inputs": inputs.snapshots,
                "rows": written,
                "rows_in": tally.rows_in,
                "rows_out": tally.rows_out,
                "rows_rejected": tally.rejected,
                "rows_duplicate": tally.duplicate,
                "measures": inputs.measures,
                "reuse": keys,
                "version": pivotmine.__version__,
            }
            if stage.finish is not None:
                outputs = {name: spark.read.parquet(*files) for name, files in present.items()}
                stage.finish(inputs, recipe, row, outputs)
        finished_at = datetime.now(UTC)
        lake.commit({**row, "finished_at": finished_at}, staged, kept)
    except BaseException:
        # Also on Ctrl-C: what was staged is useless, and `recover` would only find it later.
        for name in stage.writes:
            lake.remove(lake.staging_path(name, run_id))
        lake.remove(lake.artifact_path("shards", run_id))
        raise
    finally:
        lake.remove(lake.scratch_path(run_id))
    seconds = (finished_at - started_at).total_seconds()
    return Report(stage.name, False, tally, written, seconds)


def _check(stage: Stage, recipe: Recipe, rows: Rows) -> Tally:
    tally = stage.tally(rows, recipe)
    accounted = tally.rows_out + tally.rejected + tally.duplicate
    if tally.conserved and tally.rows_in != accounted:
        raise ConservationError(
            f"stage {stage.name} took in {tally.rows_in} rows but accounts for {accounted} "
            f"({tally.rows_out} out, {tally.rejected} rejected, {tally.duplicate} duplicate). "
            "Nothing was committed. Please report this with your recipe."
        )
    return tally


def _totals(spark: SparkSession, present: dict[str, list[str]]) -> Callable[[str, str], int]:
    def total(table: str, column: str) -> int:
        if not present[table]:
            return 0
        row = spark.read.parquet(*present[table]).agg(F.sum(column)).first()
        return int(row[0] or 0) if row else 0

    return total


def _report_of(run: dict[str, Any], started_at: datetime) -> Report:
    tally = Tally(
        run["rows_in"], run["rows_out"], run["rows_rejected"], run["rows_duplicate"], False
    )
    seconds = (datetime.now(UTC) - started_at).total_seconds()
    return Report(run["stage"], True, tally, dict(run["rows"]), seconds)


class LakeInputs:
    """`Inputs` of a stage, backed by the lake; remembers which snapshots were resolved."""

    def __init__(
        self, lake: Lake, spark: SparkSession, stage: Stage, run_id: str, display: Display
    ) -> None:
        self.spark = spark
        self.measures: dict[str, float] = {}
        self._lake, self._run_id, self._display = lake, run_id, display
        self._stage = stage
        self._previous: dict[str, dict[str, tuple[str, int]]] = {}
        self._resolved = {name: lake.snapshot(name) for name in stage.reads}
        resolved = self._resolved.items()
        self.snapshots = {name: snap.snapshot_id for name, snap in resolved if snap is not None}
        self.n_rows = {name: lake.n_rows(name, snapshot) for name, snapshot in resolved}
        self._files = {name: lake.file_sizes(name, snapshot) for name, snapshot in resolved}

    def frame(self, table: str) -> DataFrame:
        schema = spark_schema(TABLES[table].schema)
        if not self._files[table]:
            return self.spark.createDataFrame([], schema)
        return self.spark.read.schema(schema).parquet(*(path for path, _ in self._files[table]))

    def arrow_rows(
        self, table: str, columns: Sequence[str], make: MakeRows, schema: pa.Schema
    ) -> ArrowRows:
        files = self._files[table]
        n_tasks = TASKS_PER_CORE * self.spark.sparkContext.defaultParallelism
        share = sum(size for _, size in files) // n_tasks
        splits = read_table.plan_splits(files, min(max(share, MIN_SPLIT_BYTES), MAX_SPLIT_BYTES))
        read = read_table.bind(splits, columns, make)
        return ArrowRows(self.numbers(len(splits)), read, schema)

    def table(self, name: str, columns: Sequence[str], max_rows: int) -> pa.Table:
        if self.n_rows[name] > max_rows:
            raise LakeError(
                f"table {name} holds {self.n_rows[name]:,} rows; at most {max_rows:,} may be "
                "brought to the driver, whose memory must not grow with the corpus"
            )
        wanted = pa.schema([TABLES[name].schema.field(column) for column in columns])
        pieces = [wanted.empty_table()]
        for path, _ in self._files[name]:
            with self._lake.filesystem.open(path, "rb") as stream:
                pieces.append(pq.read_table(stream, columns=list(columns)).cast(wanted))
        return pa.concat_tables(pieces).combine_chunks()

    def table_files(self, name: str) -> list[tuple[str, int]]:
        return self._lake.file_sizes(name, self._resolved[name], in_rows=True)

    def offer_previous(self, keys: Mapping[str, str]) -> None:
        """Make rows of the stage's last run available, of tables whose key is still the same."""
        last = last_run(self._lake, self._stage)
        if last is None:
            return
        for table, key in keys.items():
            snapshot = self._lake.snapshot(table)
            if snapshot is None or dict(last["outputs"]).get(table) != snapshot.snapshot_id:
                continue
            if dict(last.get("reuse") or {}).get(table) == key:
                files = self._lake.file_sizes(table, snapshot, in_rows=True)
                self._previous[table] = {
                    path.rpartition(_DATA)[2]: (path, n_rows) for path, n_rows in files
                }

    def previous(self, table: str, files: Sequence[str] | None = None) -> DataFrame:
        schema = spark_schema(TABLES[table].schema)
        names = self.previous_files(table) if files is None else files
        if not names:
            # `limit` lets Spark see that nothing is there, and leave out what depends on it.
            empty = self.spark.createDataFrame([], schema).limit(0)
            return empty.withColumn(PREVIOUS_FILE, F.lit(None).cast("string"))
        paths = (self._previous[table][name][0] for name in names)
        # By its name below the table: Spark escapes what comes before as a URI.
        name = F.substring_index("_metadata.file_path", _DATA, -1)
        return self.spark.read.schema(schema).parquet(*paths).withColumn(PREVIOUS_FILE, name)

    def previous_files(self, table: str) -> list[str]:
        return sorted(self._previous.get(table, ()))

    def rows_of_kept(self, table: str, kept: Sequence[str]) -> dict[str, int]:
        """Paths of previous files, with their rows."""
        return dict(self._previous[table][name] for name in kept)

    def numbers(self, n: int) -> DataFrame:
        return self.spark.range(0, n, numPartitions=max(n, 1))

    def local(self, frame: DataFrame, max_rows: int) -> pa.Table:
        rows = frame.limit(max_rows + 1).toArrow()
        if rows.num_rows > max_rows:
            raise LakeError(
                f"a frame that should hold at most {max_rows} rows holds more; it is not brought "
                "to the driver, whose memory must not grow with the corpus"
            )
        return rows

    def checkpoint(self, rows: DataFrame | ArrowRows, name: str) -> DataFrame:
        path = f"{self._lake.scratch_path(self._run_id)}/{name}"
        self._display.progress(f"computing {name}")
        files = write_rows(self._lake, rows, path)
        schema = spark_schema(rows.schema) if isinstance(rows, ArrowRows) else rows.schema
        if not files:
            return self.spark.createDataFrame([], schema)
        return self.spark.read.schema(schema).parquet(*files)

    def files(self, rows: ArrowRows, name: str) -> list[tuple[str, int]]:
        self._display.progress(f"computing {name}")
        return write_arrow_rows(self._lake, rows, f"{self._lake.scratch_path(self._run_id)}/{name}")

    def artifacts(self, kind: str) -> str:
        return self._lake.artifact_path(kind, self._run_id)

    def measure(self, name: str, value: float) -> None:
        self.measures[name] = float(value)

    def note(self, text: str) -> None:
        self._display.note(f"{self._stage.name}: {text}")
