"""Where the tests of a cluster take place: store, catalogs, Spark cluster, and drivers."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from pivotmine.lake.lake import Lake
from pivotmine.recipe.reading import load_recipe
from tests.cluster.processes import Service, start
from tests.cluster.spark_cluster import ROOT, SPARK_HOME, SparkCluster

CODE = "code.zip"


def build_pex(code: Path, path: Path) -> Path:
    """PivotMine and its libraries in one file, as docs/clusters.md says."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["s3"]]
    subprocess.run(
        [
            *(sys.executable, "-m", "pex", "--venv-repository", sys.prefix),
            *(one for one in needed if not one.startswith("pyspark")),
            *("-D", str(code), "--exclude", "pyspark", "--exclude", "py4j"),
            *("--inherit-path=fallback", "--no-compress", "-o", str(path)),
        ],
        check=True,
        capture_output=True,
        cwd=path.parent,
    )
    return path


@dataclass(frozen=True)
class Site:
    """A driver's machine, from which jobs go to a cluster."""

    folder: Path
    """The driver's own folder; hidden from the workers."""

    cluster: SparkCluster
    code: Path
    """Archive of PivotMine's code."""

    environment: Mapping[str, str]
    """How the object store is reached."""

    started: list[Service] = field(default_factory=list)

    def write_recipe(self, name: str, recipe: Mapping[str, object]) -> Path:
        path = self.folder / name
        path.write_text(yaml.safe_dump(dict(recipe), allow_unicode=True), encoding="utf-8")
        return path

    def submit(self, recipe: Path, *arguments: str, conf: Sequence[str] = ()) -> Service:
        """Start a driver as a user does: spark-submit with the files of conf/.

        `arguments` go to the job, `conf` overrides Spark's settings.
        """
        settings = (
            f"spark.master={self.cluster.master}",
            *("spark.executor.cores=1", "spark.executor.memory=600m", "spark.driver.memory=1g"),
            *("spark.executor.memoryOverhead=600m", "spark.sql.shuffle.partitions=4"),
            *(f"spark.archives={self.code}#code", "spark.executorEnv.PYTHONPATH=code"),
            *(f"spark.pyspark.python={self.cluster.python}", "spark.ui.enabled=false"),
            f"spark.pyspark.driver.python={sys.executable}",
            *conf,
        )
        number = len(list(self.folder.glob("driver-*.log")))
        return self._start(
            [
                *("bash", str(SPARK_HOME / "bin" / "spark-submit"), "--load-spark-defaults"),
                *("--properties-file", str(ROOT / "conf" / "standalone" / "spark.conf")),
                *(part for setting in settings for part in ("--conf", setting)),
                *(str(ROOT / "jobs" / "run_road.py"), "--config", str(recipe), *arguments),
            ],
            f"driver-{number}.log",
        )

    def command(self, *arguments: str) -> Service:
        """Start a command of PivotMine on the driver's machine."""
        number = len(list(self.folder.glob("command-*.log")))
        return self._start([sys.executable, "-m", "pivotmine", *arguments], f"command-{number}.log")

    def close(self) -> None:
        """End what still runs, after a test that failed."""
        for service in self.started:
            service.end()

    def _start(self, arguments: Sequence[str], log: str) -> Service:
        service = start(arguments, self.folder / log, self.driver_environment(), self.folder)
        self.started.append(service)
        return service

    def driver_environment(self) -> dict[str, str]:
        kept = {key: os.environ[key] for key in ("OPENBLAS_CORETYPE",) if key in os.environ}
        return {
            **self.cluster.environment(self.folder),
            **kept,
            **self.environment,
            "SPARK_CONF_DIR": str(ROOT / "conf"),
            "PYTHONPATH": str(ROOT),
        }


def open_lake(recipe: Path) -> Lake:
    """A lake for reading."""
    return Lake(load_recipe(str(recipe)).lake, read_only=True)
