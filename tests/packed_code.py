"""PivotMine's code as jobs bring it to a cluster: a copy or an archive of the package."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).parent.parent


def pack_code(folder: Path) -> Path:
    """The package as an archive, for clusters whose nodes have its libraries but not itself."""
    return Path(shutil.make_archive(str(folder / "code"), "zip", copy_code(folder)))


def copy_code(folder: Path) -> Path:
    """A copy of the package, its linked folders included; returns the folder that holds it."""
    ignored = shutil.ignore_patterns("__pycache__", "arms")
    shutil.copytree(ROOT / "pivotmine", folder / "code" / "pivotmine", ignore=ignored)
    return folder / "code"
