"""What a demo document is, and how messages, sentences and entries are laid out on a page.

A source yields `Document`s; `assemble` alone decides on files and formats. The text carries no
language label, since finding the languages of a page is what the demo shows.

A list is cut into pages in two ways. `even_pages` keeps neighbours together, since messages of one
software component share a topic. `deal` spreads neighbours over all pages, as one deals cards. The
files of sentences and of dictionaries are sorted alphabetically, so 20 neighbours there hold the
same word 20 times. On one page together, no count of pages could tell the translation of that word
from the rest of the page.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeVar

T = TypeVar("T")

MESSAGES_A_PAGE = 25
LEAST_MESSAGES = 4  # a smaller catalogue says "connection failed" and nothing of its own
ENTRIES_A_PAGE = 30


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


class Entry(NamedTuple):
    """A headword of a dictionary with its English glosses."""

    headword: str
    glosses: tuple[str, ...]

    def line(self) -> str:
        """The entry on one line: `headword — gloss; gloss`."""
        return f"{self.headword} — {'; '.join(self.glosses)}"

    @classmethod
    def of_line(cls, line: str) -> "Entry":
        """The entry that `line` wrote."""
        headword, _, glosses = line.partition(" — ")
        return cls(headword, tuple(glosses.split("; ")))


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


def dictionary_pages(
    entries: Iterable[Entry], source: str, license: str, path: str
) -> Iterator[Document]:
    """Pages of a dictionary, an entry a line; `path` is that of the dictionary."""
    lines = [entry.line() for entry in entries]
    for number, page in enumerate(deal(lines, ENTRIES_A_PAGE)):
        yield Document("\n".join(page), source, "dictionary", license, f"{path}#{number}")


def catalogue_pages(
    pairs: Sequence[Pair], source: str, license: str, path: str
) -> Iterator[Document]:
    """Bilingual pages of a catalogue, if it has at least `LEAST_MESSAGES`."""
    if len(pairs) < LEAST_MESSAGES:
        return
    for number, page in enumerate(even_pages(pairs, MESSAGES_A_PAGE)):
        yield Document(reading_form(page), source, "catalogue", license, f"{path}#{number}")
