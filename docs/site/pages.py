"""All pages of the site in one folder: those of `docs/`, those of the root, and generated ones."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from docs.site.api import api_page
from docs.site.commands import commands_page
from docs.site.notebook import write_notebook
from docs.site.results import results_page
from docs.site.settings import settings_page
from docs.site.tables import tables_page

GENERATED: dict[str, Callable[[], str]] = {
    "reference/commands.md": commands_page,
    "reference/settings.md": settings_page,
    "reference/tables.md": tables_page,
    "reference/api.md": api_page,
}
"""Pages that are made from the code, by their place."""

NOTEBOOK = "tutorials/tour.md"
RESULTS = "results/index.md"
FROM_THE_ROOT = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
NOT_PAGES = ("*.parquet", "grid-*.json", "*.py", "__pycache__", "site")
PLACES = frozenset({*GENERATED, *FROM_THE_ROOT.values(), NOTEBOOK, RESULTS})
"""Pages that are not in `docs/`, but beside them on the site."""


def write_pages(root: Path, out: Path) -> None:
    """Write every page of the site below `out`, which is made anew.

    Parameters
    ----------
    root
        Root of the repository.
    """
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(
        root / "docs",
        out,
        ignore=shutil.ignore_patterns("*.parquet", "grid-*.json", "*.py", "__pycache__", "site"),
    )
    for name, place in FROM_THE_ROOT.items():
        _write(out / place, moved(root / name))
    for place, page in GENERATED.items():
        _write(out / place, page())
    _write(out / RESULTS, results_page(out / "results"))
    write_notebook(root / "examples" / "tour.ipynb", out / NOTEBOOK)


def moved(page: Path) -> str:
    """Text of a page of the root, with links as they are from `docs/`."""
    return re.sub(r"\]\(docs/", "](", page.read_text(encoding="utf-8"))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
