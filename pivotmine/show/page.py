"""A page in one file: its style and its frame. The page loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import orjson

STYLE = """
:root { --ink: #1c1c1e; --soft: #5d5d63; --rule: #dcdce0; --ground: #fbfbfa; --mark: #1f77b4; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, "Noto Sans", "Noto Sans CJK SC", "Hiragino Sans", sans-serif; }
header, main { max-width: 1180px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 30px; }
h1 { font-size: 27px; margin: 0 0 4px; letter-spacing: -.01em; }
h2 { font-size: 20px; margin: 42px 0 8px; padding-top: 12px; border-top: 2px solid var(--ink); }
h3 { font-size: 16px; margin: 22px 0 6px; }
p, li { max-width: 78ch; }
p.soft, .soft, figcaption, caption { color: var(--soft); font-size: 13.5px; }
nav { margin: 14px 0 0; display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: 14px; }
nav a { color: var(--mark); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: 10px 0 16px; font-size: 13.5px;
  font-variant-numeric: tabular-nums; }
caption { text-align: left; caption-side: top; padding-bottom: 5px; }
th, td { padding: 3px 11px 3px 0; text-align: left; border-bottom: 1px solid var(--rule);
  vertical-align: top; }
th { font-weight: 600; vertical-align: bottom; }
th.n { text-align: right; } td.n { text-align: right; white-space: nowrap; }
.wide td.n small { display: block; }
td.n small { color: var(--soft); }
.figures { display: flex; flex-wrap: wrap; gap: 8px 18px; align-items: flex-start; }
figure { margin: 6px 0; }
svg { max-width: 100%; height: auto; }
svg text { font: 11px system-ui, "Noto Sans", "Noto Sans CJK SC", sans-serif; fill: #333; }
.key { display: inline-flex; gap: 14px; flex-wrap: wrap; font-size: 13px; margin: 2px 0 6px; }
.key i { display: inline-block; width: 11px; height: 11px; border-radius: 2px; margin-right: 5px; }
.said { border-left: 4px solid var(--mark); background: #fff; padding: 8px 16px; margin: 10px 0; }
.said li { margin: 3px 0; }
.supported { color: #14713a; font-weight: 600; } .contradicted { color: #b02318; font-weight: 600; }
details > summary { cursor: pointer; font-weight: 600; margin: 8px 0; }
form { display: flex; flex-wrap: wrap; gap: 10px; align-items: center; margin: 8px 0; }
input, select { font: inherit; padding: 5px 8px; border: 1px solid var(--rule); border-radius: 5px;
  background: #fff; }
input { min-width: 260px; }
main { padding-bottom: 50px; } .print { display: none; }
@media print {
  body { background: #fff; font-size: 10.5pt; } nav, form { display: none; }
  .print { display: block; }
  h2 { break-after: avoid; } h3 { break-after: avoid; } figure, tr, .said { break-inside: avoid; }
  header, main { max-width: none; padding: 0; } .scroll { overflow: visible; }
  details::details-content { content-visibility: visible; }
  details > summary { list-style: none; }
  table { font-size: 8pt; } th, td { padding-right: 7px; } @page { margin: 14mm; }
  td.n small { display: block; font-size: 7pt; }
  * { print-color-adjust: exact; }
}
"""


_MANY = 8
"""Columns that fit beside each other with their intervals."""


def page(
    title: str,
    lead: str,
    sections: Sequence[tuple[str, str, str]],
    style: str = "",
    script: str = "",
) -> str:
    """A whole document.

    Parameters
    ----------
    title
        Plain text.
    lead
        HTML under the title.
    sections
        (anchor, heading, HTML), in order.
    style, script
        CSS after that of all pages, and JavaScript at the end.
    """
    links = "".join(f'<a href="#{name}">{escape(head)}</a>' for name, head, _ in sections)
    body = "".join(
        f'<section id="{name}"><h2>{escape(head)}</h2>{html}</section>'
        for name, head, html in sections
    )
    code = f"<script>{script}</script>" if script else ""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f"<title>{escape(title)}</title><style>{STYLE}{style}</style></head><body>"
        f"<header><h1>{escape(title)}</h1>{lead}<nav>{links}</nav></header>"
        f"<main>{body}</main>{code}</body></html>\n"
    )


def table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "", numeric_from: int = 1
) -> str:
    """A table of cells that are HTML already; columns from `numeric_from` on are numbers."""
    marks = ['class="n"' if place >= numeric_from else "" for place in range(len(heads))]

    def line(cells: Sequence[str], tag: str) -> str:
        return "".join(
            f"<{tag} {mark}>{cell}</{tag}>".replace(" >", ">")
            for mark, cell in zip(marks, cells, strict=True)
        )

    head = line([escape(name) for name in heads], "th")
    wide = ' class="wide"' if len(heads) > _MANY else ""  # intervals below their values
    said = f"<caption>{escape(caption)}</caption>" if caption else ""
    body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    return (
        f'<div class="scroll"><table{wide}>{said}<thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def embedded(name: str, value: Any) -> str:
    """JSON as a script element that no browser runs; no text in it can end the element."""
    text = orjson.dumps(value).decode().replace("<", "\\u003c").replace("&", "\\u0026")
    return f'<script type="application/json" id="{name}">{text}</script>'
