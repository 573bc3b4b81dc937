"""The stream of each sequence of a run: ratios, and placement within the run.

`uniform` streams are spread over the whole run. `early` and `late` streams are spread over a window
at its beginning or end, in which uniform streams continue (replay). Every stream gets exactly the
number of sequences that its ratio gives, so arms that differ only in placement train on the same
sequences. Streams are interleaved evenly and not drawn, so every batch holds the same mixture.

Memory: 9 bytes a sequence of the run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import ConfigError
from pivotmine.model.shards.packing import Packing, Sequences

MAX_STREAMS = 255

REQUESTS = 16
"""Requests to a store at a time, of one worker."""


class Placement(NamedTuple):
    """A stream's share of a run and its place in it."""

    name: str
    ratio: float
    """Share of the run's sequences."""
    where: Literal["uniform", "early", "late"] = "uniform"
    window: float = 1.0
    """Share of the run that an early or late stream is spread over."""


def slots(
    placements: Sequence[Placement], n_sequences: int, replay: float = 0.0
) -> NDArray[np.uint8]:
    """The number of the stream of each sequence, [n_sequences].

    `replay` is the least share of the uniform streams in the window of an early or late stream.

    Raises
    ------
    ConfigError
        Ratios do not sum to 1, there are too many streams, or a window cannot hold what is placed
        in it beside the replay.
    """
    if len(placements) > MAX_STREAMS:
        raise ConfigError(f"an arm mixes {len(placements)} streams; at most {MAX_STREAMS}")
    total = sum(placement.ratio for placement in placements)
    if abs(total - 1.0) > 1e-6:
        listed = ", ".join(f"{p.name} {p.ratio:g}" for p in placements)
        raise ConfigError(f"ratios must sum to 1, these sum to {total:g}: {listed}")
    counts = _apportion([placement.ratio for placement in placements], n_sequences)
    chosen = np.full(n_sequences, MAX_STREAMS, np.uint8)  # which is the number of no stream
    by_window = sorted(range(len(placements)), key=lambda number: placements[number].window)
    placed = [number for number in by_window if placements[number].where != "uniform"]
    for number in placed:
        _place(chosen, number, placements[number], counts[number], replay)
    rest = [number for number in range(len(placements)) if number not in placed]
    free = np.flatnonzero(chosen == MAX_STREAMS)
    if rest:
        # Sequence k of n has the place (k + .5) / n; in the order of places, streams are spread
        # evenly.
        where = np.concatenate(
            [(np.arange(counts[number]) + 0.5) / counts[number] for number in rest]
        )
        whose = np.repeat(np.array(rest, np.uint8), [counts[number] for number in rest])
        chosen[free] = whose[np.argsort(where, kind="stable")]
    return chosen


class Mixture:
    """The sequences of a run, in order.

    Streams of the same shards, placed differently, go on from one another: no sequence is read
    twice before all have been read once.
    """

    def __init__(self, packings: Sequence[Packing], chosen: NDArray[np.uint8]) -> None:
        self._packings, self._chosen = packings, chosen
        self._numbers = np.empty(len(chosen), np.int64)
        contents = [packing.content for packing in packings]
        for content in dict.fromkeys(contents):
            same = [place for place, one in enumerate(contents) if one == content]
            here = np.isin(chosen, same)
            self._numbers[here] = np.arange(int(here.sum()))

    def __len__(self) -> int:
        return len(self._chosen)

    def take(self, numbers: Sequence[int]) -> Sequences:
        """Sequences of the run by their numbers."""
        cut = [self._packings[self._chosen[n]].take(int(self._numbers[n])) for n in numbers]
        return Sequences(np.stack([ids for ids, _ in cut]), np.stack([at for _, at in cut]))

    def step(self, step: int, per_step: int, rank: int = 0, world: int = 1) -> Sequences:
        """The sequences that one of `world` workers trains on in a step.

        All workers together take the same `per_step` sequences for any number of workers.
        """
        return self.take(range(step * per_step + rank, (step + 1) * per_step, world))

    def fetch(self, numbers: Sequence[int], executor: Executor) -> None:
        """Bring what is remote of these sequences into the cache, many requests at once."""
        for place, packing in enumerate(self._packings):
            own = [int(self._numbers[n]) for n in numbers if self._chosen[n] == place]
            if own:
                packing.fetch(own, executor)


def look_ahead(
    mixture: Mixture, per_step: int, steps: range, rank: int, world: int, n_ahead: int
) -> Generator[Sequences]:
    """What one of `world` workers trains on in each of the steps.

    A thread reads up to `n_ahead` steps before they are asked for, with `REQUESTS` requests to a
    store at a time. Memory: 16 bytes a token of these steps.
    """
    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(REQUESTS) as requests:

        def read(step: int) -> Sequences:
            mixture.fetch(range(step * per_step + rank, (step + 1) * per_step, world), requests)
            return mixture.step(step, per_step, rank, world)

        waiting = deque(reader.submit(read, step) for step in steps[: n_ahead + 1])
        try:
            for step in steps:
                yield waiting.popleft().result()
                if step + n_ahead + 1 < steps.stop:
                    waiting.append(reader.submit(read, step + n_ahead + 1))
        finally:
            for future in waiting:
                future.cancel()


def _place(
    chosen: NDArray[np.uint8], number: int, placement: Placement, n: int, replay: float
) -> None:
    n_window = round(placement.window * len(chosen))
    window = slice(len(chosen) - n_window, None) if placement.where == "late" else slice(n_window)
    free = np.flatnonzero(chosen[window] == MAX_STREAMS) + (window.start or 0)
    if n > len(free) - int(replay * n_window + 1e-9):  # whole sequences
        raise ConfigError(
            f"{placement.name}: {placement.ratio:.0%} of the run do not fit into its "
            f"{placement.where} {placement.window:.0%} with {replay:.0%} of replay; widen the "
            "window, or lower ratio or replay"
        )
    chosen[free[((np.arange(n) + 0.5) * len(free) / max(n, 1)).astype(np.int64)]] = number


def _apportion(shares: Sequence[float], total: int) -> list[int]:
    """Integers in proportion to shares, with sum `total` (largest remainder method)."""
    exact = [share * total for share in shares]
    counts = [int(value + 1e-9) for value in exact]
    by_rest = sorted(range(len(shares)), key=lambda n: (counts[n] - exact[n], n))
    for number in by_rest[: total - sum(counts)]:
        counts[number] += 1
    return counts
