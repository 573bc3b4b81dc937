"""The doctor reports what is installed, and how to install what is missing."""

from __future__ import annotations

import platform
import shutil
from importlib.metadata import version
from pathlib import Path

import pytest

from pivotmine.engine.session import check_java
from pivotmine.errors import SetupError
from pivotmine.keep.doctor import examine
from pivotmine.keep.symptom import Symptom
from pivotmine.lake.tables import TABLES
from pivotmine.recipe import Recipe
from pivotmine.recipe.reading import load_recipe
from tests.handmade import make_lake, settings
from tests.road import run_cli

VERSION_LINES = {
    "1.8": 'openjdk version "1.8.0_402"',
    "11": 'openjdk version "11.0.22" 2024-01-16',
    "17": 'openjdk version "17.0.15" 2025-04-15',
    "21": 'java version "21.0.2" 2024-01-16 LTS',
    "21-ea": 'openjdk version "21-ea" 2023-09-19',
    "25": 'openjdk version "25" 2025-09-16',
}


def fake_java(folder: Path, output: str) -> Path:
    """A folder like a JDK's, whose `java -version` prints `output`, on stderr as Java does."""
    (folder / "bin").mkdir(parents=True)
    program = folder / "bin" / "java"
    program.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{output}\nEND\n")
    program.chmod(0o755)
    return folder


@pytest.fixture
def examined(lake_config: Recipe) -> dict[str, Symptom]:
    return {symptom.subject: symptom for symptom in examine(lake_config, start_spark=False)}


def symptom(subject: str, recipe: Recipe) -> Symptom:
    (found,) = (s for s in examine(recipe, start_spark=False) if s.subject == subject)
    return found


def test_versions_of_python_and_libraries_are_shown(examined):
    assert examined["Python"].state.startswith(platform.python_version())
    for library in ("pyspark", "pyiceberg", "duckdb", "numpy"):
        assert examined[library] == Symptom(library, version(library))


def test_the_default_language_model_is_tried_out(examined):
    assert examined["language model"].well
    assert "lid.176.ftz answers (en, " in examined["language model"].state


def test_the_lake_is_opened_and_counted(tmp_path: Path):
    lake = make_lake(tmp_path / "lake", links=[], pivots=[])
    found = symptom("lake", load_recipe(None, [settings(lake)[1]]))
    assert found.well
    counted = f"3 of {len(TABLES)} tables committed"
    assert found.state == f"{lake.warehouse}, catalog embedded SQLite, {counted}"


def test_a_warehouse_that_cannot_be_written_is_a_symptom(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    found = symptom("lake", load_recipe(None, [f"lake.warehouse={tmp_path}/file/lake"]))
    assert not found.well
    assert "cannot be written" in found.fix
    assert "Set lake.warehouse" in found.fix


def test_a_language_model_that_is_not_there_is_a_symptom(lake_config: Recipe):
    recipe = load_recipe(None, ["ingest.language_model=/no/such/lid.bin"])
    found = symptom("language model", recipe.model_copy(update={"lake": lake_config.lake}))
    assert not found.well
    assert "/no/such/lid.bin does not exist" in found.fix


# ---- Java


@pytest.mark.parametrize("name", ["17", "21", "21-ea"])
def test_java_that_spark_can_use_is_well(
    name: str, lake_config: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "jdk", VERSION_LINES[name])))
    assert check_java() == VERSION_LINES[name]
    assert symptom("Java", lake_config) == Symptom("Java", VERSION_LINES[name])


@pytest.mark.parametrize(("name", "major"), [("1.8", 8), ("11", 11), ("25", 25)])
def test_java_too_old_or_too_new_is_refused_by_number(
    name: str, major: int, lake_config: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "jdk", VERSION_LINES[name])))
    with pytest.raises(SetupError, match=f"is Java {major}, Spark 4 needs 17 to 21"):
        check_java()
    found = symptom("Java", lake_config)
    assert not found.well
    assert "Install a JDK or JRE 17 or 21 and point JAVA_HOME at it" in found.fix


def test_java_without_a_version_is_refused_with_what_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "jdk", "Unrecognized option")))
    with pytest.raises(SetupError, match="does not report its version: 'Unrecognized option'"):
        check_java()


def test_without_java_home_the_path_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = fake_java(tmp_path / "jdk", VERSION_LINES["21"]) / "bin"
    cat = shutil.which("cat")
    assert cat is not None
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", f"{folder}:{Path(cat).parent}")
    assert check_java() == VERSION_LINES["21"]


@pytest.mark.parametrize("java_home", [None, "empty"])
def test_missing_java_is_a_symptom_with_the_place_and_the_fix(
    java_home: str | None, lake_config: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(tmp_path))
    if java_home:
        monkeypatch.setenv("JAVA_HOME", str(tmp_path / java_home))
    else:
        monkeypatch.delenv("JAVA_HOME", raising=False)
    found = symptom("Java", lake_config)
    assert not found.well
    there = f"JAVA_HOME={tmp_path}/empty holds no bin/java"
    where = there if java_home else "no `java` on the PATH"
    assert f"Java is missing: {where}" in found.fix
    assert "Install a JDK or JRE 17 or 21" in found.fix


def test_the_command_fails_when_something_is_not_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "empty"))
    out = run_cli("doctor", "--set", f"lake.warehouse={tmp_path}/lake", expect=1).stdout
    lines = out.splitlines()
    for subject in ("Java", "Spark"):
        at = lines.index(f"FAIL {subject}: not usable")
        assert lines[at + 1].startswith("       fix: Java is missing: JAVA_HOME=")
    assert f"ok   numpy: {version('numpy')}" in lines
