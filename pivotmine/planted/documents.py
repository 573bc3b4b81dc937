"""The documents of a planted corpus, in order, with the truth about each.

Documents are drawn in blocks, and each block has a generator of its own, seeded with its number. So
a corpus of twice the documents begins with the smaller one, and no size needs more memory than the
text and a block. Source documents are taken in a shuffled order, each once before any is repeated.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.planted.ciphers import Ciphers
from pivotmine.planted.draw import Draw, draw_lines, source_frequencies
from pivotmine.planted.kinds import COMPOSERS
from pivotmine.planted.plan import Plan
from pivotmine.planted.text import SourceText

BLOCK_DOCUMENTS = 500


class PlantedDocument(NamedTuple):
    """A document and the truth about it."""

    url: str
    """`planted://seed/number`; numbers count from 0."""

    kind: str
    """One of `plan.KINDS`."""

    text: str
    languages: tuple[str, ...]
    """One or two; the language of most lines first."""

    senses: NDArray[np.int64]
    """[n] sorted senses (`Ciphers`) whose words are planted in both languages."""

    source: str = "planted"
    """`planted`, or `planted-0` and so on where there are several sources."""

    duplicate_of: str = ""
    """Url of the document that it repeats."""

    is_exact: bool = False
    """Whether it repeats that document letter by letter."""


def compose(text: SourceText, ciphers: Ciphers, plan: Plan) -> Iterator[PlantedDocument]:
    """The documents of a plan, in order."""
    kinds = [kind for kind, rate in plan.rates.items() if rate > 0]
    cumulative = np.cumsum([plan.rates[kind] for kind in kinds])
    frequencies = source_frequencies(text, plan)
    for block in range(-(-plan.n_documents // BLOCK_DOCUMENTS)):
        generator = np.random.default_rng([plan.seed, 3, block])
        originals: list[PlantedDocument] = []
        for place in range(min(BLOCK_DOCUMENTS, plan.n_documents - block * BLOCK_DOCUMENTS)):
            number = block * BLOCK_DOCUMENTS + place
            url = f"planted://{plan.seed}/{number}"
            source, name = _source(plan, number)
            of_source = frequencies[source]
            document_number = _source_document(text, plan, number)
            lines = draw_lines(text, ciphers, plan, generator, document_number, of_source)
            draw = Draw(text, ciphers, plan, generator, lines, of_source)
            if originals and generator.random() < plan.duplicate_share:
                original = originals[int(generator.integers(len(originals)))]
                yield _repeat(draw, original, url)._replace(source=name)
                continue
            drawn = float(generator.random() * cumulative[-1])
            kind = kinds[min(int(np.searchsorted(cumulative, drawn, "right")), len(kinds) - 1)]
            written, languages, senses = COMPOSERS[kind](draw)
            document = PlantedDocument(url, kind, "\n".join(written), languages, senses, name)
            originals.append(document)
            yield document


def _source(plan: Plan, number: int) -> tuple[int, str]:
    """Number and name of a document's source; source s has the share 1 / (s + 1), scaled."""
    if plan.n_sources == 1:
        return 0, "planted"
    shares = np.cumsum(1.0 / np.arange(1, plan.n_sources + 1))
    drawn = np.random.default_rng([plan.seed, 7, number]).random() * shares[-1]
    source = int(np.searchsorted(shares, drawn, side="right"))
    return source, f"planted-{source}"


def _source_document(text: SourceText, plan: Plan, number: int) -> int:
    """The source document that gives a document its lines."""
    n_documents = len(text.document_offsets) - 1
    epoch, place = divmod(number, n_documents)
    return int(_shuffled(plan.seed, epoch, n_documents)[place])


@lru_cache(maxsize=1)
def _shuffled(seed: int, epoch: int, n_documents: int) -> NDArray[np.int64]:
    """The order of an epoch. The last one is cached, since every document needs it."""
    return np.random.default_rng([seed, 4, epoch]).permutation(n_documents)


def _repeat(draw: Draw, original: PlantedDocument, url: str) -> PlantedDocument:
    """An earlier document again, unchanged or below a line of its first language."""
    if draw.generator.random() < 0.5:
        return original._replace(url=url, duplicate_of=original.url, is_exact=True)
    (line,) = draw.render(draw.lines.part(0, 1), original.languages[0])
    return original._replace(url=url, text=f"{line}\n{original.text}", duplicate_of=original.url)
