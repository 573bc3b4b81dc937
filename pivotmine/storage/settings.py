"""Where stores are and how long to wait for them: the settings of every filesystem.

They hold for a process and for the Python workers of its Spark session, which get them as an
environment variable. Credentials are no settings: they come from the usual environment variables
(`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`), from a file (that of
`AWS_SHARED_CREDENTIALS_FILE`, `GOOGLE_APPLICATION_CREDENTIALS`), or from the machine itself.
"""

from __future__ import annotations

import dataclasses
import json
import os
from functools import lru_cache

VARIABLE = "PIVOTMINE_STORAGE"
"""Environment variable that holds the settings of a process, as JSON."""

_SENT_PREFIXES = ("AWS_", "GOOGLE_APPLICATION_CREDENTIALS", "STORAGE_EMULATOR_HOST", "AZURE_")


@dataclasses.dataclass(frozen=True)
class StorageSettings:
    """Section `storage` of a recipe; an empty text leaves a choice to the environment."""

    endpoint: str = ""
    region: str = ""
    profile: str = ""
    anonymous: bool = False
    retry_minutes: float = 10.0
    timeout_seconds: float = 60.0


def use(settings: StorageSettings) -> None:
    """Let these settings hold for this process, and for those that it starts."""
    os.environ[VARIABLE] = json.dumps(dataclasses.asdict(settings), sort_keys=True)


def current() -> StorageSettings:
    """The settings of this process."""
    return _read(os.environ.get(VARIABLE, "{}"))


def worker_environment() -> dict[str, str]:
    """Variables that give workers on other machines the stores of this process.

    Spark sends them with a task. Unlike its properties, they are in no log and on no page of its
    web interface.
    """
    return {**sent_variables(), VARIABLE: os.environ.get(VARIABLE, "{}")}


def sent_variables() -> dict[str, str]:
    """The variables by which the libraries of stores find them, and credentials."""
    return {name: value for name, value in os.environ.items() if name.startswith(_SENT_PREFIXES)}


@lru_cache(maxsize=8)
def _read(text: str) -> StorageSettings:
    return StorageSettings(**json.loads(text))
