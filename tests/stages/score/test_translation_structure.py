"""Translation structure: pages that translate themselves, and pages that only look so.

Words of language 0 are 0 to 49, and each is linked to the word 100 higher of language 1; words from
50 to 99 and from 150 have no links. All words say the same, 10 bits.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.numeric.nodes import NodeTable
from pivotmine.stages.score.link_coverage import link_table
from pivotmine.stages.score.segment_runs import segment_runs
from pivotmine.stages.score.translation import TYPES, document_types
from pivotmine.stages.score.translation_structure import linked_words, translation_structure

LANGUAGE = np.array([0] * 100 + [1] * 100 + [-1], np.int8)
A = np.arange(50, dtype=np.int32)
TABLE = link_table(A, A + 100, len(LANGUAGE))
NODES = NodeTable(np.zeros((3, 200), np.int32), np.arange(200, dtype=np.int32), LANGUAGE)
RARE = np.ones(50, np.int64)
WORDS = linked_words(A, A + 100, RARE, RARE, 1024 * RARE, NODES)

Page = list[tuple[int, list[int]]]
"""Segments: language and words."""


def line(first: int, n: int = 12) -> Page:
    return [(0, list(range(first, first + n)))]


def translated(first: int, n: int = 12) -> Page:
    return [(1, list(range(100 + first, 100 + first + n)))]


def filler(language: int, n_segments: int = 1) -> Page:
    first = 50 + 100 * language
    return [(language, list(range(first, first + 12)))] * n_segments


def examine(*pages: Page, repeated=None):
    """Structure and types of pages, as one batch."""
    texts = [[word for _, words in page for word in words] for page in pages]
    ends = [np.cumsum([len(words) for _, words in page]) for page in pages]
    offsets = np.cumsum([0, *map(len, texts)])
    languages = [language for page in pages for language, _ in page]
    runs = segment_runs(
        offsets,
        np.concatenate([*ends, []]).astype(np.int32),
        np.cumsum([0, *map(len, pages)]),
        np.array(languages, np.int8),
        2,
    )
    nodes = np.array([word for text in texts for word in text], np.int32)
    found = translation_structure(nodes, offsets, runs, LANGUAGE, TABLE, WORDS)
    by_language = [
        [sum(len(words) for held, words in page if held == language) for language in (0, 1)]
        for page in pages
    ]
    lengths = np.array([len(text) for text in texts])
    types = document_types(
        found,
        np.array(by_language, np.int64).reshape(-1, 2),
        np.zeros(len(pages), np.int64) if repeated is None else np.array(repeated),
        lengths,
    )
    return found, [TYPES[index] for index in types]


PARALLEL = line(0) + translated(0) + line(12) + translated(12)
LOOSE = line(0) + translated(30) + line(15) + translated(38)
TERMS = line(0) + line(12) + [(1, [103, 107, 119])] * 2
LIST = [side for i in range(20) for side in line(i, 1) + translated(i, 1)]


def test_types_of_pages():
    pages = (PARALLEL, LOOSE, TERMS, LIST, filler(0, 9), filler(0, 9) + filler(1, 9), [])
    _, types = examine(*pages)
    assert types == [
        *("parallel", "code_switched", "glossed", "dictionary"),
        *("monolingual", "code_switched", "monolingual"),
    ]


def test_a_page_mostly_of_repeated_segments_is_boilerplate():
    _, types = examine(PARALLEL, PARALLEL, repeated=[24, 23])
    assert types == ["boilerplate", "parallel"]


def test_text_beside_its_translation_outranks_terms_and_terms_outrank_chance():
    found, _ = examine(PARALLEL, TERMS, LOOSE)
    assert found.score[0] > 0.8
    assert 0.2 < found.score[1] < 0.5
    assert found.score[2] == 0


def test_the_best_block_of_a_long_page_counts_as_if_it_stood_alone():
    page = filler(0, 40) + line(0) + translated(0) + filler(0, 40)
    found, types = examine(page, line(0) + translated(0))
    assert types == ["parallel", "parallel"]
    assert found.score[0] == found.score[1]
    assert found.block.tolist() == [[480, 504], [0, 24]]


def test_a_block_is_found_below_the_text_that_it_translates():
    above = filler(0, 3) + line(0) + line(12) + translated(0) + translated(12) + filler(0, 3)
    found, _ = examine(above)
    assert found.block.tolist() == [[36, 84]]
    assert found.languages.tolist() in ([[0, 1]], [[1, 0]])
    assert (found.covered_bits / found.bits).tolist() == [[1.0, 1.0]]
    assert found.order[0] == pytest.approx(1.0, abs=0.1)


def test_longer_evidence_of_the_same_density_scores_higher():
    long = [side for i in range(0, 36, 12) for side in line(i) + translated(i)]
    found, _ = examine(line(0, 2) + translated(0, 2), line(0) + translated(0), long)
    assert np.all(np.diff(found.score) > 0)


def test_words_without_links_are_no_evidence_against_translation():
    def among(page: Page) -> Page:
        return [
            (language, [w for word in words for w in (word, 60 + 100 * language)])
            for language, words in page
        ]

    found, _ = examine(PARALLEL, among(PARALLEL))
    assert found.score[0] == found.score[1]


def test_a_gloss_inside_a_sentence_is_covered_by_the_word_before_it():
    sentence = [*range(50, 70), 3, 103, *range(70, 90)]
    far = [3, *range(50, 90), 103]
    found, _ = examine([(0, sentence)], [(0, far)])
    assert (found.score > 0).tolist() == [True, False]
    assert found.link.tolist() == [3]


def test_order_separates_a_translation_from_its_words_shuffled():
    backwards = [(1, list(range(111, 99, -1)))]
    found, _ = examine(line(0) + translated(0), line(0) + backwards)
    assert found.order[0] == 1.0
    assert found.order[1] < 0


def test_links_are_listed_once_a_document():
    found, _ = examine(LOOSE, PARALLEL, PARALLEL)
    assert found.document.tolist() == [1] * 24 + [2] * 24
    assert found.link.tolist() == [*range(24)] * 2


def test_common_words_weigh_less():
    words = linked_words(
        A[:3], A[:3] + 100, np.array([512, 1, 8]), RARE[:3], np.array([1024, 2**20, 8]), NODES
    )
    assert words.bits[[0, 1, 2, 3, 100]].tolist() == [1.0, 10.0, 0.0, 0.0, 10.0]


segments = st.tuples(st.integers(-1, 1), st.lists(st.integers(0, 199), max_size=6))


@given(st.lists(st.lists(segments, max_size=8), max_size=4))
def test_figures_do_not_depend_on_the_batch(pages):
    together, types = examine(*pages)
    for d, page in enumerate(pages):
        alone, own_type = examine(page)
        assert own_type == types[d : d + 1]
        for one, all_of_them in zip(alone[:7], together[:7], strict=True):
            assert one.tolist() == all_of_them[d : d + 1].tolist()
        assert alone.link.tolist() == together.link[together.document == d].tolist()


@given(st.lists(st.lists(segments, max_size=8), max_size=4))
def test_a_block_is_whole_segments_with_the_largest_sum(pages):
    found, _ = examine(*pages)
    assert np.all((found.score >= 0) & (found.score < 1))
    for d, page in enumerate(pages):
        ends = [0, *np.cumsum([len(words) for _, words in page]).tolist()]
        assert set(found.block[d].tolist()) <= set(ends)
        assert (found.score[d] > 0) == (found.covered_bits[d].sum() > 0)
