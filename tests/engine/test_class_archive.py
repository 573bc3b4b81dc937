"""The archive of Java's classes: written when the first session ends, mapped by the next."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pivotmine.engine.class_archive import archive_options, archive_path

SESSION = """
from pathlib import Path
from pivotmine.engine.session import build_session
from pivotmine.recipe import SparkConfig
session = build_session(SparkConfig(driver_memory="512m"))
java = session.sparkContext._gateway.proc.pid
print(*{line.split()[-1] for line in Path(f"/proc/{java}/maps").open() if ".jsa" in line})
"""


def test_the_second_session_maps_what_the_first_has_loaded(tmp_path: Path):
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}

    def mapped() -> str:
        done = subprocess.run(
            [sys.executable, "-c", SESSION], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert str(tmp_path) not in mapped()
    (archive,) = tmp_path.glob("pivotmine/java/*")
    assert archive.suffix == ".jsa"
    assert str(archive) in mapped()


def test_another_java_has_another_archive():
    assert archive_path("openjdk 17") != archive_path("openjdk 21")


def test_nothing_is_recorded_where_nothing_can_be_kept(tmp_path: Path):
    (tmp_path / "file").touch()
    assert archive_options(tmp_path / "file" / "classes.jsa") == ""
    assert archive_options(tmp_path / "with blank" / "classes.jsa") == ""
