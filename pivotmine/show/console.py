"""How commands print, and how they fail."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import NoReturn

import typer
from rich.console import Console

from pivotmine.errors import PivotMineError, disk_error

PIPE_COLUMNS = 160
"""Width of tables in a pipe or a log; rich's own 80 would break words of a corpus over lines."""


def plain_console(stderr: bool = False) -> Console:
    """A console that prints corpora and paths as they are: no markup, no `:cat:` as a picture."""
    console = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPE_COLUMNS
    return console


def run_app(app: typer.Typer) -> None:
    """Run a command line. An error that a user can act on is one message and exit status 2."""
    try:
        app()
    except PivotMineError as error:
        _fail(error)
    except Exception as error:
        found = disk_error(error)
        if found is None:
            raise
        _fail(found)


def _fail(error: PivotMineError) -> NoReturn:
    # A terminal that has gone, or a full disk behind standard error, must not hide the status.
    with contextlib.suppress(OSError):
        plain_console(stderr=True).print(f"error: {error}", soft_wrap=True)
    sys.exit(2)
