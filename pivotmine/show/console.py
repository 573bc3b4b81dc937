"""How commands print, and how they fail."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any, NoReturn

import typer
import typer.core
from rich.console import Console

from pivotmine.errors import PivotMineError, disk_error, was_interrupted

PIPE_COLUMNS = 160
"""Width of tables in a pipe or a log; rich's own 80 would break words of a corpus over lines."""


def plain_console(stderr: bool = False) -> Console:
    """A console that prints corpora and paths as they are: no markup, no `:cat:` as a picture."""
    console = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPE_COLUMNS
    return console


INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it: 128 and the number of the signal."""


class Commands(typer.core.TyperGroup):
    """Commands that end with one line after Ctrl-C, whatever they were doing."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Interrupted from None


class Interrupted(Exception):
    """The user has stopped the command."""


def run_app(app: typer.Typer) -> None:
    """Run a command line whose group is `Commands`.

    An error that a user can act on is one message and exit status 2; Ctrl-C is one and 130.
    """
    try:
        app()
    except (Interrupted, KeyboardInterrupt):
        end_interrupted()
    except Exception as error:
        if was_interrupted(error):
            end_interrupted()
        if isinstance(error, PivotMineError):
            _fail(error)
        found = disk_error(error)
        if found is None:
            raise
        _fail(found)


def end_interrupted() -> NoReturn:
    """End this process as Ctrl-C asks."""
    _end("interrupted, run again to go on", INTERRUPTED)


def _fail(error: PivotMineError) -> NoReturn:
    _end(f"error: {error}", 2)


def _end(message: str, status: int) -> NoReturn:
    # A terminal that has gone, or a full disk behind standard error, must not hide the status.
    with contextlib.suppress(OSError):
        plain_console(stderr=True).print(message, soft_wrap=True)
    sys.exit(status)
