"""Meanings: words that translate each other under one number."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.stages.pair.classes import WordLinks, language_tree, meaning_classes

N_LANGUAGES = 4
LANGUAGE = np.repeat(np.arange(N_LANGUAGES), 5)
NODES = st.integers(0, len(LANGUAGE) - 1)
LINKS = st.lists(st.tuples(NODES, NODES, st.integers(1, 5)), max_size=40).map(
    lambda links: [link for link in links if LANGUAGE[link[0]] != LANGUAGE[link[1]]]
)


def word_links(links: list[tuple[int, int, int]]) -> WordLinks:
    columns = list(zip(*links, strict=True)) or [(), (), ()]
    a, b = (np.array(side, np.int32) for side in columns[:2])
    return WordLinks(a, b, np.array(columns[2], float))


@given(LINKS)
def test_a_word_has_the_class_of_its_best_partner_nearer_the_root(links):
    found = word_links(links)
    classes = meaning_classes(found, LANGUAGE, N_LANGUAGES)
    order, above = language_tree(LANGUAGE[found.a], LANGUAGE[found.b], N_LANGUAGES)
    place = {language: at for at, language in enumerate(order.tolist())}
    partners: dict[int, list[tuple[int, float]]] = {}
    for a, b, strength in links:
        partners.setdefault(a, []).append((b, strength))
        partners.setdefault(b, []).append((a, strength))

    def class_of(word: int) -> int:
        own = LANGUAGE[word]
        nearer = [p for p in partners[word] if place[LANGUAGE[p[0]]] < place[own]]
        direct = [p for p in nearer if LANGUAGE[p[0]] == above[own]] or nearer
        best = min(direct, key=lambda p: (-p[1], p[0]), default=None)
        return word if best is None else class_of(best[0])

    expected = [class_of(word) if word in partners else -1 for word in range(len(LANGUAGE))]
    assert classes.tolist() == expected


@given(LINKS)
def test_the_tree_has_every_language_once_and_each_below_one_that_comes_before_it(links):
    found = word_links(links)
    order, above = language_tree(LANGUAGE[found.a], LANGUAGE[found.b], N_LANGUAGES)
    assert sorted(order.tolist()) == list(range(N_LANGUAGES))
    place = np.argsort(order)
    assert all(place[above[one]] < place[one] for one in range(N_LANGUAGES) if above[one] >= 0)


def test_words_of_languages_that_never_meet_share_a_class_through_a_third():
    en, fr, zh = 0, 5, 15
    classes = meaning_classes(word_links([(en, fr, 3), (en, zh, 3)]), LANGUAGE, N_LANGUAGES)
    assert classes[fr] == classes[zh] == classes[en] == en


def test_a_chain_of_loose_partners_does_not_join_everything():
    # en0-fr0 and en1-fr1 are good; fr0 is also loosely linked to en1, fr1 to en2.
    links = [(0, 5, 9), (1, 6, 9), (1, 5, 1), (2, 6, 1), (2, 7, 9)]
    classes = meaning_classes(word_links(links), LANGUAGE, N_LANGUAGES)
    assert classes[5:8].tolist() == [0, 1, 2]


def test_without_links_no_word_has_a_class():
    assert (meaning_classes(word_links([]), LANGUAGE, N_LANGUAGES) == -1).all()
