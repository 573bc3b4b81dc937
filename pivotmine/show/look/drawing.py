"""Charts drawn: as SVG inside pages, and as files.

Pages hold SVG and no program that draws. A chart takes 4 to 30 kB, twice that where it is drawn for
wide and for narrow screens: 70 to 100 kB for the comparison of a grid, 200 kB for the arms of a
lake. The libraries of Vega would add 0.9 MB to every page. SVG prints, needs no script, and takes
its colours from the page, so it follows the reader's theme.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pivotmine.errors import InputError, SetupError
from pivotmine.show.look.grammar import CONFIG, NARROW, WIDE, Spec
from pivotmine.show.look.palette import THEMES, resolved

SUFFIXES = (".svg", ".png", ".pdf")

_PRECISE = re.compile(r'( (?:d|transform|x|y|x2|y2|width|height)=")([^"]*)(")')
_DIGITS = re.compile(r"(\.\d\d)\d+")
_TAG = re.compile(r"<[^>]+>")
_SHAPELESS = re.compile(r'<path class="(?:back|fore)ground"[^>]* d="(?:M0,0h0v0h0Z)?"[^>]*/>')
_DEFAULTS = re.compile(
    r' (?:font-family="[^"]*"|aria-roledescription="(?!axis|legend|title)[^"]*"|opacity="1"'
    r'|pointer-events="none"|role="graphics-object")'
)


def require_drawing() -> None:
    """Check that pages and figures can be made.

    Raises
    ------
    SetupError
        The extra `plot` is not installed.
    """
    try:
        import jinja2  # noqa: F401
        import vl_convert  # noqa: F401
    except ImportError:
        raise SetupError(
            "pages and figures need more packages: pip install '.[plot]' in a checkout of PivotMine"
        ) from None


def drawn(spec: Spec, label: str, width: int = WIDE) -> str:
    """A chart as an SVG element for a page; colours are those of the page.

    Parameters
    ----------
    label
        What the chart shows, for those who do not see it.
    width
        Pixels, if it is shown in its own size; it scales with its place.
    """
    import vl_convert
    from markupsafe import escape

    svg = vl_convert.vegalite_to_svg({**spec, "width": width})
    svg = _SHAPELESS.sub("", _TAG.sub(_shorter, svg))
    size = re.search(r'viewBox="[^"]*"', svg)
    inside = svg[svg.index(">") + 1 :]
    box = size[0] if size else ""
    return f'<svg role="graphics-document" aria-label="{escape(label)}" {box}>{inside}'


def responsive(spec: Spec, label: str) -> str:
    """A chart of the width of the page, drawn for wide and for narrow screens; CSS shows one."""
    wide, narrow = (drawn(spec, label, width) for width in (WIDE, NARROW))
    return f'<div class="on-wide">{wide}</div><div class="on-narrow">{narrow}</div>'


def small(spec: Spec, label: str) -> str:
    """A chart that stands beside others."""
    return drawn(spec, label, NARROW)


def titled(spec: Spec, headline: str, note: str = "") -> Spec:
    """The same chart with its headline and a note inside, for files."""
    title: Spec = {"text": headline, **({"subtitle": note} if note else {})}
    return {**spec, "title": title}


def beside(specs: Sequence[Spec], columns: int = 3, width: int = 420) -> Spec:
    """Charts side by side as one specification, for files; each has its own legend."""
    inner = [
        {k: v for k, v in spec.items() if k not in ("$schema", "config", "autosize", "background")}
        for spec in specs
    ]
    return {
        **{"$schema": specs[0]["$schema"], "config": CONFIG, "background": "transparent"},
        **{
            "columns": columns,
            "spacing": 40,
            "concat": [{**spec, "width": width} for spec in inner],
        },
        "resolve": {"scale": {"color": "independent", "strokeDash": "independent"}},
    }


def write_figure(spec: Spec, path: Path, theme: str = "light") -> None:
    """Write a chart as a file of its own; the same specification gives the same SVG.

    Raises
    ------
    InputError
        The name does not end in .svg, .png or .pdf.
    """
    if path.suffix not in SUFFIXES:
        raise InputError(f"{path}: name the figure {', '.join(SUFFIXES)}")
    import vl_convert

    full: dict[str, Any] = json.loads(resolved(json.dumps(spec, ensure_ascii=False), theme))
    full["background"] = THEMES[theme]["ground"]
    full["padding"] = 16
    if path.suffix == ".svg":
        path.write_text(
            _TAG.sub(_rounded, vl_convert.vegalite_to_svg(full)) + "\n", encoding="utf-8"
        )
    elif path.suffix == ".png":
        path.write_bytes(vl_convert.vegalite_to_png(full, scale=2))
    else:
        path.write_bytes(vl_convert.vegalite_to_pdf(full))


def _rounded(tag: re.Match[str]) -> str:
    return _PRECISE.sub(lambda m: m[1] + _DIGITS.sub(r"\1", m[2]) + m[3], tag[0])


def _shorter(tag: re.Match[str]) -> str:
    return _DEFAULTS.sub("", _rounded(tag))
