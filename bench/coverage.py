"""Selection by coverage, without Spark: time against documents, rounds, value against exact greedy.

python -m bench.coverage --documents 10000000

Synthetic documents: links drawn by a Zipf law, 1 to 100 of them a document, 10 to 20 tokens a link;
a twentieth of all tokens is bought. There are 200,000 links whatever the corpus, or, with
`--heaps 0.6`, as many as grow with that power of the documents (Heaps' law) to 200,000 at ten
million.
"""

from __future__ import annotations

import argparse
import heapq
import resource
import time

import numpy as np
from numpy.typing import NDArray

from pivotmine.stages.select.coverage_greedy import (
    Covering,
    CoverState,
    Pool,
    Worth,
    cover,
    coverage_value,
    levels,
)

N_LINKS = 200_000
BUDGET_SHARE = 0.05
MAX_REPEATS = 100
_BLOCK_DOCUMENTS = 250_000


def n_links_of(n_documents: int, heaps: float) -> int:
    """Links that a corpus of that size knows."""
    return int(N_LINKS * (n_documents / 10_000_000) ** heaps)


def corpus(n_documents: int, seed: int, heaps: float = 0.0) -> Pool:
    """Documents with Zipf-distributed links, repeated ones dropped."""
    known = n_links_of(n_documents, heaps)
    blocks = [
        block(min(_BLOCK_DOCUMENTS, n_documents - first), known, seed, first)
        for first in range(0, n_documents, _BLOCK_DOCUMENTS)
    ]
    links, sizes, n_tokens = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    budget = np.zeros(n_documents, np.int32)
    return Pool(links, offsets, n_tokens, budget, n_tokens, np.arange(n_documents + 1))


def block(
    n_documents: int, known: int, seed: int, first: int
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]]:
    """Links, their number in each document, and its tokens; at most 250,000 documents."""
    generator = np.random.default_rng([seed, first])
    draws = generator.random((_BLOCK_DOCUMENTS, 2))[:n_documents]
    n_links = np.exp(draws[:, 0] * np.log(100)).astype(np.int64)
    n_tokens = (n_links * (10 + 10 * draws[:, 1])).astype(np.int32)
    document = np.repeat(np.arange(n_documents), n_links)
    drawn = (known ** generator.random(len(document))).astype(np.int64) - 1
    document, links = np.divmod(np.unique(document * known + drawn), known)
    return links.astype(np.int32), np.bincount(document, minlength=n_documents), n_tokens


def start(pool: Pool) -> CoverState:
    """Nothing taken, and the budget."""
    budget = int(pool.n_tokens.sum(dtype=np.int64) * BUDGET_SHARE)
    return CoverState(np.zeros(N_LINKS, np.int32), np.array([budget]))


def spend(pool: Pool, tolerance: float = 0.05) -> tuple[Covering, float]:
    """What is bought, and the CPU seconds that it took."""
    began = time.process_time()
    found = cover(pool, Worth(np.ones(N_LINKS), MAX_REPEATS, tolerance), start(pool))
    return found, time.process_time() - began


def exact_value(pool: Pool) -> float:
    """Value of plain greedy by gain per token, with a heap of bounds (Minoux 1978)."""
    steps = Worth(np.ones(N_LINKS), MAX_REPEATS).steps()
    state = start(pool)
    left, now = int(state.left[0]), np.full(N_LINKS, steps[0])
    held = [pool.links[a:b] for a, b in zip(pool.offsets[:-1], pool.offsets[1:], strict=True)]
    cost = pool.n_tokens.tolist()
    heap = [(-float(now[links].sum()) / cost[d], d) for d, links in enumerate(held)]
    heapq.heapify(heap)
    bought = []
    while heap:
        _, d = heap[0]
        density = -float(now[held[d]].sum()) / cost[d]
        if cost[d] > left:
            heapq.heappop(heap)
        elif len(heap) > 1 and (density, d) > min(heap[1:3]):
            heapq.heapreplace(heap, (density, d))
        else:
            heapq.heappop(heap)
            left -= cost[d]
            bought.append(held[d])
            state.met[held[d]] += 1
            now[held[d]] = steps[np.minimum(state.met[held[d]], MAX_REPEATS)]
    return coverage_value(np.concatenate(bought), np.ones(N_LINKS), max_repeats=MAX_REPEATS)


def time_against_size(largest: int, repeats: int, heaps: float) -> None:
    """A row for each size, and slopes of log(gains) and log(seconds) on log(documents).

    Seconds depend on what else the machine does; the gains that are worked out do not.
    """
    sizes = [largest // 4**n for n in range(4, -1, -1)]
    logs = []
    print("documents links known_links gains_a_document seconds peak_MB")
    for size in sizes:
        pool = corpus(size, 0, heaps)
        for _ in range(repeats):
            found, seconds = spend(pool)
            logs.append(np.log((size, found.n_looked_at, seconds)))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000
        print(
            f"{size:,} {len(pool.links):,} {n_links_of(size, heaps):,} "
            f"{found.n_looked_at / size:.2f} {seconds:.2f} {peak:,}",
            flush=True,
        )
    documents, gains, times = np.array(logs).T
    for name, values in (("gains", gains), ("seconds", times)):
        steps = np.round(np.diff(values) / np.diff(documents), 2) if repeats == 1 else ""
        print(f"exponent of {name} {np.polyfit(documents, values, 1)[0]:.2f}", steps)


def rounds_against_one(n_documents: int) -> None:
    """Rounds of as many links as a task may hold, and whether the documents differ."""
    pool = corpus(n_documents, 0)
    worth = Worth(np.ones(N_LINKS), MAX_REPEATS)
    whole, seconds = spend(pool)
    sizes = np.diff(pool.offsets)
    print("links_a_task rounds seconds_grading seconds_taking same_documents")
    print(f"{len(pool.links):,} 1 0 {seconds:.2f} True")
    for share in (4, 16, 64):
        state, taken, grading, taking, rounds = start(pool), [], 0.0, 0.0, 0
        waiting = np.ones(n_documents, np.bool_)
        while True:
            rounds += 1
            began = time.process_time()
            at = np.where(waiting, levels(pool, worth, state), worth.n_levels)
            grading += time.process_time() - began
            best = np.argsort(at, kind="stable")
            best = best[at[best] < worth.n_levels]
            room = int(np.searchsorted(np.cumsum(sizes[best]), len(pool.links) // share))
            # At least a level, and whole levels: the stage can cut one.
            last = None if room >= len(best) else max(int(at[best[room]]) - 1, int(at[best[0]]))
            if last is not None:
                best = best[at[best] <= last]
            best.sort()
            began = time.process_time()
            found = cover(_some(pool, best), worth, state, last_level=last)
            taking += time.process_time() - began
            state, taken = found.state, [*taken, best[found.document]]
            waiting[taken[-1]] = False
            if last is None:
                break
        same = bool(np.array_equal(np.concatenate(taken), whole.document))
        print(
            f"{len(pool.links) // share:,} {rounds} {grading:.2f} {taking:.2f} {same}", flush=True
        )


def _some(pool: Pool, documents: NDArray[np.int64]) -> Pool:
    """Those documents alone."""
    sizes = np.diff(pool.offsets)[documents]
    ends = np.cumsum(sizes)
    place = np.arange(sizes.sum()) - np.repeat(ends - sizes - pool.offsets[documents], sizes)
    n = len(documents)
    n_tokens = pool.n_tokens[documents]
    offsets = np.concatenate(([0], ends))
    budget = np.zeros(n, np.int32)
    return Pool(pool.links[place], offsets, n_tokens, budget, n_tokens, np.arange(n + 1))


def value_against_exact(n_documents: int, seeds: int) -> None:
    """Value as a share of exact greedy's, by tolerance and seed."""
    pools = [corpus(n_documents, seed) for seed in range(1, seeds + 1)]
    exact = [exact_value(pool) for pool in pools]
    print("tolerance value_by_exact_value")
    for tolerance in (0.2, 0.1, 0.05, 0.01):
        values = [float(spend(pool, tolerance)[0].gain.sum()) for pool in pools]
        shares = (value / best for value, best in zip(values, exact, strict=True))
        print(tolerance, *(f"{share:.4f}" for share in shares), flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=1_000_000, help="of the largest corpus")
    parser.add_argument("--heaps", type=float, default=0.0, help="power by which links grow")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=250_000, help="documents taken in rounds")
    parser.add_argument("--sample", type=int, default=5_000, help="documents of exact greedy")
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    spend(corpus(1000, 0))  # compile
    if given.rounds:
        rounds_against_one(given.rounds)
    if given.sample:
        value_against_exact(given.sample, given.seeds)
    if given.documents:
        time_against_size(given.documents, given.repeats, given.heaps)


if __name__ == "__main__":
    main()
