"""Pages: one shell, one style, and parts that escape what is put into them.

A page is one file that loads nothing. Its parts are `Markup`: text that is put into one of them, by
a template or by `html`, is escaped unless it is `Markup` itself. The explorer extends `shell.html`
and serves the files of `assets` instead of placing them into its pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pivotmine.show.look.drawing import responsive, small
from pivotmine.show.look.grammar import Spec
from pivotmine.show.look.palette import css

FOLDER = Path(__file__).parent
"""Of templates, style and scripts."""


class Section(NamedTuple):
    """A part of a page that its navigation names."""

    anchor: str
    heading: str
    body: Markup


def html(template: str, *values: object) -> Markup:
    """HTML of our own with values at its braces, which are escaped unless they are `Markup`.

    >>> html("<p>{}</p>", "<b>")
    Markup('<p>&lt;b&gt;</p>')
    """
    return Markup(template).format(*values)


def joined(parts: Iterable[Markup]) -> Markup:
    """Parts one after the other."""
    return Markup("").join(parts)


def page(
    title: str, lead: Markup, sections: Sequence[Section], style: str = "", script: str = ""
) -> str:
    """A whole document.

    Parameters
    ----------
    lead
        What stands below the title.
    style, script
        CSS after that of all pages, and JavaScript after theirs; both of our own, never of data.
    """
    given = assets()
    shell = environment().get_template("shell.html")
    return shell.render(
        **{"title": title, "lead": lead, "sections": sections, "style": Markup(style)},
        **{"css": Markup(given["look.css"]), "script": Markup(given["tips.js"] + script)},
    )


def write_page(path: Path, text: str) -> None:
    """Write a page; makes the folder that it is to lie in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    caption: str = "",
    numeric_from: int = 1,
    folded: str = "",
    opened: bool = False,
) -> Markup:
    """A table; columns from `numeric_from` on are numbers.

    Intervals of a table of more than eight columns stand below their values.

    Parameters
    ----------
    folded
        The line that unfolds the table; empty: it is not folded.
    """
    return _part("table", heads, rows, caption, numeric_from, folded, opened)


def figure(
    spec: Spec, headline: str, note: str = "", below: Markup | None = None, beside: bool = False
) -> Markup:
    """A chart under its headline.

    Parameters
    ----------
    headline
        What the chart shows, as a sentence with the finding.
    note
        How to read it.
    below
        Its numbers as a table.
    beside
        It stands beside others, in `figures`.
    """
    label = f"{headline} {note}".strip()
    drawing = Markup(small(spec, label) if beside else responsive(spec, label))
    return _part("figure", drawing, headline, note, below or Markup(""))


def figures(each: Iterable[Markup]) -> Markup:
    """Figures beside each other, as many as fit."""
    return html('<div class="figures">{}</div>', joined(each))


def embedded(name: str, value: Any) -> Markup:
    """JSON as a script element that no browser runs; no text in it can end the element."""
    text = orjson.dumps(value).decode().replace("<", "\\u003c").replace("&", "\\u0026")
    return html('<script type="application/json" id="{}">{}</script>', name, Markup(text))


@cache
def assets() -> dict[str, str]:
    """Name of a file -> its text: the style with its colours, and the script of tooltips."""
    style = css() + (FOLDER / "look.css").read_text(encoding="utf-8")
    return {"look.css": style, "tips.js": (FOLDER / "tips.js").read_text(encoding="utf-8")}


@cache
def environment() -> Environment:
    """Templates of pages. They escape what is put into them, and refuse names that they lack."""
    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )


def _part(name: str, *values: object) -> Markup:
    found: Markup = getattr(environment().get_template("parts.html").module, name)(*values)
    return found
