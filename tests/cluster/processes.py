"""Processes of a test cluster: each with a log, ended with their children when the test ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

WAIT_S = 1200
"""Ends a test that hangs; far more than anything takes on a busy machine."""


@dataclass(frozen=True)
class Service:
    """A process in a session of its own, and the file that holds what it says."""

    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, text: str, timeout_s: float = WAIT_S) -> None:
        """Wait until the log holds a text.

        Raises
        ------
        AssertionError
            The process ends without it, or it takes too long.
        """

        def found() -> bool:
            ended = self.process.poll() is not None
            if text in self.said():
                return True
            assert not ended, (
                f"ended with {self.process.returncode}, without {text!r}\n{self.tail()}"
            )
            return False

        wait_until(found, f"{text!r} in {self.log}", timeout_s)

    def wait(self, timeout_s: float = WAIT_S) -> int:
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"no end after {timeout_s} s\n{self.tail()}") from None

    def tail(self) -> str:
        return self.said()[-4000:]

    def end(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to the process and all that it started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)
            if number == signal.SIGKILL:
                self.process.wait(30)


def start(
    arguments: Sequence[str], log: Path, environment: Mapping[str, str], folder: Path
) -> Service:
    """Start a process; it leads a session, so that it can be ended with its children."""
    with log.open("ab") as stream:
        process = subprocess.Popen(
            list(arguments),
            stdout=stream,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=dict(environment),
            cwd=folder,
            start_new_session=True,
        )
    return Service(process, log)


def wait_until(holds: Callable[[], bool], what: str, timeout_s: float = WAIT_S) -> None:
    """Ask until a condition holds.

    Raises
    ------
    AssertionError
        It does not within the time.
    """
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end, f"{what}: not within {timeout_s} s"
        time.sleep(0.1)


def descendants(service: Service, part: str) -> list[psutil.Process]:
    """Processes below a service whose command line holds a text."""
    found = []
    for process in psutil.Process(service.process.pid).children(recursive=True):
        try:
            if any(part in argument for argument in process.cmdline()):
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def free_port() -> int:
    """A port of this machine on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
