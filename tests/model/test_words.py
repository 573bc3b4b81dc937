"""From glosses to a word set: agreement, uniqueness, splits, distractors, files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import InputError
from pivotmine.model.config.measuring import WordsConfig
from pivotmine.model.words.align import Material
from pivotmine.model.words.build import assemble, split_of
from pivotmine.model.words.dataset import load, sample_lines, save
from pivotmine.model.words.glosses import Gloss
from pivotmine.model.words.graph import WordGraph
from pivotmine.model.words.marks import is_cognate, marks, similarity
from pivotmine.model.words.sources.wordnet import Lemma

FAMILIES = {"fra-eng": "list", "eng-fra": "list"}

# hub word: French, Chinese, Japanese, field
THINGS = {
    "dog": ("chien", "狗", "犬", "noun.animal"),
    "cat": ("chat", "猫", "猫", "noun.animal"),
    "horse": ("cheval", "马", "馬", "noun.animal"),
    "pig": ("cochon", "猪", "豚", "noun.animal"),
    "bread": ("pain", "面包", "パン", "noun.food"),
    "milk": ("lait", "牛奶", "牛乳", "noun.food"),
    "tea": ("thé", "茶", "お茶", "noun.food"),
    "rice": ("riz", "米饭", "米", "noun.food"),
}


def gloss(source: str, lang: str, word: str, other: str, text: str, **rest) -> Gloss:
    values = {"pos": "", "sense": 0, "position": 0, "qualified": False, **rest}
    return Gloss(source, lang, word, other, text, **values)


def material(*more: Gloss) -> Material:
    """Eight concepts of four dictionaries, and the glosses that a test adds."""
    glosses = list(more)
    for hub, (french, chinese, japanese, _) in THINGS.items():
        glosses += [
            gloss("eng-fra", "en", hub, "fr", french),
            gloss("cedict", "zh", chinese, "en", hub),
            gloss("jmdict", "ja", japanese, "en", hub, pos="n"),
            gloss("fra-jpn", "fr", french, "ja", japanese, pos="n"),
            gloss("pictures", "en", hub, "zh", chinese, pos="n"),
        ]
    lemmas = {
        (hub, "n"): Lemma(field, 2, frozenset({"hound"} if hub == "dog" else ()), 1.0)
        for hub, (*_, field) in THINGS.items()
    }
    zipf = {lang: {} for lang in ("en", "fr", "zh", "ja")}
    for hub, words in THINGS.items():
        for lang, word in zip(zipf, (hub, *words[:3]), strict=True):
            zipf[lang][word] = 4.0
    for item in more:
        zipf[item.lang].setdefault(item.word, 4.0)
        zipf[item.gloss_lang].setdefault(item.gloss, 4.0)
    return Material(
        WordGraph(glosses, FAMILIES), lemmas, zipf, {"马": "馬"}, frozenset({("en", "pig")})
    )


CONFIG = WordsConfig(n_distractors=2, train_share=0.0, dev_share=0.0)


def words_of(built) -> dict[str, tuple[str, ...]]:
    return {concept.id: tuple(concept.words.values()) for concept in built.concepts}


def test_concepts_are_what_the_dictionaries_agree_on():
    found = words_of(assemble(CONFIG, material()))
    assert found["dog-n"] == ("dog", "chien", "狗", "犬")
    assert "pig-n" not in found  # it is unfit
    assert len(found) == 7


def test_the_choice_that_other_dictionaries_confirm_wins():
    # 岸 is the first gloss of bank, but only 银行 fits the French and the Japanese word
    extra = [
        gloss("cedict", "zh", "岸", "en", "bank"),
        gloss("cedict", "zh", "银行", "en", "bank"),
        gloss("eng-fra", "en", "bank", "fr", "banque"),
        gloss("jmdict", "ja", "銀行", "en", "bank", pos="n"),
        gloss("fra-jpn", "fr", "banque", "ja", "銀行", pos="n"),
        gloss("cedict", "zh", "银行", "en", "banking"),
        gloss("jmdict", "ja", "銀行", "en", "banking", pos="n"),
    ]
    stock = material(*extra)
    stock.lemmas["bank", "n"] = Lemma("noun.group", 10, frozenset(), 1.0)
    assert words_of(assemble(CONFIG, stock))["bank-n"] == ("bank", "banque", "银行", "銀行")


def test_a_concept_that_one_dictionary_gives_is_left_out():
    extra = [
        gloss("eng-fra", "en", "moon", "fr", "lune"),
        gloss("fra-eng", "fr", "lune", "en", "moon"),  # the same list in the other direction
        gloss("cedict", "zh", "月亮", "en", "moon"),
        gloss("jmdict", "ja", "月", "en", "moon", pos="n"),
    ]
    stock = material(*extra)
    stock.lemmas["moon", "n"] = Lemma("noun.object", 3, frozenset(), 1.0)
    assert "moon-n" not in words_of(assemble(CONFIG, stock))


def test_every_word_is_used_once_a_language():
    extra = [
        gloss("cedict", "zh", "狗", "en", "hound"),
        gloss("pictures", "en", "hound", "zh", "狗", pos="n"),
        gloss("eng-fra", "en", "hound", "fr", "limier"),
        gloss("jmdict", "ja", "猟犬", "en", "hound", pos="n"),
        gloss("fra-jpn", "fr", "limier", "ja", "猟犬", pos="n"),
    ]
    stock = material(*extra)
    stock.lemmas["hound", "n"] = Lemma("noun.animal", 3, frozenset(), 1.0)
    found = words_of(assemble(CONFIG, stock))
    for place in range(4):
        column = [row[place] for row in found.values()]
        assert len(set(column)) == len(column)


def test_no_distractor_is_a_translation_by_any_dictionary():
    stock = material(gloss("cedict", "zh", "猫", "en", "dog", sense=5))
    for concept in assemble(CONFIG, stock).concepts:
        known = set()
        for word in concept.words.items():
            known |= stock.graph.neighbours(word)
        for lang, wrong in concept.distractors.items():
            assert len(wrong) == 2 == len(set(wrong))
            assert not known & {(lang, word) for word in wrong}
            assert concept.words[lang] not in wrong
    dog = next(c for c in assemble(CONFIG, stock).concepts if c.id == "dog-n")
    assert "chat" not in dog.distractors["fr"]  # a cat is a dog, says one entry


def test_distractors_are_of_the_same_field_when_frequency_is_the_same():
    built = {concept.id: concept for concept in assemble(CONFIG, material()).concepts}
    assert set(built["dog-n"].distractors["en"]) == {"cat", "horse"}
    assert set(built["tea-n"].distractors["en"]) <= {"bread", "milk", "rice"}


def test_the_same_material_gives_the_same_bytes(tmp_path: Path):
    for name in ("one", "two"):
        save(assemble(CONFIG, material()), tmp_path / name, {})
    assert (tmp_path / "one/words.jsonl").read_bytes() == (
        tmp_path / "two/words.jsonl"
    ).read_bytes()


def test_every_word_carries_its_evidence():
    dog = next(c for c in assemble(CONFIG, material()).concepts if c.id == "dog-n")
    assert ("en", "fr", "dictionary", "eng-fra", 1.0) in dog.evidence
    assert ("fr", "ja", "dictionary", "fra-jpn", 1.0) in dog.evidence
    assert dog.confirmations == {"en": 4, "fr": 2, "zh": 2, "ja": 2}


def test_dictionaries_without_agreement_are_an_error():
    with pytest.raises(InputError, match="too few concepts"):
        assemble(CONFIG.model_copy(update={"min_confirmations": 50}), material())


@given(st.sets(st.text(min_size=1), max_size=50))
def test_a_concept_stays_in_its_split_whatever_else_is_in_the_set(ids: set[str]):
    config = WordsConfig()
    assert {i: split_of(i, config) for i in ids} == {
        i: split_of(i, config) for i in reversed([*ids])
    }


def test_splits_have_about_the_sizes_of_the_settings():
    config = WordsConfig(train_share=0.2, dev_share=0.3)
    splits = [split_of(f"word{number}-n", config) for number in range(4000)]
    assert splits.count("train") == pytest.approx(800, abs=100)
    assert splits.count("dev") == pytest.approx(1200, abs=100)


@pytest.mark.parametrize(
    ("word", "other", "alike"),
    [
        ("dog", "chien", False),
        ("cheese", "fromage", False),
        ("elephant", "éléphant", True),
        ("hotel", "ホテル", True),
        ("radio", "ラジオ", True),
        ("coffee", "コーヒー", True),
        ("bread", "パン", False),
        ("马", "馬", True),
        ("牛奶", "牛乳", True),
        ("猪", "豚", False),
        ("dog", "犬", False),
    ],
)
def test_cognates_are_alike_in_form(word: str, other: str, alike: bool):
    assert is_cognate(word, other, {"马": "馬"}) is alike


def test_copies_are_the_same_string():
    found = marks({"en": "table", "fr": "table", "zh": "桌子", "ja": "机"}, {})
    assert found == (["en-fr"], [])


@given(st.text("abcé", max_size=8), st.text("abcé", max_size=8))
def test_similarity_is_symmetric_and_one_only_for_equals(word: str, other: str):
    value = similarity(word, other)
    assert value == pytest.approx(similarity(other, word))
    assert 0.0 <= value <= 1.0
    assert (value == 1.0) == (word == other)


def test_a_saved_set_is_read_back_with_its_version(tmp_path: Path):
    built = assemble(CONFIG, material())
    save(built, tmp_path, {"sources": []})
    assert load(tmp_path) == built
    assert built.languages == ("en", "fr", "zh", "ja")


def test_an_edited_set_has_another_version(tmp_path: Path):
    built = assemble(CONFIG, material())
    save(built, tmp_path, {})
    file = tmp_path / "words.jsonl"
    file.write_text(file.read_text(encoding="utf-8").replace("chien", "toutou"), encoding="utf-8")
    assert load(tmp_path).version != built.version


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"id": "dog-n", "words": {"en": "dog"}}', "line 1: split: Field required"),
        ('{"id": "a", "words": {}, "split": "all"}', "split 'all' is none of train, dev, test"),
        ('{"id": "a", "words": {}, "split": "dev", "word": 1}', "line 1: word: Extra"),
        ("not json", "line 1: line: Invalid JSON"),
        ("", "holds no concept"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, message: str):
    file = tmp_path / "mine.jsonl"
    file.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=message):
        load(file)


def test_a_concept_that_lacks_a_language_is_named(tmp_path: Path):
    file = tmp_path / "mine.jsonl"
    lines = (
        '{"id": "cat", "words": {"en": "cat", "ja": "猫"}, "split": "test"}',
        '{"id": "dog", "words": {"en": "dog"}, "split": "test"}',
    )
    file.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError, match=r"line 2: concept 'dog' has words in en, .* leave out ja"):
        load(file)


def test_a_missing_set_says_how_to_build_one(tmp_path: Path):
    with pytest.raises(InputError, match="pivotmine-model words"):
        load(tmp_path / "nothing")


def test_a_sample_is_the_same_for_the_same_set():
    built = assemble(CONFIG, material())
    assert list(sample_lines(built, 3)) == list(sample_lines(built, 3))
    assert len(list(sample_lines(built, 3))) == 3
