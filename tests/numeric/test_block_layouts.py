"""Pages that give one language after the other: their texts stand beside each other in contexts."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.lake.tables import TOKENS
from pivotmine.numeric.block_layouts import _longest_rise
from pivotmine.numeric.node_columns import CutColumns, node_columns
from pivotmine.numeric.nodes import node_table

LANGUAGES = ("en", "fr", "ja")
N_LINES, WINDOW = 100, 30
NAMES = 3 * N_LINES
"""Line n is the token n in English, N_LINES + n in French. Names are words of all languages."""

NODES = node_table(
    np.array([*range(NAMES), *(3 * [*range(NAMES, NAMES + 50)])], np.int32),
    np.array([n // N_LINES for n in range(NAMES)] + [n // 50 for n in range(150)], np.int8),
    NAMES + 50,
    len(LANGUAGES),
)

Page = list[tuple[str, list[int]]]
"""Language and tokens of each segment."""


def cut(*pages: Page, block_layouts: bool = True) -> CutColumns:
    rows = [
        {
            "doc_id": str(number),
            "token_ids": [token for _, tokens in page for token in tokens],
            "segment_ends": list(accumulate(len(tokens) for _, tokens in page)),
            "segment_langs": [lang for lang, _ in page],
        }
        for number, page in enumerate(pages)
    ]
    names = ("doc_id", "token_ids", "segment_ends", "segment_langs")
    schema = pa.schema([TOKENS.schema.field(name) for name in names])
    batch = pa.RecordBatch.from_pylist(rows, schema=schema)
    return node_columns(batch, LANGUAGES, NODES, WINDOW, 0.05, block_layouts)


def contexts(found: CutColumns) -> list[set[tuple[int, int]]]:
    """(language, token) pairs of each context."""
    nodes, bounds, _ = found.columns
    return [
        {
            (int(NODES.language[node]), int(NODES.token[node]))
            for node in nodes[start:end]
            if node < len(NODES.token)
        }
        for start, end in zip(bounds, bounds[1:], strict=False)
    ]


def text(language: int, lines: range, length: int = 3) -> Page:
    return [(LANGUAGES[language], [language * N_LINES + n] * length) for n in lines]


def share_that_meets(found: CutColumns, n_lines: int) -> float:
    """How many of the lines stand beside their translation."""
    held = contexts(found)
    met = sum(
        any({(0, n), (1, N_LINES + n)} <= context for context in held) for n in range(n_lines)
    )
    return met / n_lines


def test_every_line_stands_beside_its_translation():
    page = text(0, range(40)) + text(1, range(40), length=4)
    assert share_that_meets(cut(page, block_layouts=False), 40) < 0.2
    found = cut(page)
    assert share_that_meets(found, 40) == 1.0
    assert found.is_blocks.tolist() == [True]
    assert max(len(context) for context in contexts(found)) <= WINDOW


def test_names_hold_texts_together_that_differ_in_their_lines():
    english = text(0, range(60))
    # The translation lacks a heading here and there, and begins with a long note of its own.
    french = [("fr", [2 * N_LINES] * 25)] + [
        line for n, line in enumerate(text(1, range(60))) if n % 7
    ]
    names = [(n, NAMES + n // 5) for n in range(2, 60, 5)]

    def named(lines: Page, language: int) -> Page:
        of_line = {language * N_LINES + n: name for n, name in names}
        return [(lang, [*tokens, *([of_line[tokens[0]]] if tokens[0] in of_line else [])])
                for lang, tokens in lines]  # fmt: skip

    with_names = share_that_meets(cut(named(english, 0) + named(french, 1)), 60)
    assert with_names > share_that_meets(cut(english + french), 60) + 0.1


@pytest.mark.parametrize(
    "page",
    [
        [
            line
            for pair in zip(text(0, range(40)), text(1, range(40)), strict=True)
            for line in pair
        ],
        text(0, range(60)) + text(1, range(8)),
        text(0, range(60)),
        text(0, range(4)) + text(1, range(4)),
        [],
    ],
    ids=["line by line", "a footer", "one language", "one window", "empty"],
)
def test_other_pages_keep_their_windows(page):
    found, windows = cut(page), cut(page, block_layouts=False)
    assert not found.is_blocks.any()
    for one, other in zip(found.columns, windows.columns, strict=True):
        assert np.array_equal(one, other)


def test_pages_of_a_batch_do_not_depend_on_each_other():
    blocks = text(0, range(40)) + text(1, range(40))
    lines = text(0, range(20))
    found = cut(lines, blocks, lines, blocks)
    assert found.is_blocks.tolist() == [False, True, False, True]
    assert contexts(found) == 2 * (contexts(cut(lines)) + contexts(cut(blocks)))
    assert found.columns.document.tolist() == sorted(found.columns.document)


segments = st.tuples(
    st.sampled_from(["en", "fr", "ja", "und"]),
    st.lists(st.integers(NAMES - 9, NAMES + 49), max_size=40),
)


@given(st.lists(st.lists(segments, max_size=12), max_size=4))
def test_every_token_of_a_main_language_is_in_one_context(pages):
    found, windows = cut(*pages), cut(*pages, block_layouts=False)
    nodes, bounds, document = found.columns
    assert bounds[0] == 0
    assert bounds[-1] == len(nodes)
    assert (np.diff(bounds) > 0).all()
    assert len(document) == len(bounds) - 1
    for number, page in enumerate(pages):
        of_page = np.repeat(document, np.diff(bounds)) == number
        held = np.sort(nodes[of_page])
        if not found.is_blocks[number]:
            assert np.array_equal(held, np.sort(windows.columns.nodes[of_page]))
            continue
        lengths = {lang: sum(len(t) for la, t in page if la == lang) for lang in LANGUAGES}
        main = [lang for lang in LANGUAGES if lengths[lang] >= max(lengths.values()) / 2]
        expected = [
            NODES.node_of[LANGUAGES.index(lang) if lang in main else -1, token]
            for lang, tokens in page
            for token in tokens
        ]
        assert held.tolist() == sorted(expected)


@given(st.permutations(range(9)), st.integers(0, 9))
def test_the_longest_rise_is_one(values, n):
    values = values[:n]
    found = [values[i] for i in _longest_rise(values)]
    assert found == sorted(found)
    best = [1] * n
    for i in range(n):
        best[i] = 1 + max((best[j] for j in range(i) if values[j] < values[i]), default=0)
    assert len(found) == max(best, default=0)


def test_a_fixed_point_may_be_the_first_token_of_a_text():
    english = [("en", [NAMES, *range(1, 30)]), *text(0, range(30, 40))]
    french = [("fr", [N_LINES + 50, N_LINES + 51, NAMES, *range(N_LINES + 1, N_LINES + 30)])]
    found = cut(english + french)
    assert found.is_blocks.all()
    assert {(1, N_LINES + 50), (1, N_LINES + 51)} <= set().union(*contexts(found))
