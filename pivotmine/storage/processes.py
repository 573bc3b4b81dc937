"""Processes of this machine, which leases name as their owners."""

from __future__ import annotations

import os


def is_running(process: int) -> bool:
    """Whether a process of this machine runs, of whatever user."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True
