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

Every pattern is searched for in linear time.
"""

from __future__ import annotations

import re
from functools import lru_cache

MAX_LINK_SHARE = 0.6
"""Lists with more of their text in links are menus. resiliparse uses it for `div` elements."""

_FIGURES = re.compile(r"<(/?)(time|figure|figcaption)\b([^<>]*+)>", re.IGNORECASE)
_EMPTY_ANCHOR = re.compile(r"<a\b([^<>]*+)(?<=/)>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*+>")
_LISTS_AND_LINKS = re.compile(r"<(/?)(ul|a)\b[^<>]*+>", re.IGNORECASE)
_JAPANESE = re.compile(r"(?<![^\s_\"'=-])(jp|wa|JP|WA)(?![^\s_\"'>-])")
_SIGNS_OF_JAPANESE = ("jp", "JP", '"wa', "'wa", "=wa", "-wa", "_wa", '"WA', "'WA", "=WA", "-WA")
_CLASS = re.compile(r"\bclass\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+)", re.IGNORECASE)
_MARKED_INLINE = re.compile(
    r"<(?:a|abbr|b|bdi|bdo|cite|code|data|del|dfn|em|font|i|ins|kbd|mark|q|r[bpt]|ruby|s|samp|small"
    r"|span|strong|su[bp]|tt|u|var)\s([^<>]*+)>",
    re.IGNORECASE,
)
_FURNITURE = re.compile(
    r"\brel\b|itemprop|data-ad|social|shar|syndic|newsletter|follow|mail|like|feedback|engage"
    r"|facebook|twitter|subscri|log[_-]?in|sign[_-]?|account|user|logo|\bads?|advert|sponsor|promot"
    r"|paid|banner|donate|spinner|short-view",
    re.IGNORECASE,
)
_HIDES = re.compile(
    r"hid|invisible|collapsed|none|h-0|nocontent|expandable|skip|scroll|next|prev|permalink"
    r"|headerlink|pagination|aria-",
    re.IGNORECASE,
)
_MARKS = re.compile(
    r"\b(?:class|id|rel|itemprop|aria-\w+|data-ad[\w-]*)\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'>]+)",
    re.IGNORECASE,
)
_BLOCK = re.compile(
    r"<(/?)(p|li|t[dh]|d[td]|h[1-6]|blockquote|pre|caption|div|[uod]l|table|tr|section|article"
    r"|header|footer|nav|aside|main|form|body)\b",
    re.IGNORECASE,
)
_TEXT_BLOCKS = frozenset("p li td th dt dd h1 h2 h3 h4 h5 h6 blockquote pre caption".split())
_LOOK_BACK = 2000
"""Characters before an inline element in which its block must begin."""


def with_figures(html: str) -> str:
    """The page with figures and times as text; resiliparse removes figures from whole pages too."""
    return _FIGURES.sub(_as_text, html)


def keep_text(html: str) -> str:
    """The page with the tags of text rewritten, so that resiliparse keeps what they hold."""
    html = _EMPTY_ANCHOR.sub(_closed, html)
    html = _MARKED_INLINE.sub(_without_marks, html)
    if any(sign in html for sign in _SIGNS_OF_JAPANESE):
        html = _CLASS.sub(lambda found: _JAPANESE.sub(r"x\1", found[0]), html)
    return _with_lists_of_text(html)


def _as_text(found: re.Match[str]) -> str:
    is_time = found[2].lower() == "time"
    return "" if is_time else f"<{found[1]}div{found[3]}>"


def _closed(found: re.Match[str]) -> str:
    return f"<a{found[1][:-1]}></a>"


def _without_marks(found: re.Match[str]) -> str:
    marks = _MARKS.findall(found[1])
    if not marks or not _is_furniture(" ".join(marks)) or not _in_text_block(found):
        return found[0]
    return _MARKS.sub("", found[0])


@lru_cache(maxsize=4096)
def _is_furniture(marks: str) -> bool:
    """Whether marks may make an inline element furniture, and not hide it."""
    return bool(_FURNITURE.search(marks)) and not _HIDES.search(marks)


def _in_text_block(found: re.Match[str]) -> bool:
    """Whether the last tag of a block before an inline element begins a block of text."""
    begin = max(found.start() - _LOOK_BACK, 0)
    tags = _BLOCK.findall(found.string, begin, found.start())
    return bool(tags) and not tags[-1][0] and tags[-1][1].lower() in _TEXT_BLOCKS


def _with_lists_of_text(html: str) -> str:
    """The page with `ol` in place of each `ul` that is no menu."""
    renamed: list[int] = []  # where the names of these tags begin
    lists: list[tuple[int, int, int]] = []  # open ones: where, and text and links before them
    n_text = n_links = n_open_links = at = 0
    for found in _LISTS_AND_LINKS.finditer(html):
        if lists:
            length = len(_TAG.sub("", html[at : found.start()]).strip())
            n_text += length
            n_links += length if n_open_links else 0
        at = found.end()
        if found[2] in "aA":
            n_open_links = max(n_open_links + (-1 if found[1] else 1), 0)
        elif not found[1]:
            lists.append((found.start(2), n_text, n_links))
        elif lists:
            begin, text_before, links_before = lists.pop()
            if n_links - links_before <= MAX_LINK_SHARE * (n_text - text_before):
                renamed += (begin, found.start(2))
    if lists:
        n_text += len(_TAG.sub("", html[at:]).strip())
    for begin, text_before, links_before in lists:  # those without an end
        if n_links - links_before <= MAX_LINK_SHARE * (n_text - text_before):
            renamed.append(begin)
    parts: list[str] = []
    at = 0
    for begin in sorted(renamed):
        parts += (html[at:begin], "ol")
        at = begin + 2
    return "".join((*parts, html[at:]))
