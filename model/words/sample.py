"""Concepts to be read by a person, the same ones for the same set."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from pivotmine.model.words.dataset import WordSet


def lines(words: WordSet, n: int, seed: int = 0) -> Iterator[str]:
    """`n` concepts drawn by hash: words, marks, and what confirms them."""
    drawn = sorted(
        words.concepts,
        key=lambda concept: hashlib.sha256(f"sample {seed}/{concept.id}".encode()).digest(),
    )
    for concept in sorted(drawn[:n], key=lambda concept: concept.id):
        marks = [*(f"copy {pair}" for pair in concept.copies)]
        marks += [f"cognate {pair}" for pair in concept.cognates]
        confirmed = " ".join(f"{lang}{n}" for lang, n in concept.confirmations.items())
        yield " | ".join(
            [concept.id, " ".join(concept.words.values()), confirmed, ", ".join(marks)]
        )
