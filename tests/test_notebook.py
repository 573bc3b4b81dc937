"""The notebook of `examples/` runs on the demo lake, cell by cell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import pivotmine

ROOT = Path(__file__).parent.parent
NOTEBOOK = ROOT / "examples" / "tour.ipynb"
DEMO_LAKE = ROOT / ".pivotmine" / "demo" / "lake" / "catalog.db"


def code_cells() -> list[str]:
    """Source of the code cells, in order."""
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_the_notebook_is_committed_without_outputs():
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)


def test_every_code_cell_compiles():
    for cell in code_cells():
        compile(cell, str(NOTEBOOK), "exec")


def test_the_notebook_starts_with_functions_that_the_package_has():
    assert [name for name in ("load_recipe", "open_lake") if not hasattr(pivotmine, name)] == []


@pytest.mark.skipif(not DEMO_LAKE.exists(), reason="needs the demo lake, which `make demo` makes")
def test_the_cells_run_in_order_on_the_demo_lake(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    namespace: dict[str, Any] = {}
    for cell in code_cells():
        exec(compile(cell, str(NOTEBOOK), "exec"), namespace)
    assert len(namespace["links"]) > 0
