"""A view as one file that a browser opens without a server and without a network.

Style, scripts and data stand in the file. Its Content-Security-Policy allows those scripts alone,
by their hashes, and no connection; data are JSON, which no browser runs.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

from pivotmine.explore.answers import Explorer
from pivotmine.explore.downloads import as_file
from pivotmine.explore.pages import STATIC, render, scripts_of


def offline_page(explorer: Explorer, name: str, values: Mapping[str, str]) -> str:
    """A view as HTML that needs no other file.

    Raises
    ------
    PivotMineError
        The question cannot be answered; the message says what to do.
    """
    view, statements = explorer.answer(name, values)
    names = [*scripts_of(view), "explore.js"]
    sources = [_source(path) for path in names]
    hashes = " ".join(f"'sha256-{_sha256(source)}'" for source in sources)
    files = {
        table: "data:text/csv;base64," + base64.b64encode(as_file(rows, "csv")).decode()
        for table, rows in view.tables.items()
    }
    return render(
        view.name,
        explorer.languages(),
        **explorer.frame(name, values),
        **view.figures,
        title=view.title,
        statements=statements,
        downloads=list(view.tables),
        files=files,
        offline=True,
        scripts=names,
        sources=sources,
        style=(STATIC / "explore.css").read_text(encoding="utf-8"),
        policy=f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:",
    )


def _source(path: str) -> str:
    """A script as it may stand in an element of HTML."""
    text = (STATIC / path).read_text(encoding="utf-8")
    return text.replace("</script", r"<\/script").replace("<!--", r"<\!--")


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
