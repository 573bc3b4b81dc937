"""The libraries in the package."""

from pathlib import Path

import pytest

from pivotmine.explore.pages import SCRIPTS, STATIC
from pivotmine.explore.vendored import FOLDER, LIBRARIES


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.name)
def test_a_library_lies_in_the_package_with_its_licence(library):
    assert (FOLDER / Path(library.file).name).stat().st_size > 10_000
    assert (FOLDER / library.licence).read_text(encoding="utf-8").strip()


def test_nothing_lies_beside_them():
    listed = {name for one in LIBRARIES for name in (Path(one.file).name, one.licence)}
    assert {path.name for path in FOLDER.iterdir()} == listed
    assert all((STATIC / path).exists() for path in SCRIPTS.values())
