"""Compiled kernels have a plain twin, and compile wherever they are loaded from."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pivotmine.errors import SetupError
from pivotmine.numeric.jit import HAVE_NUMBA, njit, trailing_zeros, use_numba

PACKAGE = Path(__file__).parent.parent.parent / "pivotmine"
COUNT = """
import numpy as np
from pivotmine.stages.contexts.windows import build_contexts, window_ends
from pivotmine.numeric.jit import HAVE_NUMBA
print(HAVE_NUMBA, *window_ends(np.array([2, 3, 9], np.int32), 4))
"""


def run_python(code: str, path: Path, **environment: str) -> str:
    env = os.environ | {"PYTHONPATH": str(path)} | environment
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_switched_off_numba_leaves_the_same_numbers():
    assert run_python(COUNT, PACKAGE.parent, PIVOTMINE_NO_NUMBA="1") == "False 3 7 9"


def test_kernels_run_from_a_zip_as_spark_ships_it(tmp_path: Path):
    archive = tmp_path / "pivotmine.zip"
    with zipfile.ZipFile(archive, "w") as files:
        for name in ("__init__.py", "errors.py"):
            files.write(PACKAGE / name, f"pivotmine/{name}")
        for source in sorted((PACKAGE / "kernels").glob("*.py")):
            files.write(source, f"pivotmine/kernels/{source.name}")
    assert run_python(COUNT, archive) == f"{HAVE_NUMBA} 3 7 9"


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


def test_an_unknown_engine_is_refused():
    with pytest.raises(SetupError, match="'cuda' is unknown"):
        use_numba("cuda")  # type: ignore[arg-type]


def test_the_engine_can_be_forced():
    assert use_numba("numpy") is False
    assert use_numba("auto") is HAVE_NUMBA
