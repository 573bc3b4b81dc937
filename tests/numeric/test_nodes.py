"""Nodes: a token takes the language of the text around it, or it is blank."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import InputError
from pivotmine.numeric.nodes import NodeTable, node_table, nodes_in_text, segment_lengths

VOCAB_SIZE = 6
N_LANGUAGES = 3
EN, FR, ZH, NONE = 0, 1, 2, -1
CHAT, DOG, CHIEN, LINUX, GOU, DOT = range(VOCAB_SIZE)
WORDS = [(CHAT, EN), (CHAT, FR), (DOG, EN), (CHIEN, FR), (LINUX, EN), (LINUX, FR), (GOU, ZH)]
"""A homograph, a word of each language, and a name that Chinese writes in foreign letters."""

Segment = tuple[int, list[int]]

words = st.lists(
    st.tuples(st.integers(0, VOCAB_SIZE - 1), st.integers(0, N_LANGUAGES - 1)), unique=True
)
segments = st.lists(
    st.tuples(
        st.integers(-1, N_LANGUAGES - 1), st.lists(st.integers(0, VOCAB_SIZE - 1), max_size=6)
    ),
    max_size=5,
)


def table_of(pairs: list[tuple[int, int]]) -> NodeTable:
    token = np.array([token for token, _ in pairs], np.int32)
    language = np.array([language for _, language in pairs], np.int8)
    return node_table(token, language, VOCAB_SIZE, N_LANGUAGES)


@dataclass(frozen=True)
class Text:
    documents: list[list[Segment]]
    context_ends: list[int]

    @property
    def tokens(self) -> list[tuple[int, int]]:
        """(token, language of its segment) of all documents, one after another."""
        return [
            (token, language)
            for document in self.documents
            for language, tokens in document
            for token in tokens
        ]

    @property
    def segment_ends(self) -> np.ndarray:
        ends = [accumulate(len(tokens) for _, tokens in document) for document in self.documents]
        return np.array([end for document in ends for end in document], np.int32)

    @property
    def segment_offsets(self) -> np.ndarray:
        return np.array([0, *accumulate(map(len, self.documents))], np.int64)

    @property
    def document_offsets(self) -> np.ndarray:
        lengths = (sum(len(tokens) for _, tokens in document) for document in self.documents)
        return np.array([0, *accumulate(lengths)], np.int64)

    def nodes(self, table: NodeTable, min_language_share: float, **options) -> list[int]:
        return nodes_in_text(
            np.array([token for token, _ in self.tokens], np.int32),
            self.document_offsets,
            self.segment_ends,
            self.segment_offsets,
            np.array([lang for document in self.documents for lang, _ in document], np.int8),
            table,
            np.array([0, *self.context_ends], np.int64),
            min_language_share,
            **options,
        ).tolist()

    def read(self, min_language_share: float = 0.0) -> list[tuple[int, int] | None]:
        """The node of each token, (token, language) or None, with the words above."""
        table = table_of(WORDS)
        names = list(zip(table.token.tolist(), table.language[:-1].tolist(), strict=True))
        return [[*names, None][node] for node in self.nodes(table, min_language_share)]


@st.composite
def texts(draw: st.DrawFn) -> Text:
    documents = draw(st.lists(segments, max_size=5))
    n_tokens = sum(len(tokens) for document in documents for _, tokens in document)
    cuts = draw(st.sets(st.integers(1, n_tokens))) if n_tokens else set()
    return Text(documents, sorted(cuts | {n_tokens}))


def one_context(*document: Segment) -> Text:
    return Text([list(document)], [sum(len(tokens) for _, tokens in document)])


@given(words)
def test_nodes_are_numbered_by_language_then_token_with_the_blank_last(pairs):
    table = table_of(pairs)
    in_order = sorted(pairs, key=lambda pair: (pair[1], pair[0]))
    assert table.token.tolist() == [token for token, _ in in_order]
    assert table.language.tolist() == [*(language for _, language in in_order), -1]
    assert [array.dtype for array in table] == [np.int32, np.int32, np.int8]


@given(words)
def test_all_other_cells_and_text_of_no_language_are_blank(pairs):
    table = table_of(pairs)
    assert table.node_of.shape == (N_LANGUAGES + 1, VOCAB_SIZE)
    number = {pair: i for i, pair in enumerate(sorted(pairs, key=lambda pair: (pair[1], pair[0])))}
    for language in range(N_LANGUAGES):
        for token in range(VOCAB_SIZE):
            expected = number.get((token, language), len(pairs))
            assert table.node_of[language, token] == expected
    assert set(table.node_of[-1].tolist()) == {len(pairs)}


@given(words, st.randoms(use_true_random=False))
def test_the_order_of_the_words_does_not_matter(pairs, random):
    shuffled = random.sample(pairs, len(pairs))
    for one, other in zip(table_of(pairs), table_of(shuffled), strict=True):
        assert np.array_equal(one, other)


@given(st.lists(segments, max_size=6))
def test_segment_lengths_are_those_of_each_document(documents):
    text = Text(documents, [])
    lengths = segment_lengths(text.segment_ends, text.segment_offsets)
    assert lengths.tolist() == [len(tokens) for document in documents for _, tokens in document]
    assert lengths.dtype == np.int64


# Shares of a power of two are exact in floating point, so the oracle need not guess at rounding.
@given(text=texts(), pairs=words, min_language_share=st.sampled_from([0.0, 0.125, 0.25, 0.5, 1.0]))
def test_a_token_is_the_node_of_its_segments_language_if_that_holds_its_share(
    text, pairs, min_language_share
):
    number = {pair: i for i, pair in enumerate(sorted(pairs, key=lambda pair: (pair[1], pair[0])))}
    expected = []
    for start, end in pairwise([0, *text.context_ends]):
        context = text.tokens[start:end]
        for token, language in context:
            held = sum(other == language for _, other in context)
            takes_part = held >= min_language_share * len(context)
            expected.append(number.get((token, language), len(pairs)) if takes_part else len(pairs))
    assert text.nodes(table_of(pairs), min_language_share) == expected


def test_a_homograph_is_another_node_in_text_of_the_other_language():
    text = one_context((EN, [CHAT, DOG]), (FR, [CHAT, CHIEN]))
    assert text.read() == [(CHAT, EN), (DOG, EN), (CHAT, FR), (CHIEN, FR)]


def test_a_token_in_text_of_a_language_where_it_is_not_a_word_is_blank():
    text = one_context((ZH, [GOU, LINUX]), (EN, [LINUX, CHIEN]))
    assert text.read() == [(GOU, ZH), None, (LINUX, EN), None]


def test_text_of_no_language_and_tokens_that_are_no_words_are_blank():
    assert one_context((NONE, [DOG, CHAT]), (EN, [DOT, DOG])).read() == [
        None,
        None,
        None,
        (DOG, EN),
    ]


def test_a_language_takes_part_if_it_reaches_the_least_share():
    context = [(EN, [DOG] * 15), (FR, [CHIEN])]
    assert one_context(*context).read(1 / 16)[-1] == (CHIEN, FR)
    assert one_context(*context, (EN, [DOG])).read(1 / 16)[15] is None


def test_shares_are_of_the_context_and_not_of_the_document():
    document = [(EN, [DOG] * 6), (FR, [CHIEN] * 2)]
    assert Text([document], [8]).read(0.5)[6:] == [None, None]
    assert Text([document], [4, 8]).read(0.5)[4:] == [(DOG, EN)] * 2 + [(CHIEN, FR)] * 2


def test_segments_of_a_language_add_up_wherever_they_stand_in_the_context():
    text = one_context((FR, [CHIEN]), (EN, [DOG] * 2), (FR, [CHIEN]))
    assert text.read(0.5) == [(CHIEN, FR), (DOG, EN), (DOG, EN), (CHIEN, FR)]


def in_french(*segment_ends: int, token_ids=(CHIEN, CHAT), bounds=(0, 2)) -> list[int]:
    """Nodes of one document, whose segments are all French."""
    return nodes_in_text(
        np.array(token_ids, np.int32),
        np.array([0, len(token_ids)]),
        np.array(segment_ends, np.int32),
        np.array([0, len(segment_ends)]),
        np.full(len(segment_ends), FR, np.int8),
        table_of(WORDS),
        np.array(bounds),
        0.0,
    ).tolist()


def test_tokens_after_the_last_segment_end_are_text_of_no_language():
    blank = len(WORDS)
    assert in_french(2) == [4, 3]
    assert in_french(1) == [4, blank]
    assert in_french() == [blank, blank]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ({"token_ids": (CHIEN, 99)}, "token_ids must lie in 0..5"),
        ({"bounds": (0, 1)}, "context_bounds must cover"),
        ({"bounds": (0, 3)}, "context_bounds must rise"),
    ],
)
def test_broken_text_is_refused(text, message):
    with pytest.raises(InputError, match=message):
        in_french(2, **text)


def test_a_segment_past_the_end_of_its_document_is_refused():
    with pytest.raises(InputError, match="segment_ends must rise"):
        in_french(3)


def test_an_empty_batch_has_no_nodes():
    assert Text([], [0]).read() == []
    assert Text([[], []], [0]).read(0.05) == []
