"""Word vectors from counts: windows, nearest words, and translations retrieved from an arm."""

from __future__ import annotations

import json
from collections import Counter
from itertools import product

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.judge.embeddings import SMOOTHING, embed, nearest, positive_pmi, window_presence
from tests.handmade import cli, make_lake, settings, word
from tests.stages.stage_rows import tokens_row

N_WORDS = 4
DOCUMENTS = st.lists(st.lists(st.integers(-1, N_WORDS - 1), max_size=9), max_size=5)


def presence(documents, window):
    flat = np.array([w for document in documents for w in document], np.int32)
    offsets = np.cumsum([0, *map(len, documents)]).astype(np.int64)
    return window_presence(flat, offsets, N_WORDS, window)


def windows_of(documents, size) -> list[set[int]]:
    return [
        {w for w in document[start : start + size] if w >= 0}
        for document in documents
        for start in range(0, len(document), size)
    ]


@given(DOCUMENTS, st.integers(1, 4))
def test_a_window_is_a_run_of_tokens_of_one_document(documents, size):
    found = presence(documents, size).toarray()
    expected = [[float(w in held) for w in range(N_WORDS)] for held in windows_of(documents, size)]
    assert found.tolist() == expected


@given(DOCUMENTS, st.integers(2, 4))
def test_pmi_follows_from_shared_windows(documents, size):
    pairs = Counter(pair for held in windows_of(documents, size) for pair in product(held, held))
    n = Counter()
    for (a, _), count in pairs.items():
        n[a] += count
    smooth = {w: n[w] ** SMOOTHING for w in n}
    found = positive_pmi(presence(documents, size)).toarray()
    for a, b in product(range(N_WORDS), repeat=2):
        if pairs[a, b]:
            pmi = np.log(pairs[a, b] * sum(smooth.values()) / (n[a] * smooth[b]))
            assert found[a, b] == pytest.approx(max(pmi, 0), abs=1e-5)
        else:
            assert found[a, b] == 0


def test_rare_words_have_no_vector_and_do_not_change_others():
    vectors = embed(presence([[0, 1]] * 3 + [[2, 2]] * 3 + [[0, 3]], 4), 2, min_windows=2)
    assert not vectors[3].any()
    assert np.allclose(np.linalg.norm(vectors[:3], axis=1), 1)
    found = nearest(vectors, np.array([0, 3]), np.array([0, 1, 3]), 2)
    assert found.tolist() == [[1, -1], [-1, -1]]


EN, FR = (
    [f"▁{w}" for w in ("cat", "dog", "sun", "sea")],
    [f"▁{w}x" for w in ("ab", "cd", "ef", "gh")],
)


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """Two arms of the same words: in one, words stand beside their translations."""
    folder = tmp_path_factory.mktemp("retrieval")
    pairs = [{"lang_a": "en", "word_a": a[1:], "lang_b": "fr", "word_b": b[1:]}
             for a, b in zip(EN, FR, strict=True)]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(pairs), folder / "lexicon.parquet")
    beside = [[w, (w + 1) % 4, w + 4, (w + 1) % 4 + 4] for w in range(4)] * 3
    apart = [[w, (w + 1) % 4, w, (w + 1) % 4] for w in (0, 1, 2, 3, 4, 5, 6, 7)] * 2
    pages = {f"{arm}{n:02}": ids for arm, docs in (("beside", beside), ("apart", apart))
             for n, ids in enumerate(docs)}  # fmt: skip
    lake = make_lake(
        folder / "lake",
        vocabulary=[{**word(n, token, "en" if n < 4 else "fr"), "document_frequency": 10}
                    for n, token in enumerate([*EN, *FR])],
        tokens=[tokens_row(doc_id, ("en", ids)) for doc_id, ids in pages.items()],
        selection=[{"arm": doc_id[:-2], "doc_id": doc_id, "position": int(doc_id[-2:]),
                    "n_tokens": 4, "lang": "en"} for doc_id in pages],
    )  # fmt: skip
    return str(folder / "lexicon.parquet"), *settings(lake)


def test_an_arm_teaches_translations_that_stand_side_by_side(asked):
    outcome = cli("evaluate", "selection", *asked, "--dimensions", "7", "--format", "json")
    assert outcome.status == 0, outcome.err
    rows = [json.loads(line) for line in outcome.out.splitlines()]
    found = {row["arm"]: row for row in rows if row["lang_a"] == "all"}
    assert found["beside"]["p_at_1"] == 1.0
    assert found["apart"]["p_at_1"] == 0.0
    # Both are cut to the same tokens, and the same words are asked.
    assert {row["n_tokens"] for row in found.values()} == {48}
    assert {row["n_queries"] for row in found.values()} == {8}


def test_the_table_shows_every_arm_and_direction(asked):
    shown = cli("evaluate", "selection", *asked, "--dimensions", "7")
    assert "8 words looked up" in shown.out
    assert "fr to en" in shown.out
