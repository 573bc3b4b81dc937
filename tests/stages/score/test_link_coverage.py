"""Link coverage: which tokens of a document meet a linked token of another language."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import InputError
from pivotmine.stages.score.link_coverage import (
    Coverage,
    link_coverage,
    link_table,
)
from tests.numeric.kernel_corpora import VOCAB_SIZE, Corpus, corpora

token = st.integers(0, VOCAB_SIZE - 1)
links = st.lists(st.tuples(token, token).filter(lambda link: link[0] != link[1]), max_size=25)


def ids(values) -> np.ndarray:
    return np.array(values, np.int32)


def table_of(pairs, vocab_size=VOCAB_SIZE):
    return link_table(ids([a for a, _ in pairs]), ids([b for _, b in pairs]), vocab_size)


@given(links)
def test_a_table_holds_each_link_once_at_the_end_with_fewer_links(pairs):
    table = table_of(pairs)
    distinct = {frozenset(pair) for pair in pairs}
    degree = [sum(t in link for link in distinct) for t in range(VOCAB_SIZE)]
    held = []
    for t in range(VOCAB_SIZE):
        partners = table.partners[table.offsets[t] : table.offsets[t + 1]].tolist()
        assert partners == sorted(partners)
        assert all((degree[t], t) < (degree[p], p) for p in partners)
        held += [frozenset((t, p)) for p in partners]
    assert len(held) == len(distinct)
    assert set(held) == distinct
    assert [array.dtype for array in table] == [np.int64, np.int32]


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([0], [VOCAB_SIZE], "b must lie in 0..11"),
        ([3, 4], [5, 4], "token 4 is linked to itself"),
        ([0], [1, 2], "1 tokens a and 2 tokens b"),
    ],
)
def test_malformed_links_are_refused(a, b, message):
    with pytest.raises(InputError, match=message):
        link_table(ids(a), ids(b), VOCAB_SIZE)


def coverage_by_hand(corpus: Corpus, pairs) -> list[list[int]]:
    languages = corpus.languages
    real = {
        frozenset(link)
        for link in pairs
        if min(languages[link[0]], languages[link[1]]) >= 0
        and languages[link[0]] != languages[link[1]]
    }
    covered = [0] * len(corpus.documents)
    realised: list[set] = [set() for _ in corpus.documents]
    for d, tokens in corpus.all_contexts():
        here = {link for link in real if link <= set(tokens)}
        linked = {t for link in here for t in link}
        covered[d] += sum(t in linked for t in tokens)
        realised[d] |= here
    return [covered, [len(found) for found in realised]]


@given(corpus=corpora(), pairs=links)
def test_coverage_equals_that_of_a_plain_oracle(corpus, pairs):
    coverage = link_coverage(
        *corpus.contexts,
        len(corpus.documents),
        corpus.token_language,
        table_of(pairs),
    )
    assert [figure.tolist() for figure in coverage] == coverage_by_hand(corpus, pairs)
    assert {figure.dtype for figure in coverage} == {np.dtype(np.int32)}


def test_coverage_of_documents_does_not_depend_on_the_batch():
    coverage = link_coverage(
        ids([1, 1, 0, 2, 0]),
        np.array([2, 4, 5]),
        ids([0, 1]),
        2,
        np.array([0, 0, 1], np.int8),
        table_of([(0, 2)], 3),
    )
    assert coverage == Coverage(*map(pytest.approx, ([2, 0], [1, 0])))


def test_links_of_another_vocabulary_are_refused():
    with pytest.raises(InputError, match="over 4 token ids, token_language over 3"):
        link_coverage(
            ids([0]), np.array([0, 1]), ids([0]), 1, np.zeros(3, np.int8), table_of([(0, 2)], 4)
        )  # fmt: skip
