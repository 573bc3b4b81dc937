"""`python -m docs.site`: put the pages together, and build the site in `build/docs/site`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from docs.site.pages import write_pages

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "build" / "docs" / "pages"
"""Where `mkdocs.yml` looks for the pages."""


def main() -> int:
    """Write the pages and build the site. Fails on links and headings that lead nowhere."""
    write_pages(ROOT, PAGES)
    zensical = Path(sys.executable).with_name("zensical")
    command = [str(zensical), "build", "--strict", "--clean", "-f", str(ROOT / "mkdocs.yml")]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
