"""Views as HTML: the templates and what they are given."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from pivotmine.explore.view import View, address
from pivotmine.explore.words import named, shown

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"

VEGA = ("vendor/vega.min.js", "vendor/vega-lite.min.js", "vendor/vega-embed.min.js")
SCRIPTS = {"cytoscape": ("vendor/cytoscape.min.js",), "vega": VEGA}
"""Scripts that a page may use, each loaded only where it is."""

_COLOURS = 8


@cache
def environment() -> jinja2.Environment:
    """The templates. All values are escaped; a name that lacks is an error."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"address": address, "named": named, "shown": shown}
    made.filters |= {"q": _q_value, "marked": _marked, "tail": _tail}
    return made


def render(template: str, languages: Sequence[str], **values: Any) -> str:
    """A page as HTML.

    Parameters
    ----------
    template
        Name of a view, or of another template.
    languages
        Languages of the lake; their order gives each its colour.
    """
    colours = {lang: number % _COLOURS for number, lang in enumerate(languages)}
    given = {"colours": colours, "offline": False, "scripts": [], **values}
    return environment().get_template(f"{template}.html").render(given)


def scripts_of(view: View) -> list[str]:
    """Paths below `static` of the libraries that a view needs, in their order."""
    return [path for name in view.uses for path in SCRIPTS[name]]


def _q_value(value: float | None) -> str:
    return "" if value is None else "0" if value == 0 else f"{value:.1g}"


def _tail(path: str) -> str:
    """The last two names of a path, which tell lakes and files apart in little room."""
    parts = path.rstrip("/").split("/")
    return path if len(parts) < 3 else "…/" + "/".join(parts[-2:])


def _marked(line: Any) -> list[tuple[str, int | None]]:
    """Pieces of a line, each with the word of the question that it is, or None."""
    pieces: list[tuple[str, int | None]] = []
    at = 0
    for start, end, word in line.marks:
        pieces += [(line.text[at:start], None), (line.text[start:end], word)]
        at = end
    return [piece for piece in [*pieces, (line.text[at:], None)] if piece[0]]
