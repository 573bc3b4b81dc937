"""What the result of a stage depends on, as one hash.

Code is part of it: a table counted by an older kernel is a stale table. The code of a stage is its
module, the modules that the recipe adds (`Stage.modules`), and everything of ours that they reach
by imports (`code.py`). The version of PivotMine is no part of it: a release that leaves a stage's
code as it was leaves its tables valid, and one that changes it changes the hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pivotmine.engine.code import code_hash
from pivotmine.engine.stage import Stage
from pivotmine.recipe import Recipe


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
        "code": stage_code_hash(stage, recipe),
        "config": recipe.section_json(stage.sections),
        "inputs": dict(snapshots),
        "external": external,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def reuse_fingerprint(stage: Stage, recipe: Recipe, value: Any) -> str:
    """SHA-256 over a stage's code and what rows that it made depend on (`Stage.reuse`)."""
    content = [stage_code_hash(stage, recipe), value]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def stage_code_hash(stage: Stage, recipe: Recipe) -> str:
    """Hash of the code that a stage runs under a recipe."""
    return code_hash(f"pivotmine.stages.{stage.name}.stage", *sorted(set(stage.modules(recipe))))
