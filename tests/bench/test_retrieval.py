"""Words looked up in a text whose translations are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.retrieval.__main__ import AT, judge, known_words, places_of
from bench.retrieval.aligners import aligned
from bench.retrieval.texts import Text, read_windows
from bench.retrieval.ways import WAYS, Counted, Scored
from pivotmine.judge.truth import Truth
from tests.handmade import make_lake, word
from tests.stages.stage_rows import tokens_row

N_WORDS = 30


def name(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


@pytest.fixture(scope="module")
def text() -> Text:
    """Pages of six words, with their translations in another order."""
    draw = np.random.default_rng(1)
    pages = [draw.choice(N_WORDS, 6, replace=False).tolist() for _ in range(80)]
    pieces = [f"▁en{name(i)}" for i in range(N_WORDS)] + [f"▁fr{name(i)}" for i in range(N_WORDS)]
    return Text(("en", "fr"), pages, [[w + N_WORDS for w in sorted(p)] for p in pages], pieces)


@pytest.fixture(scope="module")
def truth() -> Truth:
    pairs = {("en", f"en{name(i)}", "fr", f"fr{name(i)}"): -1 for i in range(N_WORDS)}
    return Truth(pairs, False)


@pytest.mark.parametrize("way", list(WAYS))
def test_every_way_finds_most_translations(way, text, truth):
    counted = Counted(text)
    for dev in (False, True):
        words = known_words(text, truth, counted, dev)
        place = places_of(WAYS[way](counted), words)
        assert (place < AT).mean() >= 0.9
        assert (place < 1).mean() >= 0.8


def test_words_for_tuning_and_for_figures_are_apart_and_all_are_asked(text, truth):
    counted = Counted(text)
    asked = [known_words(text, truth, counted, dev) for dev in (False, True)]
    questions = [{(q.side, q.word) for q in words.questions} for words in asked]
    assert not questions[0] & questions[1]
    assert len(questions[0] | questions[1]) == 2 * N_WORDS


def test_a_word_without_partners_is_a_miss_and_a_copy_is_no_answer(text, truth):
    words = known_words(text, truth, Counted(text), False)
    nothing = Scored(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    assert (places_of(nothing, words) == AT).all()


def test_alignments_are_read_from_files_and_judged(text, truth, tmp_path: Path):
    lines = []
    for a, b in zip(text.a, text.b, strict=True):
        lines.append(" ".join(f"{i}-{b.index(w + N_WORDS)}" for i, w in enumerate(a)))
    (tmp_path / "en-fr.eflomal").write_text("".join(f"{line}\n" for line in lines))
    found = aligned("eflomal", text, tmp_path)
    assert found is not None
    assert next(iter(found)) == [(i, text.b[0].index(w + N_WORDS)) for i, w in enumerate(text.a[0])]
    (row,) = (row for row in judge(text, truth, tmp_path, dev=False) if "eflomal" in row)
    assert "1.00 (1.00-1.00)" in row


def test_windows_of_a_lake_keep_the_order_of_words(tmp_path: Path):
    names = ["▁cat", "▁dog", "▁chat", "▁chien"]
    make_lake(
        tmp_path / "lake",
        vocabulary=[word(i, piece, "en" if i < 2 else "fr") for i, piece in enumerate(names)],
        tokens=[
            tokens_row("page", ("en", [1, 0]), ("fr", [2, 3, 2])),
            tokens_row("english", ("en", [0, 1])),
            *(tokens_row(f"menu{i}", ("en", [1, 1]), ("fr", [3, 3])) for i in range(4)),
        ],
    )
    (found,) = read_windows(tmp_path / "lake", [("en", "fr")])
    assert ([1, 0], [2, 3, 2]) in zip(found.a, found.b, strict=True)
    assert len(found.a) == 3, "a line counts in two documents"
    assert found.pieces == names
