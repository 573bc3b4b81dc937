"""Selection by coverage as one task does it: time against documents, value against exact greedy.

python -m bench.coverage --documents 10000000

Synthetic documents: links drawn by a Zipf law from 200,000, 1 to 100 of them a document, 10 to 20
tokens a link; a twentieth of all tokens is bought. (`bench/coverage_stage.py` runs the stage.)
"""

from __future__ import annotations

import argparse
import heapq
import resource
import time

import numpy as np
from numpy.typing import NDArray

from pivotmine.kernels.coverage_greedy import (
    Covering,
    CoverState,
    Pool,
    Worth,
    cover,
    coverage_value,
)

N_LINKS = 200_000
BUDGET_SHARE = 0.05
MAX_REPEATS = 100
_BLOCK_DOCUMENTS = 250_000


def corpus(n_documents: int, seed: int) -> Pool:
    """Documents with Zipf-distributed links, repeated ones dropped."""
    blocks = [
        _block(min(_BLOCK_DOCUMENTS, n_documents - first), seed, first)
        for first in range(0, n_documents, _BLOCK_DOCUMENTS)
    ]
    links, sizes, n_tokens = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    budget = np.zeros(n_documents, np.int32)
    return Pool(links, offsets, n_tokens, budget, n_tokens, np.arange(n_documents + 1))


def _block(
    n_documents: int, seed: int, first: int
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]]:
    """Links, their number in each document, and its tokens."""
    generator = np.random.default_rng([seed, first])
    draws = generator.random((_BLOCK_DOCUMENTS, 2))[:n_documents]
    n_links = np.exp(draws[:, 0] * np.log(100)).astype(np.int64)
    n_tokens = (n_links * (10 + 10 * draws[:, 1])).astype(np.int32)
    document = np.repeat(np.arange(n_documents), n_links)
    drawn = (N_LINKS ** generator.random(len(document))).astype(np.int64) - 1
    document, links = np.divmod(np.unique(document * N_LINKS + drawn), N_LINKS)
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


def time_against_size(largest: int, repeats: int) -> None:
    """A row for each size, and the slope of log(seconds) on log(documents)."""
    sizes = [largest // 4**n for n in range(4, -1, -1)]
    logs = []
    print("documents links seconds ns_a_link peak_MB")
    for size in sizes:
        pool = corpus(size, 0)
        runs = [spend(pool)[1] for _ in range(repeats)]
        logs += [(np.log(size), np.log(seconds)) for seconds in runs]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000
        seconds = float(np.median(runs))
        per_link = seconds / len(pool.links) * 1e9
        print(f"{size:,} {len(pool.links):,} {seconds:.3f} {per_link:.1f} {peak:,}", flush=True)
    x, y = np.array(logs).T
    (slope, _), covariance = np.polyfit(x, y, 1, cov=True)
    print(f"exponent {slope:.3f}, 95 % within {2 * covariance[0, 0] ** 0.5:.3f}")


def value_against_exact(n_documents: int, seeds: int) -> None:
    """Value as a share of exact greedy's, by tolerance and seed."""
    print("tolerance value/exact seconds")
    for tolerance in (0.2, 0.1, 0.05, 0.01):
        shares, times = [], []
        for seed in range(1, seeds + 1):
            pool = corpus(n_documents, seed)
            found, seconds = spend(pool, tolerance)
            shares.append(float(found.gain.sum()) / exact_value(pool))
            times.append(seconds)
        listed = " ".join(f"{share:.4f}" for share in shares)
        print(f"{tolerance} {listed} {np.median(times):.3f}", flush=True)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=1_000_000, help="of the largest corpus")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--sample", type=int, default=20_000, help="documents of exact greedy")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    spend(corpus(1000, 0))  # compile
    time_against_size(given.documents, given.repeats)
    value_against_exact(given.sample, given.seeds)


if __name__ == "__main__":
    main()
