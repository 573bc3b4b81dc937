"""The pages of two languages: parallel ones, pages on one topic, and lists.

parallel    messages of one catalogue, each beside its translation
same_topic  apart: messages of one catalogue, each in one language only (a page half translated)
            twins: pages of one source, one in each language, about different things
            mixed: pages that were found like that, in part untranslated
list        glossary: entries of a dictionary; names: short messages, each in one language

Every page has about the same amount of both languages. Its length is that of a page of one
language, drawn from the corpus, in each of them. Pages of one source share a menu of three messages
with their translations, whatever their kind, on three pages of five: boilerplate that translates.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from bench.gain.draws import choice, counts, number, shuffled, uniform
from bench.gain.layouts import draw_layout, lay_out
from bench.gain.texts import Message, Page

KINDS = {"parallel": 0.14, "same_topic": 0.72, "list": 0.14}
"""Shares of the bilingual pages of the web (Shao et al. 2026, arXiv 2601.00364)."""
WAYS = {
    "parallel": {"aligned": 1.0},
    "same_topic": {"apart": 0.45, "twins": 0.35, "mixed": 0.2},
    "list": {"glossary": 0.5, "names": 0.5},
}
MOST_OF_A_SOURCE = 0.5
"""Share of the made pages of a pair that may come from one source."""

PAGE_BYTES = (1200, 6000)
_MENU_LINES = 3
_WITH_MENU = 0.6
_NAME_CHARS = 60


class Made(NamedTuple):
    """A page of two languages, and what it is."""

    source: str
    text: str
    kind: str
    way: str
    layout: str


class Material(NamedTuple):
    """What pages of one pair are made from."""

    pair: str
    messages: Sequence[Message]
    words: Sequence[tuple[str, str]]
    alone: Mapping[str, Sequence[Page]]
    mixed: Sequence[Page]
    sizes: Sequence[int]
    """Bytes of pages of one language."""


def make_pages(material: Material, n_pages: int, seed: int) -> Iterator[Made]:
    """`n_pages` pages, fewer if a kind runs out of text; each text is used once."""
    maker = _Maker(material, seed)
    makers: dict[str, Callable[[str, int], Made | None]] = {
        "aligned": maker.aligned,
        "apart": maker.apart,
        "twins": maker.twins,
        "mixed": maker.mixed,
        "glossary": maker.glossary,
        "names": maker.names,
    }
    for kind, n_kind in counts(n_pages, KINDS).items():
        for way, n_way in counts(n_kind, WAYS[kind]).items():
            for place in range(n_way):
                name = f"{material.pair} {way} {place}"
                size = _size(material.sizes, seed, name)
                if made := makers[way](name, size):
                    yield made


def _size(sizes: Sequence[int], seed: int, name: str) -> int:
    low, high = PAGE_BYTES
    return min(max(sizes[number(seed, "size", name) % len(sizes)], low), high)


class _Maker:
    """Makes pages of one pair, and keeps what is left of the text."""

    def __init__(self, material: Material, seed: int) -> None:
        self._pair, self._seed = material.pair, seed
        self._other = material.pair.partition("-")[2]
        menus: dict[str, list[Message]] = defaultdict(list)
        left: dict[str, list[Message]] = defaultdict(list)
        for one in shuffled(((m.key, m) for m in material.messages), seed, "messages"):
            if len(menus[one.source]) < _MENU_LINES and len(one.english) <= _NAME_CHARS:
                menus[one.source].append(one)
            else:
                left[one.source].append(one)
        self._menus = menus
        # Messages of one catalogue stand together, as they do on a page.
        for source, of in left.items():
            order = {site: number(seed, "site", site) for site in sorted({m.site for m in of})}
            left[source] = sorted(of, key=lambda m: order[m.site])
        self._left = left
        size = {source: float(len(of)) for source, of in sorted(left.items())}
        most = MOST_OF_A_SOURCE * sum(size.values())
        self._weights = {source: min(n, most) for source, n in size.items()}
        self._words = shuffled(((f"{a}\x1f{b}", (a, b)) for a, b in material.words), seed, "words")
        self._mixed = shuffled(((page.name, page) for page in material.mixed), seed, "mixed")
        self._twins = self._pages_by_source(material.alone)

    def _pages_by_source(
        self, alone: Mapping[str, Sequence[Page]]
    ) -> dict[str, tuple[list[Page], list[Page]]]:
        """Sources with pages in both languages, and these pages in a drawn order."""
        found: dict[str, tuple[list[Page], list[Page]]] = defaultdict(lambda: ([], []))
        for side, lang in enumerate(("en", self._other)):
            for page in shuffled(((page.name, page) for page in alone[lang]), self._seed, "twins"):
                found[page.source][side].append(page)
        return {source: sides for source, sides in sorted(found.items()) if all(sides)}

    def _take(self, name: str, n_bytes: int, short: bool = False) -> list[Message]:
        """Messages of one source with about `n_bytes` of English; fewer where it runs out."""
        source = choice(self._weights, self._seed, "source", name)
        left, found, used = self._left[source], [], 0
        while left and used < n_bytes:
            one = left.pop()
            if short and len(one.english) > _NAME_CHARS:
                continue
            found.append(one)
            used += len(one.english.encode()) + 1
        if not left:
            self._weights.pop(source)
        return found

    def aligned(self, name: str, n_bytes: int) -> Made | None:
        found = self._take(name, n_bytes)
        if not found:
            return None
        sides = [one.english for one in found], [one.other for one in found]
        return self._page(name, found[0].source, sides, "parallel", "aligned")

    def apart(self, name: str, n_bytes: int) -> Made | None:
        return self._halves(name, self._take(name, 2 * n_bytes), "same_topic", "apart")

    def names(self, name: str, n_bytes: int) -> Made | None:
        return self._halves(name, self._take(name, 2 * n_bytes, short=True), "list", "names")

    def _halves(self, name: str, found: Sequence[Message], kind: str, way: str) -> Made | None:
        """A page with every second message in English and the others in the other language."""
        if len(found) < 2:
            return None
        sides = [one.english for one in found[::2]], [one.other for one in found[1::2]]
        return self._page(name, found[0].source, sides, kind, way)

    def glossary(self, name: str, n_bytes: int) -> Made | None:
        found: list[tuple[str, str]] = []
        used = 0
        while self._words and used < n_bytes:
            found.append(self._words.pop())
            used += len(found[-1][0].encode()) + 1
        if not found:
            return None
        sides = [a for a, _ in found], [b for _, b in found]
        return self._page(name, "dictionary", sides, "list", "glossary", menu=False)

    def twins(self, name: str, n_bytes: int) -> Made | None:
        if not self._twins:
            return None
        weights = {of: float(min(map(len, sides))) for of, sides in self._twins.items()}
        source = choice(weights, self._seed, "source", name)
        # From both ends of one order of pages, so that no page meets its own translation often.
        english, other = self._twins[source]
        sides = _lines(english.pop(), n_bytes), _lines(other.pop(0), n_bytes)
        if not (english and other):
            self._twins.pop(source)
        return self._page(name, source, sides, "same_topic", "twins")

    def mixed(self, name: str, n_bytes: int) -> Made | None:
        if not self._mixed:
            return None
        page = self._mixed.pop()
        return Made(page.source, page.text, "same_topic", "mixed", "as found")

    def _page(
        self,
        name: str,
        source: str,
        sides: tuple[list[str], list[str]],
        kind: str,
        way: str,
        menu: bool = True,
    ) -> Made:
        first, second = sides if uniform(self._seed, "first", name) < 0.5 else sides[::-1]
        layout = draw_layout(self._seed, name)
        lines = lay_out(first, second, layout, self._seed, name)
        if menu and uniform(self._seed, "menu", name) < _WITH_MENU:
            head = [f"{one.english} | {one.other}" for one in self._menus.get(source, ())]
            lines = [*head, *lines]
        return Made(source, "\n".join(lines), kind, way, layout)


def _lines(page: Page, n_bytes: int) -> list[str]:
    """The first lines of a page, about `n_bytes` of them."""
    found, used = [], 0
    for line in page.text.split("\n"):
        if used >= n_bytes:
            break
        found.append(line)
        used += len(line.encode()) + 1
    return found
