"""Terms: `term_counts` equals a search of the texts, for every word and pair listed."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pivotmine.engine.runner import run_stages
from pivotmine.engine.stage import Rows
from pivotmine.errors import ConfigError, InputError
from pivotmine.lake.tables import TERM_COUNTS
from pivotmine.recipe import Recipe
from pivotmine.recipe.reading import load_recipe
from pivotmine.show.progress import PlainDisplay
from pivotmine.stages.terms import stage as terms
from pivotmine.stages.train_tokenizer.training import train_sentencepiece
from pivotmine.text.tokenizer import Tokenizer
from tests.conftest import TableInputs, as_table
from tests.handmade import make_lake
from tests.stages.stage_rows import Row

LANGUAGES = ("en", "fr", "zh")
SENTENCES = {
    "en": [
        "The cat sat on the hot dog stand.\n",
        "We had a chat, then it's time for tea.\n",
        "CATS and cat food; wildcats do not eat hot dogs.\n",
        "Buy a T-shirt with a cat on it\n",
    ],
    "fr": [
        "Le chat boit l’eau du bateau.\n",
        "Un château, un Chat et de l'eau\n",
        "Aujourd’hui, le chien dort.\n",
    ],
    "zh": ["猫在喝水。\n", "我买了一件T恤和一只猫\n", "水水水，没有别的。\n"],
    "und": ["12345 cat 猫\n"],
}
WORDS = [
    *("en\tcat", "en\tchat", "en\thot dog", "en\thot", "en\tdog", "en\ttea", "en\tunicorn"),
    *("fr\tchat", "fr\tChat", "fr\teau", "fr\tl'eau", "fr\taujourd'hui", "fr\tchien"),
    *("zh\t猫", "zh\t水", "zh\t水水", "zh\tT恤", "de\tHund", "de\tcat"),
]
PAIRS = [
    *("en\tcat\tfr\tchat", "zh\t猫\ten\tcat", "fr\tchat\tzh\t猫", "zh\t水\tfr\teau"),
    *("en\tchat\tfr\tchat", "en\thot dog\tzh\t猫", "en\tunicorn\tzh\t独角兽", "en\tcat\tde\tcat"),
    *("en\thot\ten\tdog", "FR\tChat\ten\tCAT", "fr\tChat\ten\tCAT", "en\tcat\t\tchat"),
    "French\tChat\ten\tCAT",
]
TABLES = [
    f"n_{contexts}{where}{side}"
    for contexts in ("docs", "windows")
    for where in ("", "_in_lang")
    for side in ("", "_a", "_b", "_total")
]

Segments = list[tuple[str, str]]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    sample = ["".join(lines) * 5 for lines in SENTENCES.values()]
    return Tokenizer("sentencepiece", train_sentencepiece(sample, 400, character_coverage=0.98))


@pytest.fixture(scope="module")
def texts() -> list[Segments]:
    """Pages of (language, sentence), one of them empty."""
    draw = random.Random(3)
    pages: list[Segments] = [[]]
    for _ in range(59):
        languages = draw.choices(list(SENTENCES), k=2)
        chosen = draw.choices(languages, k=draw.randint(1, 9))
        pages.append([(lang, draw.choice(SENTENCES[lang])) for lang in chosen])
    return pages


@pytest.fixture(scope="module")
def documents(tokenizer: Tokenizer, texts: list[Segments]) -> list[Row]:
    runtime = tokenizer.load()
    rows = []
    for number, segments in enumerate(texts):
        ids, ends = runtime.encode_segments([text for _, text in segments])
        rows.append(
            {
                "doc_id": f"doc{number}",
                "lang": "en",
                "token_ids": ids.tolist(),
                "segment_ends": ends.tolist(),
                "segment_langs": [lang for lang, _ in segments],
                "n_tokens": len(ids),
            }
        )
    return rows


@pytest.fixture(scope="module")
def lexicon(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lexicon") / "words.tsv"
    path.write_text("\n".join(["lang_a\tword_a\tlang_b\tword_b", *WORDS, *PAIRS]) + "\n")
    return path


def settings(lexicon: Path | None, *more: str) -> Recipe:
    listed = f"['{lexicon}']" if lexicon else "[]"
    return load_recipe(
        None,
        ["languages=[zh, en, fr]", f"terms.lexicons={listed}", "count.window_tokens=120", *more],
    )


class Parted(TableInputs):
    """Tables in some number of partitions."""

    n_partitions = 1

    def frame(self, table: str, columns: Sequence[str] | None = None):
        return super().frame(table, columns).repartition(self.n_partitions)


def make_inputs(
    spark, tokenizer: Tokenizer, folder: Path, rows: list[Row], n_partitions: int = 2
) -> Parted:
    model = {"kind": "sentencepiece", "model": tokenizer.model}
    made = Parted(spark, {"tokens": rows, "tokenizer": [model]}, folder)
    made.n_partitions = n_partitions
    return made


def rows_of(tables) -> dict[str, list[dict[str, Any]]]:
    return {name: as_table(rows).to_pylist() for name, rows in tables.items()}


@pytest.fixture(scope="module")
def found(spark, tokenizer, documents, lexicon, tmp_path_factory: pytest.TempPathFactory):
    """Rows of all tables, and the notes of the stage."""
    made = make_inputs(spark, tokenizer, tmp_path_factory.mktemp("terms"), documents)
    return rows_of(terms.run(made, settings(lexicon))), made.notes


# ---- the same by searching


LETTER = "[0-9a-zàâéèêîôûç]"


def pattern(term: str) -> re.Pattern[str]:
    before, after = (f"(?{look}{LETTER})" for look in ("<!", "!"))
    start = before if re.match(LETTER, term[0]) else ""
    end = after if re.match(LETTER, term[-1]) else ""
    return re.compile(f"(?={start}{re.escape(term)}{end})")


def contexts_of(row: Row, size: int) -> dict[str, list[list[int]]]:
    """Segments of the document, and of each of its windows (no segment here is longer than one)."""
    windows: list[list[int]] = [[]]
    held = 0
    for segment, (start, end) in enumerate(
        zip([0, *row["segment_ends"]], row["segment_ends"], strict=False)
    ):
        if held + end - start > size:
            windows.append([])
            held = 0
        windows[-1].append(segment)
        held += end - start
    whole = list(range(len(row["segment_ends"])))
    return {"docs": [whole], "windows": [window for window in windows if window]}


class ByHand:
    """Contexts as the words that they hold and the languages that take part."""

    def __init__(self, texts: list[Segments], rows: list[Row], words, recipe: Recipe) -> None:
        self.found: dict[str, list[tuple[set, set, set]]] = {"docs": [], "windows": []}
        for segments, row in zip(texts, rows, strict=True):
            text = (
                "".join(part for _, part in segments).lower().replace("’", "'").replace("\n", " ")
            )
            starts = [0, *accumulate(len(part) for _, part in segments)]
            held = {
                word: {
                    max(i for i, start in enumerate(starts) if start <= match.start())
                    for match in pattern(word[1]).finditer(text)
                }
                for word in words
            }
            sizes = [
                b - a for a, b in zip([0, *row["segment_ends"]], row["segment_ends"], strict=False)
            ]
            for kind, contexts in contexts_of(row, recipe.count.window_tokens).items():
                for context in contexts:
                    self._add(kind, context, held, segments, sizes, recipe)

    def _add(self, kind, context, held, segments, sizes, recipe) -> None:
        total = sum(sizes[i] for i in context)
        tokens = {
            lang: sum(sizes[i] for i in context if segments[i][0] == lang) for lang in LANGUAGES
        }
        least = recipe.count.min_language_share * total
        taking_part = {lang for lang, n in tokens.items() if n and n >= least}
        present = {word for word, places in held.items() if places & set(context)}
        own = {
            word
            for word in present & {word for word in present if word[0] in taking_part}
            if any(segments[i][0] == word[0] for i in held[word] & set(context))
        }
        self.found[kind].append((present, own, taking_part))

    def single(self, word) -> dict[str, Any]:
        counts: dict[str, Any] = {}
        for kind, contexts in self.found.items():
            counts[f"n_{kind}"] = sum(word in present for present, _, _ in contexts)
            counts[f"n_{kind}_total"] = len(contexts)
            counts[f"n_{kind}_in_lang"] = sum(word in own for _, own, _ in contexts)
            counts[f"n_{kind}_in_lang_total"] = sum(word[0] in langs for *_, langs in contexts)
        return counts

    def pair(self, a, b) -> dict[str, Any]:
        counts: dict[str, Any] = {}
        for kind, contexts in self.found.items():
            everywhere = [present for present, _, _ in contexts]
            mixed = [own for _, own, langs in contexts if {a[0], b[0]} <= langs]
            for name, population in (("", everywhere), ("_in_lang", mixed)):
                counts[f"n_{kind}{name}"] = sum({a, b} <= held for held in population)
                counts[f"n_{kind}{name}_a"] = sum(a in held for held in population)
                counts[f"n_{kind}{name}_b"] = sum(b in held for held in population)
                counts[f"n_{kind}{name}_total"] = len(population)
        return counts


# ---- tests


def compare(rows: list[dict[str, Any]], texts, documents, recipe: Recipe) -> None:
    words = [(row["lang_a"], row["term_a"]) for row in rows if row["term_b"] is None]
    assert (len(words), len(rows)) == (19, 19 + 9), "each word and pair once"
    expected = ByHand(texts, documents, words, recipe)
    for row in rows:
        word, other = (row["lang_a"], row["term_a"]), (row["lang_b"], row["term_b"])
        by_hand = expected.pair(word, other) if row["term_b"] else expected.single(word)
        assert {name: row[name] for name in by_hand} == by_hand, (word, other)


def test_words_and_pairs_have_the_counts_of_a_search(found, texts, documents, lexicon: Path):
    compare(found[0]["term_counts"], texts, documents, settings(lexicon))


@pytest.mark.parametrize(
    "more",
    ["count.min_language_share=0.4", "count.window_tokens=50"],
    ids=["languages with little text take no part", "shorter windows"],
)
def test_contexts_follow_the_settings_of_the_recipe(
    more: str, spark, tokenizer, texts, documents, lexicon: Path, tmp_path: Path
):
    # Windows are counted too where tokens are counted by document.
    recipe = settings(lexicon, more, "count.context=document")
    made = make_inputs(spark, tokenizer, tmp_path, documents)
    compare(rows_of(terms.run(made, recipe))["term_counts"], texts, documents, recipe)


def test_a_row_has_the_counts_of_a_small_case_by_hand(found):
    names = ("lang_a", "term_a", "lang_b", "term_b")
    row_of = {tuple(row[name] for name in names): row for row in found[0]["term_counts"]}
    french, english = (row_of[lang, "chat", None, None] for lang in ("fr", "en"))
    assert french["n_docs"] == english["n_docs"], "the string is the same"
    assert 0 < french["n_docs_in_lang"] < french["n_docs"]
    assert 0 < english["n_docs_in_lang"] < english["n_docs"]
    assert (french["word_a"], french["n_listed"]) == ("chat", 2)
    unicorn = row_of["en", "unicorn", "zh", "独角兽"]
    assert (unicorn["n_docs"], unicorn["n_docs_total"]) == (0, 60), "not found, and still a row"
    german = row_of["de", "cat", None, None]
    assert german["n_docs"] > 0
    assert german["n_docs_in_lang"] == german["n_docs_in_lang_total"] == 0
    hot, hot_dog = (row_of["en", term, None, None] for term in ("hot", "hot dog"))
    assert hot["n_docs"] > hot_dog["n_docs"] > 0, "`hot dogs` holds the one and not the other"


def test_the_table_is_the_same_for_any_partitions_and_batches(
    found, spark, tokenizer, documents, lexicon: Path, tmp_path: Path
):
    name = "spark.sql.execution.arrow.maxRecordsPerBatch"
    before = spark.conf.get(name)
    spark.conf.set(name, 2)
    try:
        made = make_inputs(spark, tokenizer, tmp_path, documents, n_partitions=7)
        rows = rows_of(terms.run(made, settings(lexicon)))["term_counts"]
    finally:
        spark.conf.set(name, before)
    made.is_small = True
    here = rows_of(terms.run(made, settings(lexicon)))["term_counts"]
    expected = sorted(map(repr, found[0]["term_counts"]))
    assert sorted(map(repr, rows)) == expected
    assert sorted(map(repr, here)) == expected


def test_unusable_rows_are_rejected_and_every_row_is_accounted_for(found, lexicon: Path):
    tables, notes = found
    rejects = [(row["row"], row["reason"]) for row in tables["lexicon_rejects"]]
    assert rejects == [(32, "half_pair"), (33, "language")]
    assert notes == ["2 unusable rows of lexicons: see lexicon_rejects"]
    (file,) = tables["lexicons"]
    assert file["n_rows"] == len(WORDS) + len(PAIRS)
    rows = Rows(
        {"tokens": 60},
        {name: len(rows) for name, rows in tables.items()},
        lambda table, column: sum(row[column] for row in tables[table]),
    )
    tally = terms.tally(rows, settings(lexicon))
    assert tally.conserved
    assert tally.rows_in == tally.rows_out + tally.rejected == file["n_rows"]


def test_without_documents_every_row_has_zeros(spark, tokenizer, lexicon: Path, tmp_path: Path):
    made = make_inputs(spark, tokenizer, tmp_path, [])
    rows = rows_of(terms.run(made, settings(lexicon)))["term_counts"]
    assert len(rows) == 28
    assert {row[name] or 0 for row in rows for name in TABLES} == {0}


def test_without_a_lexicon_the_tables_are_empty_and_the_corpus_is_not_read(spark, tmp_path: Path):
    made = terms.run(TableInputs(spark, {}, tmp_path), settings(None))
    assert rows_of(made) == {name: [] for name in terms.STAGE.writes}


def test_without_a_lexicon_the_stage_commits_once_and_is_then_skipped(spark, tmp_path: Path):
    make_lake(tmp_path / "lake", tokens=[], tokenizer=[])
    recipe = settings(None, f"lake.warehouse={tmp_path / 'lake'}")
    display = PlainDisplay(Console(file=io.StringIO()))
    reports = [run_stages(recipe, [terms.STAGE], lambda: spark, display)[0] for _ in range(2)]
    assert [report.skipped for report in reports] == [False, True]
    assert reports[0].written == dict.fromkeys(terms.STAGE.writes, 0)


def test_term_counts_has_a_2x2_table_in_each_kind_of_context_and_of_presence():
    assert set(TABLES) < set(TERM_COUNTS.schema.names)


def test_a_changed_lexicon_is_another_input_and_a_missing_one_an_error(tmp_path: Path):
    path = tmp_path / "words.tsv"
    path.write_text("lang_a\tword_a\nen\tcat\n")
    before = terms.STAGE.external(settings(path))
    path.write_text("lang_a\tword_a\nen\tdog\n")
    assert terms.STAGE.external(settings(path)) != before
    path.unlink()
    with pytest.raises(InputError, match=r"words\.tsv: no file matches"):
        terms.STAGE.external(settings(path))


def test_a_tokenizer_that_does_not_keep_blanks_is_refused(spark, lexicon: Path, tmp_path: Path):
    from tokenizers import Tokenizer as HuggingFace
    from tokenizers import models, pre_tokenizers

    model = HuggingFace(models.WordPiece({"[UNK]": 0, "the": 1, "cat": 2, "##s": 3}))
    model.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    row = {"kind": "huggingface", "model": model.to_str().encode()}
    tables = TableInputs(spark, {"tokens": [], "tokenizer": [row]}, tmp_path)
    with pytest.raises(ConfigError, match="do not spell it"):
        terms.run(tables, settings(lexicon))
