"""The Spark session, and the settings that PivotMine needs.

Under spark-submit the cluster's session is used as it is. Otherwise a local one is started, with
little output, little memory and time zone UTC.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from importlib.resources import files
from pathlib import Path

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import StructType

from pivotmine import plugins
from pivotmine.engine.class_archive import archive_options, archive_path, write_at_exit
from pivotmine.errors import SetupError
from pivotmine.recipe import SparkConfig
from pivotmine.storage.settings import worker_environment

MIN_JAVA, MAX_JAVA = 17, 21

_LOCAL_CONF = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "4096",
    "spark.sql.parquet.compression.codec": "zstd",
    # Spark writes a checksum a page; without this it does not compare them.
    "spark.hadoop.parquet.page.verify-checksum.enabled": "true",
    "spark.sql.adaptive.coalescePartitions.parallelismFirst": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    # A tokens row may hold a 10 MB document: batches are cut by bytes as well as by rows.
    "spark.sql.execution.arrow.maxBytesPerBatch": str(32 * 2**20),
}


def build_session(config: SparkConfig) -> SparkSession:
    """The active session, or a new one as the recipe says.

    Raises
    ------
    SetupError
        No session is active and Java is missing or of a version that Spark 4 cannot use.
    """
    active = SparkSession.getActiveSession()
    if active is not None:
        return _with_plugin_path(active)
    builder = SparkSession.builder.appName("pivotmine")
    if "PYSPARK_GATEWAY_PORT" in os.environ:
        # spark-submit has started the JVM, and has set master and memory.
        return _with_plugin_path(builder.getOrCreate())
    archive = archive_path(check_java()) if config.class_archive else None
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("PYSPARK_DRIVER_PYTHON", sys.executable)
    os.environ["PYTHONPATH"] = os.pathsep.join(worker_path())
    log4j = _logging_settings()
    settings = {
        **_LOCAL_CONF,
        "spark.master": config.master,
        "spark.driver.memory": config.driver_memory,
        "spark.sql.shuffle.partitions": str(config.shuffle_partitions),
        "spark.driver.extraJavaOptions": (
            f"-Dlog4j2.configurationFile={log4j.as_uri()} {config.java_options} "
            f"{archive_options(archive) if archive else ''}"
        ),
        **config.conf,
    }
    for key, value in settings.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    if archive:
        write_at_exit(session, archive)
    return _with_plugin_path(session)


def _logging_settings() -> Path:
    """Spark's logging settings, as a file also where our code lies in a zip."""
    own = Path(__file__).with_name("log4j2.properties")
    if own.is_file():
        return own
    copy = Path(tempfile.mkdtemp(prefix="pivotmine-")) / own.name
    copy.write_bytes((files("pivotmine.engine") / own.name).read_bytes())
    return copy


def worker_path() -> list[str]:
    """Folders from which Python workers import what the driver imports: our code and the user's.

    What is installed beside the interpreter is left out, since workers run the same one.
    """
    named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    candidates = [str(Path(__file__).resolve().parents[2]), *named, *sys.path]
    return [path for path in dict.fromkeys(candidates) if path and not _is_installed(Path(path))]


def check_java() -> str:
    """Version line of the Java that Spark will start.

    Raises
    ------
    SetupError
        None is found, or it is older or newer than Spark 4 supports.
    """
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    fix = f"Install a JDK or JRE {MIN_JAVA} or {MAX_JAVA} and point JAVA_HOME at it."
    if not java or not Path(java).exists():
        where = f"JAVA_HOME={home} holds no bin/java" if home else "no `java` on the PATH"
        raise SetupError(f"Java is missing: {where}. {fix}")
    output = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    match = re.search(r'version "(\d+)(?:\.(\d+))?', output)
    if not match:
        raise SetupError(f"{java} does not report its version: {output.strip()!r}. {fix}")
    major = int(match[2] or 0) if match[1] == "1" else int(match[1])
    if not MIN_JAVA <= major <= MAX_JAVA:
        raise SetupError(f"{java} is Java {major}, Spark 4 needs {MIN_JAVA} to {MAX_JAVA}. {fix}")
    # Not the first line: with JAVA_TOOL_OPTIONS set, that one repeats the options.
    return next(line for line in output.splitlines() if match[0] in line)


def spark_schema(schema: pa.Schema) -> StructType:
    """An Arrow schema as Spark sees it."""
    return from_arrow_schema(schema)


def _with_plugin_path(session: SparkSession) -> SparkSession:
    """Give Python workers the stores of the driver, and the places of its plugins.

    Workers elsewhere find what is installed there, or comes with `spark-submit --py-files`.
    """
    environment = session.sparkContext.environment
    environment.update(worker_environment())
    known = environment.get("PYTHONPATH", "").split(os.pathsep)
    path = os.pathsep.join(dict.fromkeys(filter(None, (*known, *plugins.folders()))))
    if path:
        environment["PYTHONPATH"] = path
    return session


def _is_installed(folder: Path) -> bool:
    paths = sysconfig.get_paths()
    return (
        folder.suffix == ".zip"  # of Python's own library
        or folder.is_relative_to(paths["stdlib"])
        or str(folder) == paths["scripts"]
        or bool({"site-packages", "dist-packages"} & set(folder.parts))
    )
