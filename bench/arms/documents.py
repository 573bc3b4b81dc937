"""Drawing the documents of an arm, so that every arm holds equal tokens of each language."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MAX_AHEAD = 0.002
"""`fill`: how far one language's share of its budget may be above that of another."""

MAX_SPREAD = 0.1
"""The same for `fill_together`."""


class Line(NamedTuple):
    """A segment of a document."""

    ids: NDArray[np.int32]
    lang: str


class Document(NamedTuple):
    """A document, with its kind and its scores where they are known."""

    doc_id: str
    lines: tuple[Line, ...]
    kind: str
    scores: dict[str, float]

    @property
    def n_tokens(self) -> dict[str, int]:
        """Tokens by language of the line."""
        found: dict[str, int] = defaultdict(int)
        for line in self.lines:
            found[line.lang] += len(line.ids)
        return dict(found)


Budget = dict[str, int]


def fill(documents: Iterable[Document], budget: Budget) -> list[Document]:
    """Documents in order, without those that exceed the rest of a language's budget.

    If one language is ahead of another by `MAX_AHEAD` of its budget, documents mostly in it are
    left out, too. Otherwise the arm would end when the first language is full.
    """
    used = dict.fromkeys(budget, 0)
    taken = []
    for document in documents:
        sizes = document.n_tokens
        if any(used.get(lang, 0) + n > budget.get(lang, 0) for lang, n in sizes.items()):
            continue
        most = max(sizes, key=lambda lang: (sizes[lang], lang))
        full = {lang: used[lang] / budget[lang] for lang in budget}
        if full[most] > min(full.values()) + MAX_AHEAD and sizes[most] > min(
            sizes.get(lang, 0) for lang in budget
        ):
            continue
        taken.append(document)
        for lang, n in sizes.items():
            used[lang] += n
    return taken


def broken(documents: Sequence[Document], seed: int) -> list[Document]:
    """The documents, with lines in other languages than the first shuffled among documents.

    The first language of a document is that of its first line. Every other line is exchanged for
    one of the same language from any document.
    """
    generator = np.random.default_rng([seed, 22])
    pools: dict[str, list[Line]] = defaultdict(list)
    for document in documents:
        for line in _second(document):
            pools[line.lang].append(line)
    dealt = {
        language: iter([lines[n] for n in generator.permutation(len(lines))])
        for language, lines in sorted(pools.items())
    }
    return [
        document._replace(
            lines=tuple(
                next(dealt[line.lang]) if line.lang != document.lines[0].lang else line
                for line in document.lines
            )
        )
        for document in documents
    ]


def _second(document: Document) -> list[Line]:
    return [line for line in document.lines if line.lang != document.lines[0].lang]


def piece(document: Document, max_tokens: int, seed: Sequence[int]) -> Document | None:
    """A run of whole segments of at most `max_tokens` that begins with a drawn segment.

    None if the drawn segment alone is longer. Pieces make a sample of a small budget that holds
    only a handful of whole documents.
    """
    lengths = np.array([len(line.ids) for line in document.lines])
    generator = np.random.default_rng([*seed, int(document.doc_id[:12], 16)])
    ends = np.cumsum(lengths)
    # No start after the last that gives a full piece, so that ends are not drawn more often.
    last = int(np.searchsorted(ends, max(int(ends[-1]) - max_tokens, 0)))
    start = int(generator.integers(last + 1))
    before = int(ends[start] - lengths[start])
    n = int(np.searchsorted(ends, before + max_tokens, "right")) - start
    return document._replace(lines=document.lines[start : start + n]) if n else None


def fill_together(documents: Iterable[Document], budget: Budget) -> list[Document]:
    """Documents in order that fit and keep languages within `MAX_SPREAD` of each other.

    With documents of two languages, budgets may fill unevenly, and the last one cannot be filled
    alone. So documents that were left out are tried again with half of their segments, until
    budgets are full to within a segment.
    """
    used = dict.fromkeys(budget, 0)
    taken: list[Document] = []
    waiting = list(documents)
    while waiting:
        left = []
        for document in waiting:
            after = used | {lang: used.get(lang, 0) + n for lang, n in document.n_tokens.items()}
            fits = all(n <= budget.get(lang, 0) for lang, n in after.items())
            if fits and _spread(after, budget) <= max(MAX_SPREAD, _spread(used, budget)) + 1e-9:
                taken.append(document)
                used = after
            elif len(document.lines) > 1:
                half = document.lines[: len(document.lines) // 2]
                left.append(document._replace(lines=half))
        waiting = left
    return taken


def _spread(used: Budget, budget: Budget) -> float:
    shares = [used[lang] / budget[lang] for lang in budget]
    return max(shares) - min(shares)
