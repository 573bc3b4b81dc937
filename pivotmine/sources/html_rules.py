"""Markup that resiliparse's rules for the main content take for furniture although it holds text.

The rules go by tags and attributes of single elements. Some of them hit text in the middle of what
is kept. So the tags are rewritten before, and all other rules stay in force:

* A `ul` less than four levels below `body`, or one of whose text more than a fifth is links, counts
  as a menu. Lists whose text is `MAX_LINK_SHARE` links at most become `ol`, which no rule removes.
* `time`, `figure` and `figcaption` are removed wherever they stand, with the listings in them. They
  become text of their block, and blocks.
* The classes `jp` and `wa` count as buttons of social networks (Japanese ones), and mark text in
  Japanese on many pages. They are renamed.
* `<a id="here"/>` is an empty anchor in XHTML, as DocBook writes it. In HTML it is one without an
  end, so the text after it counts as a link. It is closed.
* Inside a block of text (a paragraph, a cell, a heading), classes and relations of inline elements
  (`share`, `email`, `rel=tag`) do not make them furniture. They are taken away, but for those that
  hide an element or make it a link to somewhere on the page.

The tags are found in one pass over the page, in linear time.
"""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_LINK_SHARE = 0.6
"""Lists with more of their text in links are menus. resiliparse uses it for `div` elements."""

_TOKEN = re.compile(r"<(?:!--|(/?)([a-zA-Z][a-zA-Z0-9]*+)([^<>]*+)>)")
_RAW = ("script", "style", "template", "textarea", "noscript", "title")
_RAW_END = {name: re.compile(f"</{name}\\b", re.IGNORECASE) for name in _RAW}
_RENAMED = {"figure": "div", "figcaption": "div"}
_INLINE = frozenset(
    """
    a abbr b bdi bdo cite code data del dfn em font i ins kbd mark q rb rp rt ruby s samp small span
    strong sub sup tt u var
    """.split()
)
_TEXT_BLOCKS = frozenset("p li td th dt dd h1 h2 h3 h4 h5 h6 blockquote pre caption".split())
_OTHER_BLOCKS = frozenset(
    "div ul ol dl table tr section article header footer nav aside main form body".split()
)
_HIDES = re.compile(
    r"hid|invisible|collapsed|none|h-0|nocontent|expandable|skip|scroll|next|prev|permalink"
    r"|headerlink|pagination|aria-",
    re.IGNORECASE,
)
_MARKS = re.compile(
    r"\s(?:class|id|rel|itemprop|data-ad[\w-]*)\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'>]+)",
    re.IGNORECASE,
)
_JAPANESE = re.compile(r"(?<![^\s_\"'=-])(jp|wa)(?![^\s_\"'-])", re.IGNORECASE)
_CLASS = re.compile(r"\bclass\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'>]+)", re.IGNORECASE)


class _List(NamedTuple):
    """A `ul` that is open, and what the page held where it began."""

    place: int
    """Index of its tag among the parts."""

    n_text: int
    n_links: int


def keep_text(html: str) -> str:
    """The page with the tags of text rewritten, so that resiliparse keeps what they hold."""
    parts: list[str] = []
    lists: list[_List] = []
    n_text = n_links = n_open_links = 0
    in_text_block = False
    at = 0
    while (found := _TOKEN.search(html, at)) is not None:
        text = html[at : found.start()]
        length = len(text.strip())
        n_text += length
        n_links += length if n_open_links else 0
        parts.append(text)
        at = found.end()
        name = (found[2] or "").lower()
        end = _end_of_raw(html, name, at)
        if end is None:  # a comment or an element that goes on to the end of the page
            parts.append(html[found.start() :])
            return "".join(parts)
        if end > at:
            parts.append(html[found.start() : end])
            at = end
            continue
        closes = bool(found[1])
        if name == "a" and found[3].endswith("/"):
            parts.append(f"<a{found[3][:-1]}></a>")
            continue
        if name == "a":
            n_open_links = max(n_open_links + (-1 if closes else 1), 0)
        elif name == "ul" and not closes:
            lists.append(_List(len(parts), n_text, n_links))
        elif name == "ul" and lists:
            begun = lists.pop()
            if _is_text(n_text - begun.n_text, n_links - begun.n_links):
                parts[begun.place] = "<ol" + parts[begun.place][3:]
                parts.append("</ol>")
                continue
        if name in _TEXT_BLOCKS:
            in_text_block = not closes
        elif name in _OTHER_BLOCKS:
            in_text_block = False
        parts.append(_rewritten(found, name, in_text_block))
    n_text += len(html[at:].strip())
    parts.append(html[at:])
    for begun in lists:  # that are not closed
        if _is_text(n_text - begun.n_text, n_links - begun.n_links):
            parts[begun.place] = "<ol" + parts[begun.place][3:]
    return "".join(parts)


def _is_text(n_text: int, n_links: int) -> bool:
    return n_links <= MAX_LINK_SHARE * n_text


def _end_of_raw(html: str, name: str, at: int) -> int | None:
    """Where a comment or an element without markup ends; `at` for other tags, None at no end."""
    if not name:
        end = html.find("-->", at)
        return end + 3 if end >= 0 else None
    if name in _RAW_END and html[at - 2] != "/":
        found = _RAW_END[name].search(html, at)
        return found.start() if found else None
    return at


def _rewritten(found: re.Match[str], name: str, in_text_block: bool) -> str:
    tag = found[0]
    if name == "time":
        return ""
    if name in _RENAMED:
        return f"<{found[1]}{_RENAMED[name]}{found[3]}>"
    if "=" not in found[3]:
        return tag
    if in_text_block and name in _INLINE and not _HIDES.search(found[3]):
        return _MARKS.sub("", tag)
    if _JAPANESE.search(found[3]):
        return _CLASS.sub(_without_marks_of_japanese, tag)
    return tag


def _without_marks_of_japanese(found: re.Match[str]) -> str:
    return _JAPANESE.sub(r"x\1", found[0])
