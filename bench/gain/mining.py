"""The pool mined by the engine at its defaults, up to scores: what all arms are selected from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from bench.gain.texts import LANGUAGES
from pivotmine import api

SCORED = ("he2025", "entropy", "translation")
COVERAGE, BROKEN, ORACLE = "links_coverage", "links_broken", "oracle"
SHARES = {"en": 0.44, "fr": 0.28, "ja": 0.28}
"""Share of each language in every arm, by the language of segments: about that of the parallel
pages, so that the oracle can use all of them."""


def write_recipe(out: Path) -> Path:
    """Write OUT/recipe.yaml: the defaults, but for the languages and the arms."""
    truth = str((out / "labels.parquet").resolve())
    arms: list[dict[str, Any]] = [
        {"name": "random", "method": "random"},
        *({"name": score, "method": score} for score in SCORED),
        {"name": COVERAGE, "method": "distinct_links"},
        {"name": ORACLE, "method": "oracle", "truth": truth, "truth_where": "kind = 'parallel'"},
    ]
    recipe = {
        "languages": list(LANGUAGES),
        "lake": {"warehouse": str((out / "lake").resolve())},
        "ingest": {
            "inputs": [{"uris": [str((out / "pages").resolve())], "source_column": "source"}]
        },
        "select": {"language_tokens": "segments", "language_shares": SHARES, "arms": arms},
    }
    path = out / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe, sort_keys=False), encoding="utf-8")
    return path


def mine(out: Path) -> Path:
    """Mine the pool up to `score`, where that is not done yet; returns its recipe."""
    recipe = write_recipe(out)
    api.run(recipe, until="score")
    return recipe
