"""What the result of a stage depends on, as one hash.

Code is part of it: a table counted by an older kernel is a stale table. Which code, is read from
the imports: the stage's module and everything of ours that it reaches, so that a change in a
training file writer does not recount a corpus.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pivotmine
from pivotmine.engine.stage import Stage
from pivotmine.recipe import Recipe

_ROOT = Path(pivotmine.__file__).resolve().parent.parent
_PACKAGES = ("pivotmine",)
_NO_PART_OF_A_RESULT = frozenset(
    f"pivotmine.{name}"
    for name in ("recipe", "errors", "lake.tables", "engine.session", "engine.stage")
)
"""Values of the recipe are hashed by themselves, schemas are checked at every write."""


def stage_fingerprint(
    stage: Stage, recipe: Recipe, snapshots: Mapping[str, int], external: Any
) -> str:
    """SHA-256 over code, settings, and everything that is read.

    Parameters
    ----------
    snapshots
        Snapshot id of every table that the stage reads.
    external
        What it reads outside the lake, as `Stage.external` describes it.
    """
    content = {
        "stage": stage.name,
        "version": pivotmine.__version__,
        "code": code_hash(f"pivotmine.stages.{stage.name}.stage"),
        "config": recipe.section_json(stage.sections),
        "inputs": dict(snapshots),
        "external": external,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def reuse_fingerprint(stage: Stage, value: Any) -> str:
    """SHA-256 over a stage's code and what rows that it made depend on (`Stage.reuse`)."""
    code = code_hash(f"pivotmine.stages.{stage.name}.stage")
    content = [pivotmine.__version__, code, value]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@cache
def code_hash(module: str) -> str:
    """Hash of the sources of a module and of all modules of ours that it reaches by imports."""
    digest = hashlib.sha256()
    for name in sorted(reached_modules(module)):
        path = _source(name)
        assert path is not None
        digest.update(name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def reached_modules(module: str) -> set[str]:
    """Our modules that a module reaches by imports, itself included."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in found and name not in _NO_PART_OF_A_RESULT:
            found.add(name)
            waiting.extend(_imported(name))
    return found


def _imported(module: str) -> Iterator[str]:
    path = _source(module)
    assert path is not None
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            candidates = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from package import module` names a module, `from module import name` does not.
            candidates = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from (name for name in candidates if _source(name) is not None)


def _source(module: str) -> Path | None:
    if module.split(".")[0] not in _PACKAGES:
        return None
    path = _ROOT.joinpath(*module.split("."))
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((candidate for candidate in candidates if candidate.exists()), None)
