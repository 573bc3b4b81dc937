"""The demo's lexicon: word pairs out of its own pages."""

from __future__ import annotations

from pathlib import Path

from pivotmine.demo import assemble
from pivotmine.demo.documents import Document, Entry, Pair, reading_form
from pivotmine.demo.lexicon import COLUMNS, DemoLexicon
from pivotmine.dictionaries.lexicon import read_lexicon
from tests.demo.demo_archives import tiny_sources


def listed(tmp_path: Path, *documents: Document) -> set[tuple[str, ...]]:
    """Rows that are not written down in the module itself."""
    lexicon = DemoLexicon()
    for document in documents:
        lexicon.add(document)
    lexicon.write(tmp_path / "lexicon.tsv")
    head, *lines = (tmp_path / "lexicon.tsv").read_text(encoding="utf-8").splitlines()
    assert tuple(head.split("\t")) == COLUMNS
    rows = {tuple(line.split("\t")) for line in lines}
    return {row for row in rows if row[-1] != "pivotmine"}


def page(text: str, source: str, kind: str, path: str = "") -> Document:
    return Document(text, source, kind, "", path)


def test_an_entry_gives_its_first_gloss_as_a_word(tmp_path: Path):
    lines = [
        Entry("吃", ("to eat", "to consume")).line(),
        Entry("把", ("(bound form) handle", "grip")).line(),
        Entry("怎样", ("how?", "how to say it at great length", "an answer")).line(),
        Entry("…", ("1234",)).line(),
    ]
    assert listed(tmp_path, page("\n".join(lines), "cedict", "dictionary")) == {
        ("en", "eat", "zh", "吃", "cedict"),
        ("en", "handle", "zh", "把", "cedict"),
        ("en", "answer", "zh", "怎样", "cedict"),
    }


def test_short_messages_give_pairs_in_the_language_of_their_catalogue(tmp_path: Path):
    pairs = [Pair("Delete file", "Supprimer le fichier"), Pair("It failed again", "Échec")]
    pairs += [Pair("Save", "Enregistrer…"), Pair("Close", "Fermer")]
    assert listed(tmp_path, page(reading_form(pairs), "horizon", "catalogue", "x/locale/fr/y")) == {
        ("en", "Delete file", "fr", "Supprimer le fichier", "horizon"),
        ("en", "Close", "fr", "Fermer", "horizon"),
    }


def test_other_pages_give_nothing(tmp_path: Path):
    assert listed(tmp_path, page("cat — chat", "fastapi", "page")) == set()


def test_every_row_of_the_lexicon_is_valid(tmp_path: Path):
    assemble(tmp_path, [].append, sources=tiny_sources(tmp_path / "downloads"))
    lexicon = read_lexicon([str(tmp_path / "lexicon.tsv")], 10_000)
    assert lexicon.rejects == ()
    assert set(lexicon.n_pair_listed.tolist()) == {1}
    words = set(zip(lexicon.languages.to_pylist(), lexicon.terms.to_pylist(), strict=True))
    assert {("fr", "chat"), ("zh", "猫"), ("ja", "電話"), ("en", "telephone")} <= words
