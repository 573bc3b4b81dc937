"""Selection by coverage at scale: time against documents, and what dealing into buckets costs.

python -m bench.coverage --documents 1000000

Synthetic documents: links drawn by a Zipf law from 200,000, 1 to 100 of them a document, 10 to 20
tokens a link; a twentieth of all tokens is bought. No Spark: this is what one task does.
"""

from __future__ import annotations

import argparse
import resource
import time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.kernels.coverage_greedy import coverage_value, greedy_coverage

N_LINKS = 200_000
BUDGET_SHARE = 0.05
MAX_REPEATS = 100


class Corpus(NamedTuple):
    """Distinct links of documents, and their lengths."""

    links: NDArray[np.int32]
    offsets: NDArray[np.int64]
    n_tokens: NDArray[np.int32]


def corpus(n_documents: int, seed: int) -> Corpus:
    """Documents with Zipf-distributed links, repeated ones dropped."""
    generator = np.random.default_rng(seed)
    n_links = np.exp(generator.uniform(0, np.log(100), n_documents)).astype(np.int64)
    n_tokens = (n_links * generator.uniform(10, 20, n_documents)).astype(np.int32)
    document = np.repeat(np.arange(n_documents), n_links)
    drawn = (N_LINKS ** generator.random(len(document))).astype(np.int64) - 1
    keys = np.unique(document * N_LINKS + drawn)
    document, links = np.divmod(keys, N_LINKS)
    offsets = np.searchsorted(document, np.arange(n_documents + 1))
    return Corpus(links.astype(np.int32), offsets, n_tokens)


def spend(found: Corpus, n_buckets: int, tolerance: float = 0.05) -> tuple[float, float]:
    """Value of what is bought, and CPU seconds of the slowest bucket."""
    n_documents = len(found.n_tokens)
    budget = int(found.n_tokens.sum() * BUDGET_SHARE) // n_buckets
    bought, slowest = [], 0.0
    for bucket in range(n_buckets):
        # Documents are drawn independently, so any cut is as good as a hash.
        first, last = (n_documents * i // n_buckets for i in (bucket, bucket + 1))
        start, end = found.offsets[first], found.offsets[last]
        links, offsets = found.links[start:end], found.offsets[first : last + 1] - start
        began = time.process_time()
        taken = greedy_coverage(
            links,
            offsets,
            found.n_tokens[first:last],
            np.zeros(last - first, np.int32),
            np.array([budget]),
            np.ones(N_LINKS),
            max_repeats=MAX_REPEATS,
            n_buckets=n_buckets,
            tolerance=tolerance,
        ).document
        slowest = max(slowest, time.process_time() - began)
        bought += [links[offsets[d] : offsets[d + 1]] for d in taken.tolist()]
    value = coverage_value(np.concatenate(bought), np.ones(N_LINKS), max_repeats=MAX_REPEATS)
    return value, slowest


def main() -> None:
    """Print a row for each size, then one for each number of buckets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=1_000_000)
    largest = parser.parse_args().documents
    spend(corpus(1000, 0), 1)  # compile
    print("documents links seconds peak_MB")
    for size in (largest // 16, largest // 4, largest):
        found = corpus(size, 0)
        value, seconds = spend(found, 1)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000
        print(f"{size:,} {len(found.links):,} {seconds:.2f} {peak:,}")
    exact, seconds = spend(found, 1, 0.0)
    print(f"without tolerance: {seconds:.2f} s, {value / exact:.4f} of its value with")
    print("buckets value_share seconds_of_slowest")
    for n_buckets in (2, 4, 16, 64):
        dealt, seconds = spend(found, n_buckets)
        print(f"{n_buckets} {dealt / value:.4f} {seconds:.2f}")


if __name__ == "__main__":
    main()
