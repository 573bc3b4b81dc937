"""HTML to text by resiliparse (Lexbor), the fastest extractor that keeps the lines of a page.

resiliparse's rules find the main content and leave out menus, headers and footers. Their time is
quadratic in the depth of nesting: 16,000 nested `div` take 4 s, 100,000 take minutes (plain
extraction: 10 and 60 ms). Native code cannot be interrupted. Therefore a page of more than
`MAX_TAGS` tags is taken whole, which bounds the worst page to seconds.
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
    """The text of a page: one line for each block, empty lines between paragraphs.

    Every byte string has a text, possibly an empty one; nothing is raised.

    Parameters
    ----------
    charset
        Encoding that the server declared. A byte order mark overrides it. If it is unknown or
        fails, the page's own declaration decides, then detection. Bytes that cannot be decoded
        become U+FFFD, as in browsers.
    whole
        Include menus, headers and footers.
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
    """The bytes of a page as a string, decoded as `html_to_text` describes."""
    marked = next((name for mark, name in _MARKS if page.startswith(mark)), None)
    encoding = marked or _known(charset) or detect_encoding(page, from_html_meta=True)
    text: str = bytes_to_str(page, _known(encoding) or "utf-8", "replace")
    return text


def _known(charset: str | None) -> str | None:
    """The charset if Python can decode it to text, else None."""
    if not charset:
        return None
    try:
        b"a".decode(charset)
    except UnicodeError:
        return charset  # it exists, but not for this byte alone, as with UTF-16
    except (LookupError, ValueError):
        return None
    return charset
