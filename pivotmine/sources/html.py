"""HTML to text, by resiliparse (Lexbor): the fastest extractor that keeps the lines of a page.

Main content is found by resiliparse's rules, which leave out menus, headers and footers. They are
quadratic in the depth of nesting (16,000 nested `div`: 4 s, 100,000: minutes; plain extraction 10
and 60 ms), and native code cannot be interrupted, so pages of more than `MAX_TAGS` tags are taken
whole. That bounds the worst page to seconds.
"""

from __future__ import annotations

import codecs

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.encoding import bytes_to_str, detect_encoding

MAX_TAGS = 15_000

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def html_to_text(page: bytes, charset: str | None = None, whole: bool = False) -> str:
    """The text of a page: a line for each block, empty lines between paragraphs.

    Total: every byte string has a text, perhaps an empty one.

    Parameters
    ----------
    charset
        As the server declared it; a byte order mark overrules it, and where it is unknown or fails
        the page's own declaration, then detection, decide. What still cannot be decoded becomes
        U+FFFD, as in browsers.
    whole
        Take menus, headers and footers too.
    """
    html = decode_page(page, charset)
    text: str = extract_plain_text(
        html,
        preserve_formatting=True,
        main_content=not whole and html.count("<") <= MAX_TAGS,
        list_bullets=False,
        alt_texts=False,
    )
    return text


def decode_page(page: bytes, charset: str | None) -> str:
    """Bytes of a page as text; see `html_to_text`."""
    marked = next((name for mark, name in _MARKS if page.startswith(mark)), None)
    encoding = marked or _known(charset) or detect_encoding(page, from_html_meta=True)
    text: str = bytes_to_str(page, _known(encoding) or "utf-8", "replace")
    return text


def _known(charset: str | None) -> str | None:
    """The charset where Python can decode it as text."""
    if not charset:
        return None
    try:
        b"a".decode(charset)
    except UnicodeError:
        return charset  # two bytes a character, for instance
    except (LookupError, ValueError):
        return None
    return charset
