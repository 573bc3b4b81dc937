"""The Spark session that PivotMine starts by itself."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

import pytest

from pivotmine.engine.session import worker_path

ROOT = str(Path(__file__).parent.parent.parent)


def test_workers_import_from_the_folders_of_the_driver_and_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "named"))
    monkeypatch.setattr(sys, "path", ["", str(tmp_path / "appended")])
    assert worker_path() == [ROOT, str(tmp_path / "named"), str(tmp_path / "appended")]


def test_the_path_of_workers_leaves_out_installed_libraries(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    installed = [sysconfig.get_path(name) for name in ("stdlib", "purelib", "scripts")]
    monkeypatch.setattr(sys, "path", installed)
    assert worker_path() == [ROOT]
