"""Kernels compile wherever they are loaded from."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pivotmine.numeric.jit import njit, trailing_zeros

PACKAGE = Path(__file__).parent.parent.parent / "pivotmine"
CUT = """
import numpy as np
from pivotmine.numeric.windows import __file__, context_bounds
bounds, _ = context_bounds(np.array([0, 9]), np.array([2, 3, 9], np.int32), np.array([0, 3]), 9, 4)
print(*bounds, ".zip" in __file__)
"""


def test_kernels_run_from_a_zip_as_spark_ships_it(tmp_path: Path):
    archive = tmp_path / "pivotmine.zip"
    with zipfile.ZipFile(archive, "w") as files:
        for source in (PACKAGE / name for name in ("__init__.py", "errors.py", "redaction.py")):
            files.write(source, f"pivotmine/{source.name}")
        for source in sorted((PACKAGE / "numeric").glob("*.py")):
            files.write(source, f"pivotmine/numeric/{source.name}")
    done = subprocess.run(
        [sys.executable, "-c", CUT],
        env=os.environ | {"PYTHONPATH": str(archive)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["0", "3", "7", "9", "True"]


def test_a_function_without_a_file_is_compiled_without_a_cache():
    scope: dict = {}
    exec(compile("def successor(x):\n    return x + 1\n", "<nowhere>", "exec"), scope)
    assert njit(scope["successor"])(41) == 42


@pytest.mark.parametrize("position", [0, 3, 63])
def test_trailing_zeros_is_the_position_of_the_lowest_bit(position):
    @njit
    def lowest(word):
        return trailing_zeros(word)

    word = np.uint64(1) << np.uint64(position) | np.uint64(1) << np.uint64(63)
    assert lowest(word) == position
