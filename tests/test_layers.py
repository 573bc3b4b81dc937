"""Who may import whom: the arrows of docs/architecture.md."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SPARK_FREE = ("numeric", "sources", "text", "dictionaries", "demo", "planted", "judge", "ask")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def imported(path: Path) -> set[str]:
    """Top-level names of what a file imports."""
    return {name.split(".")[0] for name in imports(path)}


def own_files(folder: str) -> Iterator[Path]:
    """Files of a folder, without what links to other folders put into the package."""
    for path in (ROOT / folder).rglob("*.py"):
        if not any(parent.is_symlink() for parent in path.parents):
            yield path


def offenders(folder: str, *forbidden: str) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sorted(own_files(folder))
        for name in imports(path)
        if any(name == prefix or name.startswith(f"{prefix}.") for prefix in forbidden)
    ]


def test_the_engine_knows_neither_its_entry_points_nor_the_torch_side():
    assert offenders("pivotmine", "jobs", "pivotmine.model") == []


def test_udfs_know_no_stages_and_no_driver():
    driver = ("pivotmine.stages.road", "pivotmine.engine.runner", "pivotmine.lake.lake", "pyspark")
    assert offenders("udfs", *driver) == []


def test_the_torch_side_knows_no_spark():
    assert offenders("model", "pyspark", "pivotmine.stages.road", "pivotmine.engine.runner") == []


@pytest.mark.parametrize("part", SPARK_FREE)
def test_what_runs_on_executors_can_be_imported_without_spark(part: str):
    assert (
        offenders(
            f"pivotmine/{part}", "pyspark", "pivotmine.engine.session", "pivotmine.stages.road"
        )
        == []
    )


def test_stages_neither_write_nor_collect_nor_build_sessions():
    banned = (".collect(", ".toPandas(", ".toArrow(", ".write.", ".write(", "getOrCreate", "rand(")
    found = [
        f"{path.name}: {word}"
        for path in sorted((ROOT / "pivotmine" / "stages").rglob("*.py"))
        for word in banned
        if "pyspark" in imported(path) and word in path.read_text("utf-8").split('"""', 2)[2]
    ]
    assert found == []
