"""Rooms of the torch side: each imports only rooms above it in this table."""

from __future__ import annotations

import ast
from pathlib import Path

import pivotmine.model

ORDER = (
    ("results", "progress", "config", "lakes", "hub", "locks"),
    ("load", "statistics", "words"),
    ("shards", "scoring"),
    ("losses", "lens"),
    ("attribution", "comparison", "evaluation", "training"),
    ("report", "commands"),
    ("cli",),
)
"""A room may import rooms of earlier rows. Rooms of one row do not import each other, apart from
those that follow."""
WITHIN_A_ROW = {("commands", "report")}

PACKAGE = "pivotmine.model."


def imported_rooms(source: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name.removeprefix(PACKAGE).split(".")[0] for name in names if name.startswith(PACKAGE)}


def breaches(imports: dict[str, set[str]]) -> list[tuple[str, str]]:
    row = {room: number for number, rooms in enumerate(ORDER) for room in rooms}
    return sorted(
        (room, other)
        for room, others in imports.items()
        for other in others - {room}
        if row[other] >= row[room] and (room, other) not in WITHIN_A_ROW
    )


def test_no_room_imports_a_later_one():
    folder = Path(pivotmine.model.__file__).parent
    imports: dict[str, set[str]] = {}
    for path in folder.rglob("*.py"):
        room = path.relative_to(folder).with_suffix("").parts[0]
        if room != "__init__":
            found = imported_rooms(path.read_text(encoding="utf-8"))
            imports[room] = imports.get(room, set()) | found
    assert set(imports) == {room for rooms in ORDER for room in rooms}
    assert breaches(imports) == []


def test_a_planted_breach_is_found():
    source = "def f():\n    from pivotmine.model.evaluation.run import evaluate\n"
    assert breaches({"training": imported_rooms(source)}) == [("training", "evaluation")]
