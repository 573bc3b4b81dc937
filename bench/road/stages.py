"""What a stage of a run used."""

from __future__ import annotations

from typing import NamedTuple


class StageTime(NamedTuple):
    """A stage, in seconds, numbers and bytes."""

    name: str
    wall_seconds: float
    driver_seconds: float
    jvm_seconds: float
    worker_seconds: float
    jobs: int
    tasks: int
    executions: int
    bytes_to_python: int
    bytes_from_python: int
    rows_from_python: int
    peak_bytes: int

    @property
    def processor_seconds(self) -> float:
        """Of driver, JVM and Python workers."""
        return self.driver_seconds + self.jvm_seconds + self.worker_seconds

    def idle_seconds(self, n_cores: int) -> float:
        """Of all cores; other programs on the machine count as idle."""
        return max(self.wall_seconds * n_cores - self.processor_seconds, 0.0)
