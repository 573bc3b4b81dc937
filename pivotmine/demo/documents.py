"""What a demo document is, and how messages, sentences and entries are laid out on a page.

A source yields `Document`s; only `assemble` knows files and formats. The text carries no language
label on purpose: finding the languages of a page is the engine's work.

Two ways of cutting a list into pages, because neighbours mean different things in the sources:
`even_pages` keeps neighbours together (messages of one software component share a topic), while
`deal` spreads them over all pages as one deals cards. The sentence and dictionary files are sorted
alphabetically, so 20 neighbours there are 20 times the same word: such a word would live on a
single page and no count of pages could ever tell its translation from the rest of that page.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Document(NamedTuple):
    """One page of the demo corpus; the fields are the columns of every output file.

    kind is `page` (one language), `catalogue` (messages with their translation), `sentences` or
    `dictionary`; path names the file inside the source's archive, `#k` its k-th page.
    """

    text: str
    source: str
    kind: str
    license: str
    path: str


class Pair(NamedTuple):
    """A text and its translation, each on one line."""

    text: str
    translation: str


def even_pages(items: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    """Cut into the fewest runs of neighbours of at most `most` items, their sizes within one."""
    n_pages = -(-len(items) // most)
    bounds = [len(items) * page // n_pages for page in range(n_pages + 1)] if n_pages else [0]
    for start, end in pairwise(bounds):
        yield items[start:end]


def deal(items: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    """Cut into the fewest pages of at most `most` items; neighbours go to different pages."""
    n_pages = -(-len(items) // most)
    for page in range(n_pages):
        yield items[page::n_pages]


def reading_form(pairs: Iterable[Pair]) -> str:
    """Alternating lines: a text, below it its translation, as bilingual pages are read."""
    return "\n".join(line for pair in pairs for line in pair)


def entry_line(headword: str, glosses: Iterable[str]) -> str:
    """One dictionary entry on one line: `headword — gloss; gloss`."""
    return f"{headword} — {'; '.join(glosses)}"


def entry_parts(line: str) -> tuple[str, list[str]]:
    """Headword and glosses of a line that `entry_line` made."""
    headword, _, glosses = line.partition(" — ")
    return headword, glosses.split("; ")
