"""A standalone Spark cluster of processes that share nothing but the network.

Master and workers are pyspark's own classes. Each worker runs in a mount namespace of its own: the
checkout and the driver's folder are empty there, and its home and temporary folders are its own.
What the nodes of a cluster have in common, Spark and the libraries of Python, stands for their
image and is mounted beside. PivotMine is not in it: it comes with the job.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pyspark

from tests.cluster.processes import Service, descendants, free_port, start, wait_until

ROOT = Path(__file__).resolve().parents[2]
SPARK_HOME = Path(pyspark.__file__).parent

_JVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
_EXECUTOR = "CoarseGrainedExecutorBackend"


def find_unshare() -> list[str] | None:
    """A command that gives the next one its own mounts; None where this machine forbids it."""
    for flags in (["-m"], ["-rm"]):
        command = ["unshare", *flags, "--propagation", "private"]
        probe = [*command, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
        try:
            if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
                return command
        except FileNotFoundError:
            return None
    return None


@dataclass
class SparkCluster:
    """A master, and workers that it knows."""

    folder: Path
    """Logs, the nodes' image, and a folder for each worker; not the driver's folder."""

    hidden: Sequence[Path]
    """Folders that are empty for the workers."""

    port: int = field(default_factory=free_port)
    services: list[Service] = field(default_factory=list)
    workers: list[Service] = field(default_factory=list)
    unshare: list[str] | None = field(default_factory=find_unshare)

    @property
    def master(self) -> str:
        return f"spark://127.0.0.1:{self.port}"

    @property
    def python(self) -> str:
        """The interpreter of the nodes' image."""
        libraries = self.folder / "image" / "libraries"
        return str(libraries / "bin" / "python3") if self.unshare else sys.executable

    def start(self, n_workers: int, cores: int, memory: str) -> None:
        """Start everything and wait until the workers are registered."""
        for name in ("bin", "libraries", "spark"):
            (self.folder / "image" / name).mkdir(parents=True)
        python = f"python{sys.version_info.major}.{sys.version_info.minor}"
        (self.folder / "image" / "bin" / python).symlink_to(Path(sys.executable).resolve())
        master = _spark_class(
            SPARK_HOME,
            *("org.apache.spark.deploy.master.Master", "--host", "127.0.0.1"),
            *("--port", str(self.port), "--webui-port", "0"),
        )
        log = self.folder / "master.log"
        self.services.append(start(master, log, self.environment(self.folder), self.folder))
        self.services[0].wait_for("I have been elected leader")
        for number in range(n_workers):
            self._add_worker(number, cores, memory)
        wait_until(
            lambda: log.read_text().count("Registering worker") >= n_workers, "workers registered"
        )

    def _add_worker(self, number: int, cores: int, memory: str) -> None:
        own = self.folder / f"worker-{number}"
        (own / "tmp").mkdir(parents=True)
        environment = self.environment(own)
        spark = self.folder / "image" / "spark" if self.unshare else SPARK_HOME
        environment["SPARK_HOME"] = str(spark)
        command = _spark_class(
            spark,
            *("org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1"),
            *("--webui-port", "0", "--cores", str(cores), "--memory", memory),
            *("--work-dir", str(own / "work"), self.master),
        )
        if self.unshare:
            libraries = self.folder / "image" / "libraries"
            mounts = [
                ["--bind", sys.prefix, str(libraries)],
                ["--bind", str(SPARK_HOME), str(spark)],
            ]
            mounts += [["-t", "tmpfs", "tmpfs", str(path)] for path in self.hidden]
            steps = [shlex.join(["mount", *mount]) for mount in mounts]
            script = " && ".join([*steps, f"exec {shlex.join(command)}"])
            command = [*self.unshare, "sh", "-c", script]
        worker = start(command, self.folder / f"worker-{number}.log", environment, own)
        self.services.append(worker)
        self.workers.append(worker)

    def executors(self) -> list[psutil.Process]:
        """JVMs of executors, worker by worker."""
        return [found for worker in self.workers for found in descendants(worker, _EXECUTOR)]

    def close(self) -> None:
        for service in reversed(self.services):
            service.end()

    def environment(self, home: Path) -> dict[str, str]:
        """What a node knows: nothing of the tests' own environment."""
        kept = {name: os.environ[name] for name in ("JAVA_HOME", "LANG") if name in os.environ}
        return {
            **kept,
            "PATH": f"{self.folder / 'image' / 'bin'}:{os.environ['PATH']}",
            "HOME": str(home),
            "TMPDIR": str(home / "tmp"),
            "PEX_ROOT": str(home / "pex"),
            "SPARK_HOME": str(SPARK_HOME),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOCAL_DIRS": str(home / "tmp"),
            "JAVA_TOOL_OPTIONS": _JVM,
            "SPARK_DAEMON_MEMORY": "256m",
        }


def _spark_class(spark_home: Path, *arguments: str) -> list[str]:
    return ["bash", str(spark_home / "bin" / "spark-class"), *arguments]
