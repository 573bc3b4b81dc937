"""Pages of known languages: messages one a line, in one language or in two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bench.segment_language.messages import Groups, Row
from pivotmine.demo.documents import even_pages

LINES = 20
ONE, ALTERNATING, ONE_IN_TEN = "one language", "en and it alternate", "one line in ten is en"
KINDS = (ONE, ALTERNATING, ONE_IN_TEN)


class Page(NamedTuple):
    """Lines with the language of each; `lang` is that of the page (on mixed ones, beside `en`)."""

    group: str
    kind: str
    lang: str
    lines: tuple[str, ...]
    langs: tuple[str, ...]


def pages(groups: Groups, languages: Sequence[str]) -> Iterator[Page]:
    """Pages of every kind from every group, of 5 to 20 lines."""
    for group, rows in groups.items():
        for lang in languages:
            for kind in KINDS if lang != "en" else (ONE,):
                lines = _lines(rows, lang, kind)
                if len(lines) >= LINES // 4:
                    for part in even_pages(lines, LINES):
                        texts, langs = zip(*part, strict=True)
                        yield Page(group, kind, lang, texts, langs)


def _lines(rows: Sequence[Row], lang: str, kind: str) -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    for row in rows:
        if kind == ALTERNATING and "en" in row and lang in row:
            lines += [(row["en"] + "\n", "en"), (row[lang] + "\n", lang)]
        elif kind != ALTERNATING and lang in row:
            swapped = kind == ONE_IN_TEN and len(lines) % 10 == 4 and "en" in row
            said = "en" if swapped else lang
            lines.append((row[said] + "\n", said))
    return lines
