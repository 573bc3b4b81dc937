"""Chinese or Japanese, by characters alone.

No statistical identifier is asked: lid.176 takes the Chinese word for `delete` (two characters) for
English. Kana show that a text is Japanese. Without kana, the evidence is characters that only one
of the two languages' character sets has (`scripts.py`), and the length of the string.
"""

import numpy as np
from numpy.typing import NDArray

from pivotmine.text.scripts import HAN, HANGUL, KANA, ScriptCounts

# A line is Chinese or Japanese when at least a quarter of its words are; Latin words in such a line
# are product names and menu paths far more often than the reverse.
_CJK_PREFERENCE = 3.0
_CHINESE_ONLY_SHARE = 0.25


def dominant_scripts(counts: ScriptCounts) -> NDArray[np.int64]:
    """int64[S]: the script most words of each segment are in; Kana counts as `HAN`.

    Chinese, Japanese and Korean words weigh `_CJK_PREFERENCE`.
    """
    words = counts.words.copy()
    words[:, HAN] += words[:, KANA]
    words[:, KANA] = 0.0
    words[:, [HAN, HANGUL]] *= _CJK_PREFERENCE
    dominant: NDArray[np.int64] = words.argmax(axis=1)
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


def chance_of_unmarked_chinese(counts: ScriptCounts) -> float:
    """Likelihood that a page with kana is partly Chinese and yet shows no Chinese-only character.

    About a quarter of the characters of simplified Chinese are in no Japanese character set (0.24
    in documentation, 0.31 in interface messages). Short strings such as 温度 and 降水量 could each
    be either language; many of them together, without one such character, are Japanese.
    """
    if not counts.kana_chars.any() or counts.chinese_only_chars.any():
        return 1.0
    n_chars = int(counts.han_chars[counts.kana_chars == 0].sum())
    return max((1 - _CHINESE_ONLY_SHARE) ** n_chars, 1e-6)
