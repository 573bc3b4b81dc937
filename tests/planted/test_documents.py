"""Planted documents: the truth lists exactly the translations that they hold."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pivotmine.errors import ConfigError, InputError
from pivotmine.planted import (
    KINDS,
    Ciphers,
    Plan,
    PlantedDocument,
    make_ciphers,
    make_plan,
    source_text,
)
from pivotmine.planted.text import WORD
from pivotmine.text.folding import fold
from pivotmine.text.language import load_identifier
from tests.planted.planted_text import documents, license_text, paragraphs

SILENT = ("monolingual", "code_switched", "template")


def only(kind: str, **more: object) -> Plan:
    return make_plan(
        ["n_documents=40", f"rates={{{kind}: 1}}", *(f"{k}={v}" for k, v in more.items())]
    )


def words(text: str) -> set[str]:
    return {fold(word) for word in WORD.findall(text)}


def planted_words(ciphers: Ciphers, document: PlantedDocument) -> list[tuple[str, ...]]:
    sides = [ciphers.forms[ciphers.languages.index(name)] for name in document.languages]
    return [tuple(forms[sense] for forms in sides) for sense in document.senses.tolist()]


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_both_words_of_every_planted_pair_stand_in_the_document(seed: int, topics: bool):
    plan = Plan(n_documents=40, seed=seed, topics=topics)
    ciphers = make_ciphers(license_text(), plan)
    for document in documents(plan):
        text = words(document.text)
        for pair in planted_words(ciphers, document):
            assert set(pair) <= text, document.url


@pytest.mark.parametrize("kind", SILENT)
def test_documents_without_translations_plant_nothing(kind: str):
    assert all(len(document.senses) == 0 for document in documents(only(kind)))


@pytest.mark.parametrize("kind", sorted(set(KINDS) - set(SILENT)))
def test_documents_with_translations_plant_pairs(kind: str):
    assert all(len(document.senses) > 0 for document in documents(only(kind)))


def test_in_a_parallel_document_every_word_is_planted():
    plan = only("parallel", duplicate_share=0)
    ciphers = make_ciphers(license_text(), plan)
    for document in documents(plan):
        planted = planted_words(ciphers, document)
        assert words(document.text) == {word for pair in planted for word in pair}
        lines = document.text.split("\n")
        for line, translation in zip(lines[::2], lines[1::2], strict=True):
            assert len(WORD.findall(line)) == len(WORD.findall(translation))


def test_a_gloss_plants_its_own_words_only():
    plan = only("glossed", duplicate_share=0)
    ciphers = make_ciphers(license_text(), plan)
    for document in documents(plan):
        glosses = {pair[1] for pair in planted_words(ciphers, document)}
        assert glosses < words(document.text)


def test_pages_of_a_site_share_header_and_footer_in_two_languages():
    pages = documents(only("template", n_documents=200, duplicate_share=0))
    heads = Counter(page.text.split("\n")[0] for page in pages)
    assert len(heads) <= 20
    assert all(len(page.languages) == 2 for page in pages)


def test_a_larger_corpus_begins_with_the_smaller_one():
    small, large = documents(Plan(n_documents=30)), documents(Plan(n_documents=520))
    for one, other in zip(small, large, strict=False):
        assert one._replace(senses=None) == other._replace(senses=None)
        np.testing.assert_array_equal(one.senses, other.senses)


def test_another_seed_gives_other_documents():
    texts = [{d.text for d in documents(Plan(n_documents=30, seed=seed))} for seed in (0, 1)]
    assert not texts[0] & texts[1]


def test_kinds_occur_at_their_rates():
    plan = make_plan(["n_documents=1500", "rates={parallel: 2, monolingual: 1}"])
    kinds = Counter(d.kind for d in documents(plan) if not d.duplicate_of)
    assert set(kinds) == {"parallel", "monolingual"}
    assert kinds["parallel"] / kinds.total() == pytest.approx(2 / 3, abs=0.05)


def test_languages_that_are_kept_apart_never_share_a_document():
    plan = make_plan(["n_documents=300", "apart=[[ko, el], [en, he]]"])
    met = {frozenset(document.languages) for document in documents(plan)}
    assert not met & {frozenset({"el", "ko"}), frozenset({"en", "he"})}
    assert frozenset({"el", "he"}) in met


def test_a_duplicate_repeats_a_document_exactly_or_below_one_more_line():
    found = documents(make_plan(["n_documents=200", "duplicate_share=0.3"]))
    by_url = {document.url: document for document in found}
    copies = [document for document in found if document.duplicate_of]
    assert {copy.is_exact for copy in copies} == {True, False}
    for copy in copies:
        original = by_url[copy.duplicate_of]
        assert not original.duplicate_of
        rest = copy.text if copy.is_exact else copy.text.partition("\n")[2]
        assert rest == original.text
        np.testing.assert_array_equal(copy.senses, original.senses)


def test_without_topics_words_keep_their_frequency_but_not_their_neighbours():
    plan = only("monolingual", languages="[en, ko]", n_documents=400, topics="false")
    text = license_text()
    drawn = Counter(fold(w) for d in documents(plan) for w in WORD.findall(d.text))
    rates = text.frequencies[:20] / text.frequencies.sum()
    latin = sum(n for word, n in drawn.items() if re.fullmatch("[a-z'-]+", word))
    for word, rate in zip(text.words[:20], rates.tolist(), strict=True):
        assert drawn[word] / latin == pytest.approx(rate, rel=0.4)
    kept = {" ".join(segment.split()) for segment in text.segments}
    lines = {line for d in documents(plan) for line in d.text.split("\n")}
    assert not kept & lines


def test_sources_have_word_frequencies_of_their_own():
    plan = only("code_switched", languages="[en, ko]", n_documents=600, topics="false", n_sources=3)
    by_source: dict[str, Counter[str]] = {}
    n_documents: Counter[str] = Counter()
    for document in documents(plan):
        n_documents[document.source] += 1
        drawn = by_source.setdefault(document.source, Counter())
        drawn.update(fold(word) for word in WORD.findall(document.text))
    assert [name for name, _ in n_documents.most_common()] == [f"planted-{n}" for n in range(3)]
    frequent = license_text().words[:50]
    rates = np.array([[of[word] for word in frequent] for of in by_source.values()], float) + 1
    rates /= rates.sum(axis=1, keepdims=True)
    # Twice as frequent or half as frequent, typically.
    assert np.median(np.abs(np.log(rates[0] / rates[1]))) > np.log(2)


def test_one_source_is_the_corpus_of_before():
    plan = only("code_switched", topics="false")
    assert {document.source for document in documents(plan)} == {"planted"}


def test_words_of_a_cipher_do_not_depend_on_the_other_languages():
    text = license_text()
    few, many = (make_ciphers(text, Plan(languages=names)) for names in (
        ("en", "ko"), ("en", "el", "hy", "ko"),
    ))  # fmt: skip
    assert few.forms[1] == many.forms[3]


def test_some_words_have_several_translations_and_some_translations_several_words():
    plan = make_plan(["sense_share=0.5", "homonym_share=0.1"])
    ciphers = make_ciphers(license_text(), plan)
    partners: dict[str, set[str]] = {}
    sources: dict[str, set[str]] = {}
    for english, korean in zip(ciphers.forms[0], ciphers.forms[3], strict=True):
        partners.setdefault(english, set()).add(korean)
        sources.setdefault(korean, set()).add(english)
    assert max(map(len, partners.values())) == 3
    assert max(map(len, sources.values())) >= 2


def test_words_that_are_copied_are_the_same_in_every_language():
    text = license_text()
    ciphers = make_ciphers(text, make_plan(["copy_share=1"]))
    assert all(forms == text.words for forms in ciphers.forms)
    distinct = make_ciphers(text, make_plan(["copy_share=0"]))
    assert not set(distinct.forms[0]) & set(distinct.forms[1])


def test_the_default_identifier_finds_the_languages_of_planted_lines():
    languages = ("en", "el", "he", "hy", "ka", "ko")
    found = documents(Plan(n_documents=60, languages=languages, rates={"parallel": 1.0}))
    identifier = load_identifier()
    right = total = 0
    for document in found:
        lines = [f"{line}\n" for line in document.text.split("\n")][-8:]
        (named,) = identifier.identify_segments([lines], [document.languages[0]], languages)
        expected = [document.languages[place % 2] for place in range(len(lines))]
        right += sum(one == other for one, other in zip(named, expected, strict=True))
        total += len(lines)
    assert right / total > 0.97


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("n_document=3", "settings are n_documents, languages"),
        ("n_documents=0", "plant at least 1"),
        ("n_documents=many", "n_documents: .*got 'many'"),
        ("rates.poems=1", "rates name poems; kinds are monolingual"),
        ("rates={parallel: -1}", "must not be negative"),
        ("apart=[[el, fr]]", "apart names el-fr; give two of en, el, he, ko"),
        ("languages=[en]", "name two or more"),
        ("seed", "write it as name=value"),
        ("copy_share=2", "give a share from 0 to 1"),
        ("languages=[en, el]", ""),
    ],
)
def test_a_wrong_setting_is_refused_with_what_is_allowed(setting: str, says: str):
    if says:
        with pytest.raises(ConfigError, match=says):
            make_plan([setting])
    else:
        assert make_plan([setting]).languages == ("en", "el")


def test_a_language_without_letters_is_refused():
    with pytest.raises(ConfigError, match=r"no cipher is known for fr; .* el, he, hy, ka, ko"):
        make_ciphers(license_text(), Plan(languages=("en", "fr")))


def test_a_plan_in_which_no_languages_may_meet_is_refused_unless_none_need_to():
    with pytest.raises(ConfigError, match="leaves no pair"):
        make_plan(["languages=[en, el]", "apart=[[el, en]]"])
    make_plan(["languages=[en, el]", "apart=[[el, en]]", "rates={monolingual: 1}"])


def test_text_without_sentences_is_refused():
    with pytest.raises(InputError, match="two segments"):
        source_text(["one", "two words", ""])
    assert len(source_text(paragraphs()).words) > 300
