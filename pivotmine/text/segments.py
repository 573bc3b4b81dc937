"""Cut a text into segments of about one sentence that tile it exactly.

A segment is the smallest unit of context: windows are runs of whole segments, and each segment has
one language. Text is cut at line ends first, because translated pages alternate line by line. Long
lines are cut at sentence ends, because a paragraph seldom shares a line with its translation. The
segments tile the text (`"".join(split_segments(t)) == t`), so no later step needs offsets into it.
A space after a full stop belongs to the next segment, because subword tokenizers mark the beginning
of a word by the space before it.

One regular expression finds every cut. Each alternative starts with one character of a small set
and looks ahead over characters that cannot start a match. So the scan is linear even on a megabyte
of full stops or blanks, which real pages contain. It reads 20 to 60 MB/s of UTF-8 on one core.
"""

import re

MAX_SEGMENT_CHARS = 1000
"""A longer run without any sentence end (minified code, tables) is cut at blanks or by force."""

_BRACKETS = "”’»)\\]}」』）】》〉］｝〕"
_CLOSERS = "\"'" + _BRACKETS
# These stand before a name, a number or a title far more often than at the end of a sentence.
_ABBREVIATIONS = """
    Mr Mrs Ms Dr Jr Sr St Prof Gen Col Lt Capt No Nos Fig fig Figs Vol vol Sec sec Eq eq Ch ch
    pp cf Cf vs al viz approx resp Mme Mlle MM art chap env Nr Abb bzw ca Sra Srta Ud Uds стр рис
"""


def _not_after_abbreviation() -> str:
    """Negative look-behinds, one per word length, for a pattern that has just passed the stop."""
    by_length: dict[int, list[str]] = {}
    for word in _ABBREVIATIONS.split():
        by_length.setdefault(len(word), []).append(word)
    return "".join(rf"(?<!\b(?:{'|'.join(words)})\.)" for _, words in sorted(by_length.items()))


_CUT = re.compile(
    # The first element is one plain set, which lets the regex engine skip quickly.
    "[\n.!?…。！？｡।؟۔]"
    "(?:"
    # A line end takes the blank lines after it.
    r"(?<=\n)(?:\s*\n)?"
    # A full-width stop ends a sentence whatever follows, except more stops or a line end.
    rf"|(?<=[。！？｡])[{_CLOSERS}]*(?![。！？｡!?…\n{_CLOSERS}])"
    # A stop of other scripts must be followed by a blank and something that can open a sentence.
    rf"|(?<=[.!?…।؟۔])(?=[{_CLOSERS}]*[^\S\n]+[^\sa-zß-öø-ÿа-яё,;:.!?…=+*/<>|&{_BRACKETS}])"
    # Not after one letter (initials, "e.g."), a list number, or an abbreviation.
    rf"(?<!\b\w\.)(?<!\b\d\d\.){_not_after_abbreviation()}"
    rf"[{_CLOSERS}]*"
    ")"
)

# All that is left, else up to the last blank that fits, else as much as fits; blanks lead a piece.
_MORE = f".{{0,{MAX_SEGMENT_CHARS - 1}}}"
_LONG = re.compile(rf"\s+\Z|\s*\S(?:{_MORE}\Z|{_MORE}(?=\s)|{_MORE})", re.DOTALL)


def split_segments(text: str) -> list[str]:
    """Segments of `text`, in order; `"".join(split_segments(text)) == text` for any string.

    No segment is whitespace only, unless the whole text is: blanks join the segment before them,
    leading ones the segment after. A segment has at most `MAX_SEGMENT_CHARS` characters, not
    counting blanks that joined it. An empty text has no segments. Linear in the length of `text`.
    """
    segments: list[str] = []
    start = 0
    for cut in _CUT.finditer(text):
        start = _append(segments, text, start, cut.end())
    start = _append(segments, text, start, len(text))
    if start < len(text):
        segments.append(text[start:])
    return segments


def _append(segments: list[str], text: str, start: int, end: int) -> int:
    """Add `text[start:end]` to `segments`; returns where the next segment starts."""
    segment = text[start:end]
    if segment.isspace():
        if not segments:
            return start
        segments[-1] += segment
    elif end - start > MAX_SEGMENT_CHARS:
        pieces = _LONG.findall(segment)
        blanks = pieces.pop() if pieces[-1].isspace() else ""
        segments.extend(pieces)
        segments[-1] += blanks
    elif segment:
        segments.append(segment)
    return end
