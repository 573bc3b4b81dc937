"""HTML to text by resiliparse (Lexbor), the fastest extractor that keeps the lines of a page.

resiliparse's rules find the main content and leave out menus, headers and footers. Their time is
quadratic in the depth of nesting: 16,000 nested `div` take 4 s, 100,000 take minutes (plain
extraction: 10 and 60 ms). Native code cannot be interrupted. Therefore a page of more than
`MAX_TAGS` tags is taken whole, which bounds the worst page to seconds.

One of those rules leaves out text nodes that are a single private-use character, because they are
glyphs of icon fonts, or a single pilcrow, the mark of links to headings. It compares the three
bytes of UTF-8 in the wrong order, so it takes nearly every text node of three bytes for an icon: a
table cell that holds one Chinese character, a dash between two links, `où`. Such a text node is
made longer here by a noncharacter that the page does not hold, which is taken out of the text
again.
"""

from __future__ import annotations

import re
from html import unescape

from resiliparse.extract.html2text import extract_plain_text

from pivotmine.sources.encodings import Decoded, decode
from pivotmine.sources.html_rules import keep_text, with_figures

MAX_TAGS = 15_000

_HEAD_BYTES = 4096
"""Where a page declares its encoding; the standard asks for the first 1,024 bytes."""

_META = re.compile(
    rb"<meta\b[^>]*?\bcharset\s*=\s*[\"']?\s*([^\s\"'/>;]+)", re.IGNORECASE | re.DOTALL
)
_XML = re.compile(rb"\s*<\?xml\b[^>]*?\bencoding\s*=\s*[\"']([^\"'>]+)", re.IGNORECASE)
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)

# What resiliparse takes for white space around a text node, and NUL, which the parser leaves out.
_SPACE = r"[ \t\n\v\f\r\0]*+"
# A text node of a few characters, some of them written as references.
_SHORT = rf"{_SPACE}((?:&#?\w{{1,9}};?|[^<&]){{1,6}}?)(?={_SPACE}(?:<|\Z|\]\]>))"
# A pattern that begins with one character is searched for five times as fast.
_AFTER_TAG, _AT_START = re.compile(f">{_SHORT}"), re.compile(_SHORT)
_IN_CDATA = re.compile(rf"\[CDATA\[{_SHORT}")
_NONCHARACTERS = tuple(map(chr, range(0xFDD0, 0xFDF0)))


def html_to_text(page: bytes, charset: str | None = None, whole: bool = False) -> Decoded:
    """The text of a page: one line for each block, empty lines between paragraphs.

    Every byte string has a text, possibly an empty one; nothing is raised.

    Parameters
    ----------
    charset
        Encoding that the server declared (`decode_page`).
    whole
        Include menus, headers and footers.

    Returns
    -------
    Decoded
        `lost` is empty where no bad byte of the page lies in the text.
    """
    html, lost = decode_page(page, charset)
    text = extract_text(html, whole)
    return Decoded(text, lost if "\ufffd" in text else "")


def extract_text(html: str, whole: bool = False) -> str:
    """The text of a page that is decoded already; `whole` as for `html_to_text`."""
    main = not whole and html.count("<") <= MAX_TAGS
    pad = next((c for c in _NONCHARACTERS if c not in html), "")
    html = with_figures(html)
    if main and pad:
        html = _pad_short_nodes(keep_text(html), pad)
    text: str = extract_plain_text(
        html,
        preserve_formatting=True,
        main_content=main and bool(pad),
        list_bullets=False,
        alt_texts=False,
    )
    return text.replace(pad, "") if main and pad else text


def _pad_short_nodes(html: str, pad: str) -> str:
    if html.isascii() and "&" not in html:
        return html

    def padded(found: re.Match[str]) -> str:
        if found[1].isascii() and "&" not in found[1]:
            return found[0]
        meant = unescape(found[1]).strip(" \t\n\v\f\r\0")
        is_short = len(meant.encode("utf-8", "replace")) == 3
        is_icon = "\ue000" <= meant <= "\uf8ff"
        return found[0] + pad if is_short and not is_icon else found[0]

    if first := _AT_START.match(html):
        html = padded(first) + html[first.end() :]
    if "[CDATA[" in html:
        html = _IN_CDATA.sub(padded, html)
    return _AFTER_TAG.sub(padded, html)


def decode_page(page: bytes, charset: str | None) -> Decoded:
    """The bytes of a page as a string.

    A byte order mark decides; then the bytes, if they are UTF-8; then what the server declared, and
    what the page does in its head; then detection.
    """
    return decode(page, (charset, *declared_in(page)))


def declared_in(page: bytes) -> list[str]:
    """The labels of an XML declaration and of `meta` elements at the beginning of a page.

    A page whose declaration can be read is not in UTF-16; the standard takes it for UTF-8.
    """
    head = page[:_HEAD_BYTES]
    found = [match[1] for match in (_XML.match(head.removeprefix(b"\xef\xbb\xbf")),) if match]
    found += _META.findall(_COMMENT.sub(b"", head))
    labels = (label.decode("ascii", "replace").strip() for label in found)
    return ["utf-8" if label.lower().startswith("utf-16") else label for label in labels]
