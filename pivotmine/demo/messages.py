"""Cleaning of user-interface messages, so that a bilingual page reads as text.

Messages are templates: `{name}` and `%(count)s`, tags and addresses stand on both sides of a pair.
Left in, they would be the strongest links between languages, without any meaning. The empty quotes
and doubled spaces that their removal leaves are removed too.
"""

import html
import re
from collections.abc import Iterable, Iterator

from pivotmine.demo.documents import Pair

_HOLE = "\x00"
_PLACEHOLDER = re.compile(
    r"\{\{.*?\}\}|\$?\{[^{}]*\}"  # {{ x }}, {x}, ${x}
    r"|%\(\w+\)[-+#0]*\d*(?:\.\d+)?[a-zA-Z]"  # %(x)s
    r"|(?<!\d)%(?:\d+\$)?[-+#0]*\d*(?:\.\d+)?[sdifgxur](?![a-z])"  # %s, %1$s, %.2f, %sGiB
    r"|%\d+"  # %1
)
_MARKDOWN_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*(?:\([^()]*\)[^()]*)*\)")
_ADDRESS = re.compile(r"(?:https?|ftp)://[!-'*-;=?-~]+")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_LETTER_KEY = re.compile(r"\s*\([&_][A-Za-z0-9]\)")  # the shortcut of a Chinese or Japanese menu
_SHORTCUT = re.compile(r"(?<!\w)&(?=\w)|^_(?=[A-Za-z])")
_EMPTY_QUOTES = re.compile(
    rf"[\"'`“‘«「『(（\[【*]+\s*(?:{_HOLE}[\s,/:.-]*)+[\"'`”’»」』)）\]】*]+"
)
_LOOSE_STOP = re.compile(r"[\s:：]+(?=[.,)])")
_START = " -–—:：,，、;/|*#>"
_END = " -–—:：,，、;/|*"


def clean(message: str) -> str:
    """The message on one line, without placeholders, tags, bold, link targets, shortcuts."""
    text = html.unescape(message).replace(_HOLE, "")
    text = _MARKDOWN_LINK.sub(r"\1", text)
    text = _TAG.sub(" ", text).replace("**", "")
    text = _LETTER_KEY.sub("", text.strip())
    text = _SHORTCUT.sub("", text)
    text = _ADDRESS.sub(_HOLE, text)
    text = _PLACEHOLDER.sub(_HOLE, text)
    if _HOLE in text:
        text = _EMPTY_QUOTES.sub(" ", text).replace(_HOLE, " ")
        text = _LOOSE_STOP.sub("", text)
    return " ".join(text.split()).lstrip(_START).rstrip(_END)


def has_words(text: str) -> bool:
    """Whether the text has at least two letters; CJK characters count as letters."""
    return sum(char.isalpha() for char in text) >= 2


def translated(messages: Iterable[tuple[str, str]]) -> Iterator[Pair]:
    """Cleaned pairs, without those that have an empty side, equal sides, or occurred before."""
    cleaned = (Pair(clean(original), clean(translation)) for original, translation in messages)
    for pair in dict.fromkeys(cleaned):
        differ = pair.text.casefold() != pair.translation.casefold()
        if differ and has_words(pair.text) and has_words(pair.translation):
            yield pair
