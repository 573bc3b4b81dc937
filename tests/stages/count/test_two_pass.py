"""Two passes over chunks find every pair at or above the threshold, with its exact count.

The steps of the stage, without Spark: chunks are counted and folded into one sketch a task, the
sketches are merged in any order, and the chunks are counted again and filtered.
"""

from __future__ import annotations

from collections import Counter
from functools import reduce
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from pivotmine.stages.count.pair_counts import count_pairs
from pivotmine.stages.count.pair_runs import PairRun, deal
from pivotmine.stages.count.pair_sums import add_run, in_sample, new_sums, summed
from pivotmine.stages.count.sketch import add_pairs, estimate_pairs
from pivotmine.stages.count.sketch_shape import SketchShape, empty_sketch
from tests.numeric.kernel_corpora import Corpus, corpora, folded
from tests.stages.count.sketches import merge_sketches

shapes = st.builds(
    SketchShape,
    blocks=st.integers(1, 3),
    depth=st.integers(1, 4),
    width=st.sampled_from([1, 2, 4, 64]),
    counter_bytes=st.sampled_from([1, 2, 4]),
)


def runs_of(corpus: Corpus) -> list[PairRun]:
    """Counts of each context as a chunk of its own, in blocks of a few pairs."""
    return [
        PairRun(block.a, block.b, block.fold_counts)
        for row in corpus.numbered_contexts()
        for block in count_pairs(folded([row], [0]), corpus.first_number, 1, block_pairs=5)
    ]


def by_dictionary(corpus: Corpus, min_count: int) -> list[tuple[int, int, int]]:
    counts: Counter[tuple[int, int]] = Counter()
    language, numbers = corpus.languages, corpus.numbers
    for _, tokens in corpus.mixed_contexts():
        for x, y in combinations(tokens, 2):
            if language[x] != language[y]:
                counts[numbers[x], numbers[y]] += 1
    return sorted((a, b, n) for (a, b), n in counts.items() if n >= min_count)


@given(
    corpus=corpora(),
    shape=shapes,
    min_count=st.integers(1, 4),
    n_tasks=st.integers(1, 3),
    order=st.randoms(use_true_random=False),
)
def test_two_passes_find_the_pairs_that_a_dictionary_counts(
    corpus, shape, min_count, n_tasks, order
):
    runs = runs_of(corpus)
    sketches = [empty_sketch(shape) for _ in range(n_tasks)]
    for i, run in enumerate(runs):
        add_pairs(sketches[i % n_tasks], run.a, run.b, run.fold_counts.sum(axis=1))
    order.shuffle(sketches)
    merged = reduce(merge_sketches, sketches)

    sums = [new_sums(1) for _ in range(4)]
    for run in order.sample(runs, len(runs)):
        kept = estimate_pairs(merged, run.a, run.b) >= min_count
        kept |= in_sample(run.a, run.b)
        filtered = PairRun(run.a[kept], run.b[kept], run.fold_counts[kept])
        for dealt in deal(filtered, len(sums)):
            for bucket, part in dealt.parts():
                sums[bucket] = add_run(sums[bucket], part)
    rows = []
    for bucket in sums:
        a, b, counts = summed(bucket, min_count)
        n = counts.sum(axis=1)
        frequent = n >= min_count
        rows += zip(a[frequent].tolist(), b[frequent].tolist(), n[frequent].tolist(), strict=True)
    assert sorted(rows) == by_dictionary(corpus, min_count)
