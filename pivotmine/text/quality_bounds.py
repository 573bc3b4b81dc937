"""Names of the quality measures, and the published thresholds of the families of filters.

Apart from `text/quality.py`, which computes the measures, so that a recipe can be checked without
loading numba.
"""

from __future__ import annotations

MEASURES = (
    "words",
    "mean_word_chars",
    "alphabetic_word_share",
    "symbol_word_ratio",
    "stop_words",
    "bullet_line_share",
    "ellipsis_line_share",
    "unpunctuated_line_share",
    "short_line_share",
    "duplicate_line_share",
    "duplicate_line_char_share",
    "duplicate_paragraph_share",
    "top_2gram_char_share",
    "top_3gram_char_share",
    "top_4gram_char_share",
    "duplicate_5gram_char_share",
    "duplicate_10gram_char_share",
    "curly_brackets",
    "lorem_ipsum",
)
"""Measures of a page (`pivotmine.text.quality` computes them)."""

FAMILIES: dict[str, dict[str, float]] = {
    "gopher": {
        "min_words": 50,
        "max_words": 100_000,
        "min_mean_word_chars": 3,
        "max_mean_word_chars": 10,
        "min_alphabetic_word_share": 0.8,
        "max_symbol_word_ratio": 0.1,
        "min_stop_words": 2,
        "max_bullet_line_share": 0.9,
        "max_ellipsis_line_share": 0.3,
    },
    "gopher_repetition": {
        "max_duplicate_line_share": 0.3,
        "max_duplicate_line_char_share": 0.2,
        "max_duplicate_paragraph_share": 0.3,
        "max_top_2gram_char_share": 0.2,
        "max_top_3gram_char_share": 0.18,
        "max_top_4gram_char_share": 0.16,
        "max_duplicate_5gram_char_share": 0.15,
        "max_duplicate_10gram_char_share": 0.1,
    },
    "c4": {"max_curly_brackets": 0, "max_lorem_ipsum": 0},
    "fineweb": {
        "max_unpunctuated_line_share": 0.88,
        "max_short_line_share": 0.67,
        "max_duplicate_line_char_share": 0.1,
    },
}
"""Published thresholds. FineWeb's on repeated lines is 0.01 of what trafilatura leaves; resiliparse
keeps more of a page, so 0.1 here."""
