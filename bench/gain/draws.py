"""Draws that depend on a seed and on content alone, so that the order of rows does not matter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


def uniform(seed: int, *what: str) -> float:
    """A number in [0, 1), decided by the seed and the strings."""
    return number(seed, *what) / 2**64


def number(seed: int, *what: str) -> int:
    """A number of 64 bits, decided by the seed and the strings."""
    digest = blake2b("\x1f".join((str(seed), *what)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def choice(weights: dict[str, float], seed: int, *what: str) -> str:
    """One of the names, with chances in proportion to their weights."""
    place = uniform(seed, *what) * sum(weights.values())
    for name, weight in weights.items():
        place -= weight
        if place < 0:
            return name
    return next(reversed(weights))


def shuffled(items: Iterable[tuple[str, T]], seed: int, what: str) -> list[T]:
    """The second parts, in an order that the seed and the first parts decide."""
    keyed = [(number(seed, what, name), name, item) for name, item in items]
    return [item for *_, item in sorted(keyed, key=lambda one: one[:2])]


def counts(total: int, shares: dict[str, float]) -> dict[str, int]:
    """Integers in proportion to shares (which sum to 1), with sum `total`."""
    ends = [round(total * sum(list(shares.values())[: n + 1])) for n in range(len(shares))]
    return dict(zip(shares, _differences(ends), strict=True))


def _differences(ends: Sequence[int]) -> list[int]:
    return [end - before for end, before in zip(ends, [0, *ends], strict=False)]
