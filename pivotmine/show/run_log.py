"""The log of a run: what a display shows, kept as a file beside the lake's tables.

The file is `logs/` and the start of the run, in the warehouse. It begins with the first stage that
really runs, so a run that finds everything committed leaves none. A log that cannot be written is
no reason to stop a run.
"""

from __future__ import annotations

import contextlib
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pivotmine
from pivotmine.lake.addresses import is_local, local_path
from pivotmine.redaction import redact_text
from pivotmine.show.progress import PlainDisplay
from pivotmine.storage.filesystem import open_file

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pivotmine.engine.display import Display, Report

FOLDER = "logs"
WARNING = "WARNING"
"""How notes begin that are said again when the run ends."""


@contextlib.contextmanager
def logged(display: Display, warehouse: str, recipe: str) -> Iterator[LoggedDisplay]:
    """A display that also writes what it shows to a file below the warehouse.

    What ends the run is written, too, with its traceback. Warnings of stages are shown again at the
    end, so that they do not vanish behind what came after them.

    Parameters
    ----------
    recipe
        The effective settings, without secrets: the head of the file.
    """
    log = RunLog(warehouse, f"PivotMine {pivotmine.__version__}\n{recipe}")
    both = LoggedDisplay(display, log)
    try:
        yield both
    except BaseException:
        log.write(traceback.format_exc())
        raise
    finally:
        for text in both.warnings:
            display.note(text)
        log.close()


class RunLog:
    """Lines of a file that is made when the first stage starts."""

    def __init__(self, warehouse: str, head: str) -> None:
        self.path = f"{warehouse.rstrip('/')}/{FOLDER}/{time.strftime('%Y%m%dT%H%M%S')}.log"
        self._waiting: list[str] = [head]
        self._file: IO[str] | None = None
        self._is_broken = False

    def open(self) -> None:
        """Make the file, with what was written before; later calls do nothing."""
        if self._file is None and not self._is_broken:
            with self._no_reason_to_stop():
                self._file = _open_text(self.path)
            waiting, self._waiting = self._waiting, []
            for text in waiting:
                self.write(text)

    def write(self, text: str) -> None:
        """Add lines, without the secrets of addresses in them."""
        if self._file is None:
            if not self._is_broken:
                self._waiting.append(text)
            return
        with self._no_reason_to_stop():
            self._file.write(redact_text(text).rstrip("\n") + "\n")
            self._file.flush()

    def close(self) -> None:
        """End the file."""
        if self._file is not None:
            with self._no_reason_to_stop():
                self._file.close()

    @contextlib.contextmanager
    def _no_reason_to_stop(self) -> Iterator[None]:
        try:
            yield
        except Exception:
            self._file, self._is_broken = None, True


class LoggedDisplay:
    """Shows what happens on another display, and writes a line of it to a log."""

    def __init__(self, display: Display, log: RunLog) -> None:
        self._display = display
        self._log = log
        self._lines = PlainDisplay(_Lines(log))
        self._is_watched = False
        self.warnings: list[str] = []

    def note(self, text: str) -> None:
        if WARNING in text:
            self.warnings.append(text)
        self._lines.note(text)
        self._display.note(text)

    def start(self, stage: str, doc: str) -> None:
        self._log.open()
        self._lines.start(stage, doc)
        self._display.start(stage, doc)

    def progress(self, text: str) -> None:
        self._lines.progress(text)
        self._display.progress(text)

    def finish(self, report: Report) -> None:
        self._lines.finish(report)
        self._display.finish(report)

    def watch(self, spark: SparkSession) -> contextlib.AbstractContextManager[None]:
        """Watch Spark; where it serves a page about its work, say so once."""
        address = None if self._is_watched else _page_of(spark)
        self._is_watched = True
        if address:
            self.note(f"Spark shows its work at {address}")
        return self._display.watch(spark)


class _Lines:
    """What `PlainDisplay` asks of a console."""

    def __init__(self, log: RunLog) -> None:
        self._log = log

    def print(self, *objects: Any, **how: Any) -> None:
        self._log.write(" ".join(map(str, objects)))


def _page_of(spark: SparkSession) -> str | None:
    """Address of Spark's own page; None where there is none, and over Spark Connect."""
    try:
        address: str | None = spark.sparkContext.uiWebUrl
    except Exception:
        return None
    return address


def _open_text(path: str) -> IO[str]:
    """A new text file. One in an object store appears when it is closed."""
    if is_local(path):
        local = Path(local_path(path))
        local.parent.mkdir(parents=True, exist_ok=True)
        return local.open("w", encoding="utf-8")
    remote: IO[str] = open_file(path, "wt", encoding="utf-8")
    return remote
