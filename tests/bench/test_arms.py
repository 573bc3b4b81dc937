"""Arms of the experiments: equal tokens of each language, and broken links."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.arms.documents import MAX_SPREAD, Document, Line, fill, fill_together, piece
from bench.arms.planted import ARMS, select
from bench.arms.web import WORDS, concepts_of, documents, word_tokenizer
from pivotmine.text.tokenizer import Tokenizer

LINES = st.lists(
    st.tuples(st.sampled_from(["en", "el"]), st.integers(1, 9)), min_size=1, max_size=6
)


@st.composite
def webs(draw: st.DrawFn) -> list[Document]:
    web = []
    for number, lines in enumerate(draw(st.lists(LINES, max_size=25))):
        scores = {name: draw(st.floats(0, 1)) for name in ("he2025", "entropy", "links")}
        made = tuple(
            Line(np.full(n, 100 * number + place, np.int32), lang)
            for place, (lang, n) in enumerate(lines)
        )
        web.append(Document(f"d{number}", made, draw(st.sampled_from(["parallel", "x"])), scores))
    return web


def tokens(documents: list[Document]) -> Counter[str]:
    return sum((Counter(document.n_tokens) for document in documents), Counter())


@given(webs(), st.integers(1, 60), st.sampled_from(ARMS))
def test_no_arm_exceeds_the_budget_of_a_language(web, budget, arm):
    taken = select(arm, web, {"en": budget, "el": budget}, 0)
    assert all(n <= budget for n in tokens(taken).values())
    assert len({document.doc_id for document in taken}) == len(taken)


def page(number: int, kind: str, links: float, *langs: str) -> Document:
    lines = tuple(
        Line(np.array([number, place], np.int32), lang) for place, lang in enumerate(langs)
    )
    scores = {"he2025": 1 - links, "entropy": float(len(set(langs)) > 1), "links": links}
    return Document(f"d{number}", lines, kind, scores)


WEB = [
    *(page(n, "parallel", 0.9 - n / 1e3, "en", "el") for n in range(30)),
    *(page(n, "code_switched", n / 1e4, "el", "el", "en") for n in range(30, 90)),
    *(page(n, "monolingual", 0.0, ("en", "el")[n % 2]) for n in range(90, 290)),
]


@pytest.mark.parametrize("arm", ARMS)
def test_arms_of_a_large_web_have_equal_tokens_of_each_language(arm):
    found = tokens(select(arm, WEB, {"en": 40, "el": 40}, 0))
    assert found["en"] >= 36
    assert abs(found["en"] - found["el"]) <= 4


def test_each_arm_takes_its_kind_of_documents():
    budget = {"en": 40, "el": 40}
    kinds = {arm: {one.kind for one in select(arm, WEB, budget, 0)} for arm in ARMS}
    assert kinds["parallel"] == kinds["links"] == {"parallel"}
    assert kinds["bilingual"] == {"parallel", "code_switched"}
    assert "monolingual" in kinds["random"] & kinds["he2025"]
    ids = [one.doc_id for one in select("links", WEB, budget, 0)]
    assert ids != sorted(ids), "and trains on them in random order"


def test_broken_links_keep_lines_and_languages_but_not_their_pairs():
    budget = {"en": 60, "el": 60}
    whole, broken = (select(arm, WEB, budget, 0) for arm in ("links", "broken"))
    for one, other in zip(whole, broken, strict=True):
        assert [line.lang for line in one.lines] == [line.lang for line in other.lines]
        assert one.lines[0] is other.lines[0]
    lines = [
        Counter(tuple(line.ids) for one in arm for line in one.lines) for arm in (whole, broken)
    ]
    assert lines[0] == lines[1]
    kept = sum(one.lines[1] is other.lines[1] for one, other in zip(whole, broken, strict=True))
    assert kept <= 3, "a line may be dealt to where it was, by chance"


def test_filling_leaves_out_what_no_longer_fits():
    web = [
        page(0, "x", 0, "en", "el"),
        page(1, "x", 0, "en", "en", "el"),
        page(2, "x", 0, "el", "en"),
    ]
    assert [one.doc_id for one in fill(web, {"en": 4, "el": 4})] == ["d0", "d2"]


@given(webs(), st.integers(1, 60))
def test_budgets_fill_up_together_and_are_never_exceeded(web, budget):
    web = [one._replace(doc_id=f"{n:012x}") for n, one in enumerate(web)]
    taken = fill_together(web, {"en": budget, "el": budget})
    found = tokens(taken)
    assert all(n <= budget for n in found.values())
    ids = [document.doc_id for document in taken]
    assert len(set(ids)) == len(ids)
    assert abs(found["en"] - found["el"]) <= MAX_SPREAD * budget + 1e-6


def test_budgets_fill_even_if_every_page_is_mostly_in_the_other_language():
    web = (page(n, "x", 0, "en", "el", "el", "en", "el") for n in range(200))
    assert tokens(fill_together(web, {"en": 60, "el": 60})) == {"en": 60, "el": 60}


@given(webs(), st.integers(1, 20), st.integers(0, 3))
def test_a_piece_is_a_run_of_whole_segments_that_fits(web, most, seed):
    for number, whole in enumerate(web):
        one = whole._replace(doc_id=f"{number:012x}")
        found = piece(one, most, (seed,))
        if found is None:
            assert any(len(line.ids) > most for line in one.lines)
            continue
        assert 0 < sum(found.n_tokens.values()) <= most
        starts = [line is found.lines[0] for line in one.lines].index(True)
        assert found.lines == one.lines[starts : starts + len(found.lines)]
        longer = one.lines[starts : starts + len(found.lines) + 1]
        if len(longer) > len(found.lines):
            assert sum(len(line.ids) for line in longer) > most, "as much as fits"
        assert found == piece(one, most, (seed,))


def test_the_text_is_the_same_for_a_seed_and_has_lines_of_known_words():
    (text,) = documents(1, 3, 20)
    assert text == next(documents(5, 3, 20))
    assert text != next(documents(5, 4, 20))
    for line in text.split("\n"):
        words = line.removesuffix(".").split()
        assert 3 <= len(words) <= 5
        assert set(words) <= set(WORDS[:20])


def test_every_word_is_one_token_for_the_engine():
    runtime = Tokenizer("huggingface", word_tokenizer(["sun", "ηλι", "moon"]).encode()).load()
    ids, ends = runtime.encode_segments(["sun moon.\n", "ηλι, x"])
    assert ids.tolist() == [5, 7, 3, 2, 6, 4, 1]
    assert ends.tolist() == [4, 7]
    assert runtime.vocab_size == 8


def test_words_that_are_asked_are_never_examples_or_distractors_of_examples():
    concepts = concepts_of([(f"w{n}", f"λ{n}") for n in range(40)])
    train = {concept.id for concept in concepts if concept.split == "train"}
    assert len(train) == 10
    for concept in concepts:
        wrong = concept.distractors["en"]
        assert len(set(wrong)) == 9
        assert not {concept.id, *train} & set(wrong) or concept.split == "train"
