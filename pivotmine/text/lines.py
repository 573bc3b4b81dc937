"""The line-prefix convention of our own models: a word looks the same at a line start as inside.

A sentencepiece model marks spaces, so most words have two tokens: `▁Delete` within a line, and
`Delete` at its start. That splits the counts of the words that headings, menus and aligned lines
begin with. Therefore one space is put before every line that begins with a word of a spaced script,
and decoding removes it. Chinese, Japanese and Thai words never carry the mark and get no space.

A line that begins with a space gets one more, so that decoding can remove one space from each line
that begins with one. Nothing is lost: `strip_lines("".join(prefix_lines([t])))` is `t` for any
string. sentencepiece reads U+2581 as a space, so the runtime spells that character in bytes.
"""

import re
from collections.abc import Sequence

from pivotmine.text.scripts import UNSPACED_RANGES

_UNSPACED = "".join(f"{chr(first)}-{chr(last)}" for first, last in UNSPACED_RANGES)
# A line that begins with a tab or is empty gets none either: the mark would be a token by itself.
_PREFIXED = rf"(?= |[^\s{_UNSPACED}])"
_AT_START = re.compile(_PREFIXED)
_INNER_LINE = re.compile(rf"(?<=\n){_PREFIXED}")
_ONE_SPACE = re.compile("^ ", re.MULTILINE)


def prefix_lines(segments: Sequence[str]) -> list[str]:
    """Segments of one document with a space before each line that the convention marks.

    Only U+000A ends a line; the first segment begins one.
    """
    prefixed = []
    at_start = True
    for segment in segments:
        text = segment
        if segment.find("\n", 0, -1) >= 0:
            text = _INNER_LINE.sub(" ", segment)
        if at_start and _AT_START.match(segment):
            text = " " + text
        prefixed.append(text)
        if segment:
            at_start = segment[-1] == "\n"
    return prefixed


def strip_lines(text: str) -> str:
    """Undo `prefix_lines` on the joined text of a document: one space less at each line start."""
    return _ONE_SPACE.sub("", text)
