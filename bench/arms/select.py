"""Arms from the mined web: equal tokens of each language, in documents that differ.

Every arm goes through documents in an order of its own and takes each one that fits into what is
left of both languages' budgets, so arms hold equal tokens of a language to within one document.

random       any documents
he2025       most tokens in the pivot set (He et al. 2025)
bilingual    any with a language entropy above .1 bits (Shao et al. 2026, their first stage)
links        most tokens with a linked partner beside them
parallel     documents that were planted as parallel: positive control, known from the truth
broken       those of `links`, with the lines of the second language dealt out anew among documents:
             same lines, same languages in every document, no translations
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ARMS = ("random", "he2025", "bilingual", "links", "parallel", "broken")
MIN_ENTROPY = 0.1
MAX_AHEAD = 0.002
SCORED = ("he2025", "entropy", "links")


class Line(NamedTuple):
    """A segment of a document."""

    ids: NDArray[np.int32]
    lang: str


class Document(NamedTuple):
    """A document of the web, with what is known about it."""

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
    """Documents in order, leaving out those that exceed what is left of a language's tokens.

    Where one language is ahead of another by `MAX_AHEAD` of its budget, documents with more of it
    are left out, too: else the arm would end when the first language is full.
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


def select(arm: str, documents: Sequence[Document], budget: Budget, seed: int) -> list[Document]:
    """The documents of an arm, in random order."""
    generator = np.random.default_rng([seed, 21])
    shuffled = [documents[n] for n in generator.permutation(len(documents))]
    if arm == "parallel":
        return fill((document for document in shuffled if document.kind == arm), budget)
    if arm == "random":
        return fill(shuffled, budget)
    if arm == "bilingual":
        return fill((one for one in shuffled if one.scores["entropy"] > MIN_ENTROPY), budget)
    if arm == "broken":
        return broken(select("links", documents, budget, seed), seed)
    taken = fill(sorted(shuffled, key=lambda document: -document.scores[arm]), budget)
    return [taken[n] for n in generator.permutation(len(taken))]


def broken(documents: Sequence[Document], seed: int) -> list[Document]:
    """The documents with the lines of their second language dealt out anew.

    The first language of a document is that of its first line; the other lines are exchanged, each
    for one of its own language, over all documents.
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
