"""Doctor's look at a recipe: the warehouse as driver and as executor, and what both sides run.

Every look has a time limit, so that a store that never answers is told, and not waited for.
"""

from __future__ import annotations

import os
import platform
import posixpath
import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa

import pivotmine
from pivotmine.engine.session import build_session, spark_schema
from pivotmine.errors import LakeError, PivotMineError
from pivotmine.keep.symptom import Symptom, attempt
from pivotmine.lake.addresses import local_path
from pivotmine.lake.catalog import open_catalog, resolve_warehouse
from pivotmine.lake.iceberg_files import Held
from pivotmine.recipe import Recipe
from pivotmine.storage.filesystem import open_filesystem
from pivotmine.storage.patience import at_most
from pivotmine.storage.settings import current

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Result = TypeVar("Result")

LOOK_SECONDS = 90.0
"""How long one look may take."""

_PATIENCE_MINUTES = 0.25

MAX_CLOCK_SECONDS = 60.0
"""S3 refuses requests whose clock differs by more than 15 minutes; a minute is worth mending."""

MIN_FREE_BYTES = 5 * 10**9

_FIELDS = ("Python", "PivotMine", "pyarrow", "clock", "local", "free", "error")
_REPORT = pa.schema([(name, pa.string()) for name in _FIELDS])


def examine_lake(recipe: Recipe, start_spark: bool = True) -> Iterator[Symptom]:
    """Look at the warehouse and the catalog, then at the same from an executor's task."""
    warehouse, is_local = resolve_warehouse(recipe.lake.warehouse)
    yield attempt("warehouse", lambda: within(lambda: use_object(warehouse)))
    yield attempt("catalog", lambda: within(lambda: _open_catalog(recipe)))
    yield _clock_of_store(warehouse)
    if is_local:
        yield _free("disk of the warehouse", local_path(warehouse))
    if start_spark:
        yield from _executor(recipe, warehouse)


def use_object(warehouse: str) -> str:
    """Write, list, read and delete one object of a warehouse; says where."""
    filesystem, folder = open_filesystem(warehouse)
    name = f".doctor-{secrets.token_hex(4)}"
    path = posixpath.join(folder, name)
    with at_most(_PATIENCE_MINUTES):
        filesystem.makedirs(folder, exist_ok=True)
        filesystem.pipe_file(path, b"pivotmine")
        listed = {posixpath.basename(str(item)) for item in filesystem.ls(folder, detail=False)}
        if name not in listed:
            raise LakeError(f"{warehouse}: an object that was written is not listed")
        if filesystem.cat_file(path) != b"pivotmine":
            raise LakeError(f"{warehouse}: an object was read with other bytes than written")
        filesystem.rm_file(path)
    return f"{warehouse}: an object is written, listed, read and deleted"


def within(look: Callable[[], Result], seconds: float = LOOK_SECONDS) -> Result:
    """What a look finds, if it ends in time.

    Raises
    ------
    LakeError
        It does not. Its thread is left behind; it ends with the process.
    """
    found: list[Result] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            found.append(look())
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if raised:
        raise raised[0]
    if not found:
        raise LakeError(
            f"no answer within {seconds:g} s. Check the network, storage.endpoint and lake.catalog."
        )
    return found[0]


def _open_catalog(recipe: Recipe) -> str:
    with at_most(_PATIENCE_MINUTES):
        held = Held(current())
        catalog = open_catalog(recipe.lake, held, read_only=False)
        n_tables = len(catalog.list_tables(recipe.lake.namespace))
    kind = recipe.lake.catalog.get("type", "embedded SQLite")
    return f"{kind}, {n_tables} tables in namespace {recipe.lake.namespace}"


def _clock_of_store(warehouse: str) -> Symptom:
    """The difference to the clock of the store, from the time that it gives an object."""

    def look() -> Symptom:
        filesystem, folder = open_filesystem(warehouse)
        path = posixpath.join(folder, f".doctor-{secrets.token_hex(4)}")
        with at_most(_PATIENCE_MINUTES):
            filesystem.pipe_file(path, b"")
            now = datetime.now(UTC)
            info = filesystem.info(path)
            filesystem.rm_file(path)
        stamp = info.get("LastModified") or info.get("updated") or info.get("mtime")
        if isinstance(stamp, int | float):
            stamp = datetime.fromtimestamp(stamp, UTC)
        if isinstance(stamp, str):
            stamp = parsedate_to_datetime(stamp)
        if not isinstance(stamp, datetime):
            return Symptom("clock", "the store gives no times")
        return _clock("clock", abs((stamp - now).total_seconds()), "the store's")

    try:
        return within(look)
    except Exception:
        return Symptom("clock", "not compared, since the warehouse cannot be used")


def _clock(subject: str, seconds: float, whose: str) -> Symptom:
    return Symptom(
        subject,
        f"{seconds:.0f} s from {whose}",
        seconds <= MAX_CLOCK_SECONDS,
        "Set the clocks (NTP): stores refuse requests of another time, and leases end too early.",
    )


def _free(subject: str, folder: str) -> Symptom:
    there = Path(folder)
    while not there.is_dir():
        there = there.parent
    free = shutil.disk_usage(there).free
    return Symptom(
        subject,
        f"{free / 1e9:.1f} GB free at {there}",
        free >= MIN_FREE_BYTES,
        "Free some disk, or name another: lake.warehouse, and SPARK_LOCAL_DIRS and TMPDIR for "
        "what Spark and uploads keep meanwhile.",
    )


# ---- executors --------------------------------------------------------------------------------


def _executor(recipe: Recipe, warehouse: str) -> Iterator[Symptom]:
    """The same from a task, and its versions beside the driver's."""
    try:
        spark = build_session(recipe.spark)
    except PivotMineError as error:
        yield Symptom("executor", "not reached", False, str(error))
        return
    try:
        report = within(lambda: _ask_executor(spark, warehouse))
    except Exception as error:
        yield Symptom("executor", "not reached", False, " ".join(str(error).split())[:500])
        return
    finally:
        version_of_spark = spark.version
        java = str(spark.sparkContext._jvm.System.getProperty("java.version"))
        spark.stop()
    fix = "Give the executors the rights, environment and package that the driver has."
    yield Symptom(
        "warehouse in a task",
        report["error"] or f"{warehouse}: an object is written, listed, read and deleted",
        not report["error"],
        fix,
    )
    mine = {
        "Python": platform.python_version(),
        "PivotMine": pivotmine.__version__,
        "pyarrow": version("pyarrow"),
    }
    for name, own in mine.items():
        there = report[name]
        same = (
            own.rpartition(".")[0] == there.rpartition(".")[0] if name == "Python" else own == there
        )
        yield Symptom(
            f"{name} of executors",
            f"{there}, the driver has {own}",
            same,
            "Install the same on both sides, or ship one environment (conf/spark-defaults.conf).",
        )
    client = version("pyspark")
    yield Symptom(
        "Spark",
        f"{version_of_spark} on Java {java}, the driver's package is {client}",
        version_of_spark.rsplit(".", 1)[0] == client.rsplit(".", 1)[0],
        f"pip install 'pyspark=={version_of_spark}'",
    )
    yield _clock("clock of executors", float(report["clock"]), "the driver's")
    free = int(report["free"])
    yield Symptom(
        "disk of executors",
        f"{free / 1e9:.1f} GB free at {report['local']}",
        free >= MIN_FREE_BYTES,
        "Free some disk, or set spark.local.dir (SPARK_LOCAL_DIRS) to a larger one.",
    )


def _ask_executor(spark: SparkSession, warehouse: str) -> dict[str, str]:
    asked_at = datetime.now(UTC).timestamp()

    def look(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for _ in batches:
            yield pa.RecordBatch.from_pylist([_report(warehouse, asked_at)], schema=_REPORT)

    rows = spark.range(1, numPartitions=1).mapInArrow(look, spark_schema(_REPORT)).toArrow()
    return dict(rows.to_pylist()[0])


def _report(warehouse: str, asked_at: float) -> dict[str, str]:
    """What a task sees; runs in a Python worker."""
    local = os.environ.get("SPARK_LOCAL_DIRS", tempfile.gettempdir()).split(",")[0]
    late = datetime.now(UTC).timestamp() - asked_at
    error = ""
    try:
        within(lambda: use_object(warehouse))
    except Exception as raised:
        error = " ".join(str(raised).split())
    return {
        "Python": platform.python_version(),
        "PivotMine": pivotmine.__version__,
        "pyarrow": version("pyarrow"),
        # A task begins some seconds after it was asked for; a clock that is behind shows at once.
        "clock": str(max(-late, late - 30.0, 0.0)),
        "local": local,
        "free": str(shutil.disk_usage(local).free),
        "error": error,
    }
