"""Count the scripts of many segments at once, and tell Chinese from Japanese by characters alone.

Script tells Chinese, Japanese and the languages with alphabets apart, and does so better than a
statistical identifier: lid.176 takes the Chinese word for `delete` (two characters) for English. A
table of 64 KB maps a code point to its class, and one `bincount` counts all segments of a document.
That takes 1 to 3 us a segment, where a call of fastText takes 20 to 60.

Which Han characters belong to which language is read from the national character sets that Python
carries. A character of GB 2312 or Big5 that JIS X 0208 lacks is Chinese; one that only JIS X 0208
has is Japanese. Nearly every sentence of simplified Chinese holds a character that JIS X 0208
lacks. Kana show that a text is Japanese. Without either, the length of the string is evidence.

Scripts are those of Unicode. Letters and marks that several scripts use (Script is Common or
Inherited: the long-vowel mark of kana, combining accents, tatweel, modifier letters) take the
script of the letter beside them, if their Script_Extensions allow it (Unicode Standard Annex 24,
section 5). Otherwise a decomposed accent would cut a Greek word in two, and a Japanese word with a
long-vowel mark would count as one of an unknown script.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple
from unicodedata import category

import numpy as np
import regex
from numpy.typing import NDArray

SCRIPTS = (
    "none",
    "Latin",
    "Han",
    "Kana",
    "Hangul",
    "Cyrillic",
    "Greek",
    "Arabic",
    "Hebrew",
    "Thai",
    "Devanagari",
    "other",
)
"""Script names, as columns of `ScriptCounts.words`; `none` is for other characters."""

NONE, LATIN, HAN, KANA, HANGUL = range(5)

UNSPACED_RANGES = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x312F),  # radicals, CJK punctuation, kana, Bopomofo
    (0x3190, 0x4DBF),  # enclosed CJK, Han extension A
    (0x4E00, 0x9FFF),  # Han
    (0xF900, 0xFAFF),  # Han compatibility
    (0xFE30, 0xFE4F),  # vertical forms
    (0xFF00, 0xFFEF),  # full-width and half-width forms
    (0x20000, 0x3FFFF),  # Han extensions
)
"""Letters and punctuation (first, last) of scripts without spaces between words; not Hangul."""

# Words of a script that does not separate them, in characters; from the corpus survey.
_CHARS_PER_WORD = 1.6
_PROPERTY_VALUES = {
    "Latin": "Latn",
    "Han": "Hani",
    "Kana": "Hira Kana",
    "Hangul": "Hang",
    "Cyrillic": "Cyrl",
    "Greek": "Grek",
    "Arabic": "Arab",
    "Hebrew": "Hebr",
    "Thai": "Thai",
    "Devanagari": "Deva",
}
"""Values of Unicode's properties Script and Script_Extensions that each of `SCRIPTS` stands for."""

_ANY_SCRIPT = "Zyyy Zinh"  # Common and Inherited
# A line is Chinese or Japanese when at least a quarter of its words are; Latin words in such a line
# are product names and menu paths far more often than the reverse.
_CJK_PREFERENCE = 3.0
_CHINESE_ONLY_SHARE = 0.25
_CHINESE_ONLY, _JAPANESE_ONLY, _TRADITIONAL = 16, 32, 64
_SCRIPT_MASK = 15
_SHARED = len(SCRIPTS)  # class of letters and marks that take the script of a neighbour
_ASTRAL = 0x10000


class ScriptCounts(NamedTuple):
    """What each of S segments is written in."""

    words: NDArray[np.float64]
    """float64[S, len(SCRIPTS)]: words per script; Han, Kana and Thai by characters / 1.6."""
    letters: NDArray[np.int64]
    """int64[S]: letters of any script."""
    kana_chars: NDArray[np.int64]
    han_chars: NDArray[np.int64]
    chinese_only_chars: NDArray[np.int64]
    """int64[S]: Han characters that Chinese character sets have and the Japanese one lacks."""
    japanese_only_chars: NDArray[np.int64]
    traditional_chars: NDArray[np.int64]
    """int64[S]: Han characters of Japanese and of traditional, but not of simplified, Chinese."""

    def rows(self, rows: NDArray[np.int64]) -> "ScriptCounts":
        """The counts of some of the segments."""
        return ScriptCounts(*(column[rows] for column in self))  # type: ignore[arg-type]


def scripts_of(points: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """uint8[n]: number of the script of each code point, as in `SCRIPTS`.

    `NONE` is also that of letters and marks that several scripts use.
    """
    table = _class_table() & np.uint8(_SCRIPT_MASK)
    table[table == _SHARED] = NONE
    scripts: NDArray[np.uint8] = table[
        np.where(points < _ASTRAL, points, _ASTRAL + (points >= 0x20000))
    ]
    return scripts


def count_scripts(segments: Sequence[str]) -> ScriptCounts:
    """Scripts of every segment; see `count_scripts_of`."""
    lengths = np.fromiter(map(len, segments), np.int64, len(segments))
    encoded = "".join(segments).encode("utf-32-le", "surrogatepass")
    return count_scripts_of(np.frombuffer(encoded, np.dtype("<u4")), lengths)


def count_scripts_of(points: NDArray[np.uint32], lengths: NDArray[np.int64]) -> ScriptCounts:
    """Scripts of every segment; memory is about 40 bytes per character of all segments.

    A letter or mark that several scripts use counts as the letter before it. If that is in none of
    its scripts, it counts as the letter after it, and otherwise as no letter.

    Parameters
    ----------
    points
        Code points of all segments, one after another.
    lengths
        int64[S] code points of each segment.
    """
    n = len(lengths)
    table = _class_table()
    if len(points) and points.max() >= _ASTRAL:
        points = np.where(points < _ASTRAL, points, _ASTRAL + (points >= 0x20000))
    classes = table[points]
    scripts = classes & _SCRIPT_MASK
    owner = np.repeat(np.arange(n), lengths)
    _resolve_shared(scripts, points, owner)
    width = len(SCRIPTS)
    keys = owner * width + scripts
    chars = np.bincount(keys, minlength=n * width).reshape(n, width)
    starts = np.empty(len(keys), bool)
    starts[:1] = True
    np.not_equal(keys[1:], keys[:-1], out=starts[1:])
    words = np.bincount(keys[starts], minlength=n * width).reshape(n, width).astype(np.float64)
    for script in (HAN, KANA, SCRIPTS.index("Thai")):
        words[:, script] = chars[:, script] / _CHARS_PER_WORD
    words[:, NONE] = 0.0

    def marked(flag: int) -> NDArray[np.int64]:
        return np.bincount(owner[(classes & flag) != 0], minlength=n)

    return ScriptCounts(
        words=words,
        letters=chars.sum(axis=1) - chars[:, NONE],
        kana_chars=chars[:, KANA],
        han_chars=chars[:, HAN],
        chinese_only_chars=marked(_CHINESE_ONLY),
        japanese_only_chars=marked(_JAPANESE_ONLY),
        traditional_chars=marked(_TRADITIONAL),
    )


def script_weights(counts: ScriptCounts) -> NDArray[np.float64]:
    """float64[S, len(SCRIPTS)]: words of each segment by script; Kana count as `HAN`.

    Chinese, Japanese and Korean words weigh `_CJK_PREFERENCE`.
    """
    words = counts.words.copy()
    words[:, HAN] += words[:, KANA]
    words[:, KANA] = 0.0
    words[:, [HAN, HANGUL]] *= _CJK_PREFERENCE
    return words


def dominant_scripts(counts: ScriptCounts) -> NDArray[np.int64]:
    """int64[S]: the script of most weight in each segment (`script_weights`)."""
    dominant: NDArray[np.int64] = script_weights(counts).argmax(axis=1)
    return dominant


def han_evidence(counts: ScriptCounts) -> NDArray[np.float64]:
    """float64[S, 2]: likelihoods of zh and ja for segments in Han and kana, up to a factor.

    Kana decide, unless they are a quotation beside characters that only Chinese has. Without kana,
    the characters decide, and how many there are: of Japanese strings with two Han characters, 31 %
    have no kana; with five or six, 8 %; with ten or more, 0.2 %.
    """
    kana, han = counts.kana_chars, counts.han_chars
    japanese = (kana > counts.chinese_only_chars) & ((kana >= 3) | (5 * kana >= han))
    zh = np.where(counts.japanese_only_chars > 0, 1e-3, 1.0)
    zh = zh * np.where(counts.traditional_chars > 0, 0.05, 1.0)
    ja = np.where(counts.chinese_only_chars > 0, 1e-4, 1.0)
    ja = ja * 0.35 * np.exp(-0.4 * np.maximum(han - 2, 0))
    return np.stack([np.where(japanese, 1e-6, zh), np.where(japanese, 1.0, ja)], axis=1)


def chance_of_unmarked_chinese(
    counts: ScriptCounts, page: NDArray[np.int64]
) -> NDArray[np.float64]:
    """float64[S]: likelihood that a page with kana is partly Chinese and yet shows no Chinese-only
    character, for the page of each segment.

    About a quarter of the characters of simplified Chinese are in no Japanese character set (0.24
    in documentation, 0.31 in interface messages). Short strings such as 温度 and 降水量 could each
    be either language; many of them together, without one such character, are Japanese.
    """
    n_kana = np.bincount(page, counts.kana_chars)
    n_chinese = np.bincount(page, counts.chinese_only_chars)
    n_chars = np.bincount(page, np.where(counts.kana_chars == 0, counts.han_chars, 0))
    chance = np.maximum((1 - _CHINESE_ONLY_SHARE) ** n_chars, 1e-6)
    certain = (n_kana == 0) | (n_chinese > 0)
    by_segment: NDArray[np.float64] = np.where(certain, 1.0, chance)[page]
    return by_segment


def _resolve_shared(
    scripts: NDArray[np.integer], points: NDArray[np.uint32], owner: NDArray[np.int64]
) -> None:
    """Give characters of class `_SHARED` the script of a neighbour in their segment, in place."""
    shared = np.flatnonzero(scripts == _SHARED)
    if not len(shared):
        return
    allowed = _extension_table()[points[shared]]
    # Shared characters that stand together have the same neighbours.
    starts = np.flatnonzero(np.diff(shared, prepend=-2) != 1)
    run = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(shared)))
    before = shared[starts] - 1
    after = shared[np.append(starts[1:], len(shared)) - 1] + 1
    scripts[shared] = NONE
    for neighbour in (after[run], before[run]):
        inside = (neighbour >= 0) & (neighbour < len(scripts))
        place = np.where(inside, neighbour, 0)
        script = scripts[place]
        takes = inside & (owner[place] == owner[shared]) & (allowed >> script & 1 == 1)
        scripts[shared[takes]] = script[takes]


@lru_cache(maxsize=1)
def _extension_table() -> NDArray[np.uint16]:
    """uint16[0x10000]: bit s is set where Script_Extensions of a code point allow `SCRIPTS[s]`.

    Code points without extensions may stand in any script. `other` is always allowed, because it
    does not say which script it is.
    """
    table = np.zeros(_ASTRAL, np.uint16)
    for name, values in _PROPERTY_VALUES.items():
        table[_points_with("scx", values)] |= 1 << SCRIPTS.index(name)
    table[_points_with("scx", _ANY_SCRIPT)] = (1 << len(SCRIPTS)) - 1
    table |= 1 << SCRIPTS.index("other")
    return table & ~np.uint16(1 << NONE)


def _points_with(name: str, values: str) -> list[int]:
    """Code points of the basic plane with one of the values (by blanks) of a property."""
    pattern = "".join(rf"\p{{{name}={value}}}" for value in values.split())
    everything = "".join(map(chr, range(_ASTRAL)))
    return [
        point
        for found in regex.finditer(f"[{pattern}]+", everything)
        for point in range(*found.span())
    ]


@lru_cache(maxsize=1)
def _class_table() -> NDArray[np.uint8]:
    """uint8[0x10000 + 2]: script number (or `_SHARED`) and Han flags of each code point.

    The last two rows stand for all that lies above the basic plane: one for Han, and one for emoji
    and a few dead scripts, which do not count as letters.
    """
    other = SCRIPTS.index("other")
    # Marks count as letters, so that a vowel sign does not cut a Thai or Hindi word in two.
    table = np.fromiter(
        (other if category(chr(point))[0] in "LM" else NONE for point in range(_ASTRAL)),
        np.uint8,
        _ASTRAL,
    )
    is_letter = table != NONE
    classes = [(SCRIPTS.index(name), values) for name, values in _PROPERTY_VALUES.items()]
    for number, values in (*classes, (_SHARED, _ANY_SCRIPT)):
        points = np.array(_points_with("sc", values))
        table[points[is_letter[points]]] = number
    for point in range(0x4E00, 0xA000):
        japanese = _encodable(point, "shift_jis")
        simplified = _encodable(point, "gb2312")
        traditional = _encodable(point, "big5")
        if (simplified or traditional) and not japanese:
            table[point] |= _CHINESE_ONLY
        elif japanese and not simplified:
            table[point] |= _TRADITIONAL if traditional else _JAPANESE_ONLY
    return np.append(table, np.array([NONE, HAN], np.uint8))


def _encodable(point: int, encoding: str) -> bool:
    try:
        chr(point).encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
