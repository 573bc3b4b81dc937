"""Margins: the mixed contexts that hold a token, and what it meets there."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given

from pivotmine.stages.count.margin_counts import count_margins
from pivotmine.stages.count.pair_counts import count_pairs
from tests.numeric.kernel_corpora import ENGINES, corpora, folded


@pytest.mark.parametrize("engine", ENGINES)
@given(corpus=corpora())
def test_margins_are_the_mixed_contexts_of_a_token_and_its_events_what_it_meets_there(
    engine, corpus
):
    rows = corpus.numbered_contexts()
    numbers = corpus.numbers
    language = {numbers[t]: corpus.languages[t] for t in numbers}
    n, events = Counter(), Counter()
    mixed = np.zeros((corpus.n_languages, corpus.n_languages), np.int64)
    for row in rows:
        held = Counter(language[token] for token in row)
        for x in held:
            for y in set(held) - {x}:
                mixed[x, y] += 1
                for token in row:
                    if language[token] == x:
                        n[token, y] += 1
                        events[token, y] += held[y]

    found = count_margins(folded(rows, [0] * len(rows)), corpus.first_number, engine=engine)
    keys = list(zip(found.token_id.tolist(), found.other_language.tolist(), strict=True))
    assert len(keys) == len(set(keys))
    assert dict(zip(keys, found.n.tolist(), strict=True)) == n
    assert dict(zip(keys, found.events.tolist(), strict=True)) == events
    assert found.n_contexts.tolist() == mixed.tolist()


@given(corpus=corpora())
def test_events_of_the_first_tokens_are_what_counting_pairs_adds_up(corpus):
    rows = corpus.numbered_contexts()
    contexts = folded(rows, [0] * len(rows))
    margins = count_margins(contexts, corpus.first_number)
    first = margins.token_id < corpus.first_number[margins.other_language]
    counted = sum(
        int(block.fold_counts.sum()) for block in count_pairs(contexts, corpus.first_number, 1)
    )
    assert margins.events[first].sum() == counted
