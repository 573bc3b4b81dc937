"""The runner: it reads the lake for a stage, writes the stage's tables and commits them.

A stage is skipped when its fingerprint (code, its part of the recipe, the snapshots and files that
it reads) is committed and its outputs are still current. That one rule gives resume, idempotence
and scheduled rebuilds. A stage that runs replaces all of its tables in one commit, after its rows
were checked for losses; if the driver dies before that, nothing of it is visible.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

import pivotmine
from pivotmine.engine.display import Display, Report
from pivotmine.engine.fingerprint import reuse_fingerprint, stage_fingerprint
from pivotmine.engine.frames import is_small, planned_small, read_frame
from pivotmine.engine.inputs import LakeInputs
from pivotmine.engine.stage import Renewed, Rows, Stage, StageOutputs, Tally
from pivotmine.engine.staging import write_tables
from pivotmine.engine.table_files import sum_of_column
from pivotmine.errors import ConservationError, LakeError
from pivotmine.lake.commit import commit
from pivotmine.lake.compaction import merge_small_files
from pivotmine.lake.digests import Damage, FileDigest, described, missing_or_resized
from pivotmine.lake.lake import Lake
from pivotmine.lake.lease import hold_lease
from pivotmine.lake.recovery import recover
from pivotmine.lake.tables import TABLES
from pivotmine.lake.withdrawals import without_withdrawn
from pivotmine.recipe import Recipe
from pivotmine.storage.settings import use


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
        Run committed stages too.

    Raises
    ------
    InputError, ConfigError
        Something outside the lake is missing; raised before anything runs.
    LakeError
        The lake cannot be written, is in use by another run, or lacks a table that is read.
    ConservationError
        Rows were lost or invented. Nothing of that stage is committed.
    """
    if "storage" in recipe.model_fields_set:
        use(recipe.storage.settings())
    recipe = without_withdrawn(recipe)
    external = {stage.name: stage.external(recipe) for stage in stages}
    lake = Lake(recipe.lake)
    reports = []
    with hold_lease(lake):
        for line in recover(lake):
            display.note(f"recovered: {line}")
        for stage in stages:
            started_at = datetime.now(UTC)
            snapshots = _snapshots(stage, lake)
            fingerprint = stage_fingerprint(stage, recipe, snapshots, external[stage.name])
            broken = [] if force else damaged_outputs(lake, stage)
            if broken:
                display.note(f"{stage.name}: {described(broken)}; made anew")
            anew = force or bool(broken)
            committed = None if anew else find_committed(lake, stage, fingerprint)
            if committed is not None:
                report = _report_of(committed, started_at)
            else:
                display.start(stage.name, stage.doc)
                run_id = f"{started_at:%Y%m%dT%H%M%S}-{stage.name}-{secrets.token_hex(4)}"
                report = _execute(
                    _Run(
                        stage,
                        recipe,
                        lake,
                        session(),
                        display,
                        fingerprint,
                        started_at,
                        run_id,
                        external[stage.name],
                    ),
                    anew,
                )
            display.finish(report)
            reports.append(report)
    return reports


def find_committed(lake: Lake, stage: Stage, fingerprint: str) -> dict[str, Any] | None:
    """The row of `runs` with this fingerprint, if its outputs are still current."""
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


def damaged_outputs(lake: Lake, stage: Stage) -> list[Damage]:
    """Files of the tables that a stage writes that are gone or have changed their size.

    Folders are listed and no file is read. A stage with such files is made anew, and uses no row of
    its last run.
    """
    return [damage for name in stage.writes for damage in missing_or_resized(lake, name)]


def last_run(lake: Lake, stage: Stage) -> dict[str, Any] | None:
    """The last row of a stage in `runs`."""
    rows = (row for row in reversed(lake.runs().to_pylist()) if row["stage"] == stage.name)
    return next(rows, None)


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


@dataclass(frozen=True)
class _Run:
    """One run of one stage."""

    stage: Stage
    recipe: Recipe
    lake: Lake
    spark: SparkSession
    display: Display
    fingerprint: str
    started_at: datetime
    run_id: str
    external: Any


@dataclass(frozen=True)
class _Written:
    """The tables of a stage as the commit will leave them."""

    staged: dict[str, list[str]]
    """New files of each table."""

    kept: dict[str, dict[str, int]]
    """Files of the last run that stay in a table, with their rows."""

    rows: dict[str, int]

    digests: dict[str, FileDigest]
    """Digests of new files."""

    sizes: dict[str, int]
    """Bytes of all files."""

    def files(self, table: str) -> list[tuple[str, int]]:
        paths = [*self.staged[table], *self.kept.get(table, ())]
        return [(path, self.sizes[path]) for path in paths]


def _execute(run: _Run, force: bool) -> Report:
    """Run a stage and commit its tables.

    What a failed stage has staged is removed, but not once its commit has begun: from then on it
    may be part of the lake, also after Ctrl-C or an error. `recover` finds out under the lock.
    """
    stage, recipe, lake = run.stage, run.recipe, run.lake
    _check_inputs(lake, stage)
    small = recipe.spark.small_bytes
    inputs = LakeInputs(
        lake, run.spark, stage, run.run_id, run.display, small, stage.source_bytes(run.external)
    )
    is_committing = False
    try:
        with run.display.watch(run.spark):
            keys = {
                table: reuse_fingerprint(stage, recipe, value)
                for table, value in stage.reuse(inputs, recipe).items()
            }
            last = None if force else last_run(lake, stage)
            if last is not None:
                inputs.offer_previous(last, keys)
            with planned_small(run.spark, inputs.is_small):
                written = _write(run, inputs, stage.run(inputs, recipe))
            tally = _check(
                run, Rows(inputs.n_rows, written.rows, _totals(run.spark, written, small))
            )
            row = _row(run, inputs, keys, written, tally)
            if stage.finish is not None:
                tables = {name: _frame(run.spark, written, name) for name in stage.writes}
                stage.finish(inputs, recipe, row, tables)
        finished_at = datetime.now(UTC)
        is_committing = True
        row = {**row, "finished_at": finished_at}
        for line in commit(lake, row, written.staged, written.kept, written.digests):
            run.display.note(line)
    except BaseException:
        if not is_committing:
            for name in stage.writes:
                lake.remove(lake.staging_path(name, run.run_id))
            lake.remove(lake.artifact_path("shards", run.run_id))
        raise
    finally:
        with contextlib.suppress(OSError):  # `recover` removes what stays
            lake.remove(lake.scratch_path(run.run_id))
    seconds = (finished_at - run.started_at).total_seconds()
    return Report(stage.name, False, tally, written.rows, seconds)


def _check_inputs(lake: Lake, stage: Stage) -> None:
    for name in stage.reads:
        if broken := missing_or_resized(lake, name):
            raise LakeError(
                f"stage {stage.name} cannot read table {name}: {described(broken)}. Run the stages "
                f"before it, which make the table anew: `pivotmine run --until {stage.name}`."
            )


def _write(run: _Run, inputs: LakeInputs, made: StageOutputs) -> _Written:
    """Write the rows that are new, and merge small files with them."""
    lake = run.lake
    files = write_tables(
        run.stage,
        made,
        lake,
        run.run_id,
        run.display,
        frames_here=inputs.is_small,
        tasks_here=inputs.runs_here,
    )
    written = {path: file for found in files.values() for path, file in found.items()}
    staged = {name: list(paths) for name, paths in files.items()}
    kept: dict[str, dict[str, int]] = {}
    sizes: dict[str, int] = {}
    for name, rows in made.items():
        if isinstance(rows, Renewed):
            stay = inputs.rows_of_kept(name, rows.kept)
            folder = lake.staging_path(name, run.run_id)
            sizes |= inputs.sizes_of_kept(name, rows.kept)
            staged[name], kept[name] = merge_small_files(
                lake, name, folder, staged[name], stay, written
            )
    n_rows = {
        name: sum(written[path].n_rows for path in paths) + sum(kept.get(name, {}).values())
        for name, paths in staged.items()
    }
    digests = {path: file.digest for path, file in written.items()}
    sizes |= {path: digest.n_bytes for path, digest in digests.items()}
    return _Written(staged, kept, n_rows, digests, sizes)


def _frame(spark: SparkSession, written: _Written, table: str) -> DataFrame:
    return read_frame(spark, written.files(table), TABLES[table].schema)


def _check(run: _Run, rows: Rows) -> Tally:
    tally = run.stage.tally(rows, run.recipe)
    accounted = tally.rows_out + tally.rejected + tally.duplicate
    if tally.conserved and tally.rows_in != accounted:
        raise ConservationError(
            f"stage {run.stage.name} took in {tally.rows_in} rows but accounts for {accounted} "
            f"({tally.rows_out} out, {tally.rejected} rejected, {tally.duplicate} duplicate). "
            "Nothing was committed. Please report this with your recipe."
        )
    return tally


def _totals(spark: SparkSession, written: _Written, small_bytes: int) -> Callable[[str, str], int]:
    def total(table: str, column: str) -> int:
        files = written.files(table)
        if not files:
            return 0
        schema = pa.schema([TABLES[table].schema.field(column)])
        if is_small(spark, sum(size for _, size in files), small_bytes):
            return sum(sum_of_column(path, column) for path, _ in files)
        row = read_frame(spark, files, schema).agg(F.sum(column)).first()
        return int(row[0] or 0) if row else 0

    return total


def _row(
    run: _Run, inputs: LakeInputs, keys: Mapping[str, str], written: _Written, tally: Tally
) -> dict[str, Any]:
    """The row of table `runs`, but for the time at which the run ends."""
    return {
        "run_id": run.run_id,
        "stage": run.stage.name,
        "fingerprint": run.fingerprint,
        "started_at": run.started_at,
        "config": json.dumps(run.recipe.section_json(run.stage.sections), sort_keys=True),
        "inputs": inputs.snapshots,
        "rows": written.rows,
        "rows_in": tally.rows_in,
        "rows_out": tally.rows_out,
        "rows_rejected": tally.rejected,
        "rows_duplicate": tally.duplicate,
        "measures": inputs.measures,
        "reuse": dict(keys),
        "version": pivotmine.__version__,
    }


def _report_of(run: dict[str, Any], started_at: datetime) -> Report:
    tally = Tally(
        run["rows_in"], run["rows_out"], run["rows_rejected"], run["rows_duplicate"], False
    )
    seconds = (datetime.now(UTC) - started_at).total_seconds()
    return Report(run["stage"], True, tally, dict(run["rows"]), seconds)
