"""Count: the tables hold what counting the same documents by hand gives, exactly."""

from __future__ import annotations

import random
from collections import Counter
from itertools import combinations, product
from typing import Any

import pytest

from pivotmine.engine.stage import StageOutputs
from pivotmine.recipe import Recipe
from pivotmine.recipe.reading import load_recipe
from pivotmine.stages.contexts import stage as cut
from pivotmine.stages.contexts.cutting import document_folds
from pivotmine.stages.contexts.repeated_lines import document_keys
from pivotmine.stages.count import stage as count
from pivotmine.stages.count.pair_runs import PACKED_BYTES_PER_PAIR
from tests.conftest import TableInputs, as_table, rows_of
from tests.stages.stage_rows import Row, tokens_row, vocabulary_row

DOG, CHIEN, CHAT, CAT, INU, LINUX, DOT, RARE = range(8)
LANGS_OF = {
    DOG: ["en"],
    CHIEN: ["fr"],
    CHAT: ["en", "fr"],
    CAT: ["ja", "zh"],
    INU: ["ja"],
    LINUX: ["en", "fr"],
    DOT: [],
    RARE: ["en"],
}
"""Words: two homographs (one of them Han), a name in Latin letters, a full stop."""

LANGUAGES = ("zh", "en", "ja", "fr")
"""Not in alphabetical order, which the tables keep nevertheless."""

COUNTS = ("a", "b", "n_ab", "n_a", "n_b", "n_contexts", "lang_a", "lang_b", "fold_counts")
MARGINS = ("token_id", "lang", "other_lang", "n", "n_contexts")

Node = tuple[int, str]


def random_documents(n: int = 200) -> list[Row]:
    """Pages of a few languages, German and undetermined segments among them, and empty ones."""
    draw = random.Random(7)
    documents = [
        tokens_row("empty"),
        tokens_row("blank", ("en", []), ("fr", [])),
        tokens_row("rare", ("en", [RARE]), ("fr", [CHIEN] * 2)),
    ]
    for i in range(n - len(documents)):
        languages = [*draw.sample(LANGUAGES, draw.randint(1, 3)), draw.choice(["de", "und", "fr"])]
        segments = []
        for language in draw.choices(languages, k=draw.randint(1, 6)):
            its_words = [token for token, langs in LANGS_OF.items() if language in langs]
            tokens = draw.choices([*its_words * 3, *LANGS_OF], k=draw.choice([0, 2, 3, 5, 9]))
            segments.append((language, [token for token in tokens if token != RARE]))
        documents.append(tokens_row(f"doc{i}", *segments))
    return documents


def vocabulary_of(documents: list[Row]) -> list[Row]:
    occurrences = Counter(token for row in documents for token in row["token_ids"])
    rows = [
        vocabulary_row(token, f"t{token}", langs, token_count=occurrences[token])
        for token, langs in LANGS_OF.items()
    ]
    return rows[::-1]  # tables have no order


def lines_of(row: Row) -> list[tuple[Any, ...]]:
    """Every line as its tokens and the languages of the document."""
    languages = frozenset(row["segment_langs"]) & frozenset(LANGUAGES)
    starts = [0, *row["segment_ends"]]
    spans = zip(starts, row["segment_ends"], strict=False)
    return [(*row["token_ids"][start:end], languages) for start, end in spans]


def first_documents(documents: list[Row], recipe: Recipe) -> dict[tuple[Any, ...], set[str]]:
    """Documents in which each line counts."""
    key = dict(zip(ids := [row["doc_id"] for row in documents], document_keys(ids), strict=True))
    holders: dict[tuple[Any, ...], set[str]] = {}
    for row in documents:
        for line in lines_of(row):
            holders.setdefault(line, set()).add(row["doc_id"])
    most = recipe.count.max_line_documents or len(documents)
    return {line: set(sorted(held, key=key.get)[:most]) for line, held in holders.items()}


def contexts(
    row: Row, counting: dict[tuple[Any, ...], set[str]], recipe: Recipe
) -> list[list[tuple[int, str]]]:
    """Contexts of a document as (token, language of its segment)."""
    languages = [
        lang if row["doc_id"] in counting[line] else "repeated"
        for lang, line in zip(row["segment_langs"], lines_of(row), strict=True)
    ]
    starts = [0, *row["segment_ends"]]
    spans = zip(starts, row["segment_ends"], languages, strict=False)
    segments = [[(t, lang) for t in row["token_ids"][start:end]] for start, end, lang in spans]
    if recipe.count.context == "document":
        return [[token for segment in segments for token in segment]]
    size = recipe.count.window_tokens
    windows: list[list[tuple[int, str]]] = [[]]
    for segment in segments:
        for i in range(0, len(segment), size):
            piece = segment[i : i + size]
            if len(windows[-1]) + len(piece) > size:
                windows.append([])
            windows[-1] += piece
    return windows


def nodes_of(context: list[tuple[int, str]], counted: set[int], recipe: Recipe) -> set[Node]:
    held = Counter(language for _, language in context)
    enough = recipe.count.min_language_share * len(context)
    return {
        (token, language)
        for token, language in context
        if token in counted and language in LANGS_OF[token] and held[language] >= enough
    }


def by_hand(documents: list[Row], folds: dict[str, int], recipe: Recipe):
    """Rows of `margins` and of `counts`, from dictionaries."""
    occurrences = Counter(token for row in documents for token in row["token_ids"])
    counted = {token for token, n in occurrences.items() if n >= recipe.count.min_count}
    n_contexts: Counter[tuple[str, str]] = Counter()
    n_held: Counter[tuple[Node, str]] = Counter()
    n_pair: dict[tuple[Node, Node], list[int]] = {}
    counting = first_documents(documents, recipe)
    for row in documents:
        for context in contexts(row, counting, recipe):
            nodes = nodes_of(context, counted, recipe)
            for pair in combinations(sorted({language for _, language in nodes}), 2):
                sides = [[node for node in nodes if node[1] == language] for language in pair]
                n_contexts[pair] += 1
                for side, other in zip(sides, reversed(pair), strict=True):
                    n_held.update((node, other) for node in side)
                for nodes_pair in product(*sides):
                    by_fold = n_pair.setdefault(nodes_pair, [0] * recipe.count.folds)
                    by_fold[folds[row["doc_id"]]] += 1
    margins = [
        (token, lang, other, n, n_contexts[min(lang, other), max(lang, other)])
        for ((token, lang), other), n in n_held.items()
    ]
    counts = [
        (
            a[0],
            b[0],
            sum(by_fold),
            n_held[a, b[1]],
            n_held[b, a[1]],
            n_contexts[a[1], b[1]],
            a[1],
            b[1],
            by_fold,
        )
        for (a, b), by_fold in n_pair.items()
        if sum(by_fold) >= recipe.count.min_count
    ]
    return sorted(margins, key=repr), sorted(counts, key=repr)


def counted(inputs: TableInputs, recipe: Recipe) -> StageOutputs:
    """Results of `count` for the contexts cut out of tokens."""
    rows = as_table(cut.run(inputs, recipe)["contexts"]).to_pylist()
    inputs.tables = {**inputs.tables, "contexts": rows}
    return count.run(inputs, recipe)


@pytest.fixture(scope="module")
def documents() -> list[Row]:
    return random_documents()


@pytest.fixture(scope="module")
def folds(documents) -> dict[int, dict[str, int]]:
    """Fold of each document, for each number of folds in use."""
    ids = [row["doc_id"] for row in documents]
    return {n: dict(zip(ids, document_folds(ids, n).tolist(), strict=True)) for n in (1, 3, 4)}


@pytest.mark.parametrize(
    ("context", "min_count", "chunk_tokens", "n_folds", "min_language_share", "line_documents"),
    [
        ("count.window_tokens=6", 2, 10, 4, 0.25, 2),
        ("count.window_tokens=12", 1, 1_000_000, 1, 0.0, 1),
        ("count.context=document", 3, 40, 3, 0.25, 0),
        ("count.context=document", 4, 1_000_000, 4, 0.125, 3),
    ],
    ids=[
        "short windows, several chunks",
        "windows, one chunk, one fold, no least share",
        "documents, several chunks",
        "documents, one chunk",
    ],
)
def test_counts_and_margins_are_those_of_counting_by_hand(
    context,
    min_count,
    chunk_tokens,
    n_folds,
    min_language_share,
    line_documents,
    documents,
    folds,
    table_inputs,
):
    recipe = load_recipe(
        None,
        [
            f"languages=[{', '.join(LANGUAGES)}]",
            "link.min_folds=0",
            "count.block_layouts=false",
            context,
            f"count.min_count={min_count}",
            f"count.chunk_tokens={chunk_tokens}",
            f"count.folds={n_folds}",
            f"count.min_language_share={min_language_share}",
            f"count.max_line_documents={line_documents}",
        ],
    )
    inputs = table_inputs(tokens=documents, vocabulary=vocabulary_of(documents))
    found = counted(inputs, recipe)
    margins, counts = by_hand(documents, folds[recipe.count.folds], recipe)
    assert len({row[6:8] for row in counts}) >= 4, "most language pairs must have counts"
    assert rows_of(found["counts"], *COUNTS) == counts
    assert rows_of(found["margins"], *MARGINS) == margins
    assert (inputs.measures["chunks"] > 2) == (chunk_tokens < 1000)


@pytest.mark.parametrize(
    ("sketch_bytes", "context", "chunk_tokens"),
    [
        (8, "count.window_tokens=6", 10),
        (64, "count.context=document", 40),
        (1_000_000, "count.window_tokens=6", 10),
    ],
)
def test_two_passes_give_the_same_tables_at_any_size_of_the_sketch(
    sketch_bytes, context, chunk_tokens, documents, folds, table_inputs
):
    recipe = load_recipe(
        None,
        [
            f"languages=[{', '.join(LANGUAGES)}]",
            context,
            "count.block_layouts=false",
            "count.min_count=3",
            f"count.chunk_tokens={chunk_tokens}",
            "count.max_shuffle_bytes=1",
            f"count.sketch_bytes={sketch_bytes}",
        ],
    )
    inputs = table_inputs(tokens=documents, vocabulary=vocabulary_of(documents))
    found = counted(inputs, recipe)
    margins, counts = by_hand(documents, folds[recipe.count.folds], recipe)
    assert rows_of(found["counts"], *COUNTS) == counts
    assert rows_of(found["margins"], *MARGINS) == margins
    assert inputs.measures["passes"] == 2
    assert inputs.measures["sketch_bytes"] <= sketch_bytes
    (note,) = inputs.notes
    assert note.startswith("two passes") and "above count.max_shuffle_bytes=1e-09 GB" in note


@pytest.fixture(scope="module")
def wide_page() -> tuple[list[Row], list[Row]]:
    """A page of 200 English and 200 French words, twice, and one of 300 more of each, once."""
    english, french = range(500), range(500, 1000)
    twice = tokens_row("twice", ("en", list(english[:200])), ("fr", list(french[:200])))
    again = twice | {"doc_id": "again"}
    once = tokens_row("once", ("en", list(english[200:])), ("fr", list(french[200:])))
    vocabulary = [
        vocabulary_row(token, f"t{token}", ["en" if token < 500 else "fr"], token_count=2)
        for token in range(1000)
    ]
    return [twice, again, once], vocabulary


@pytest.mark.parametrize(
    ("max_shuffle_bytes", "passes"), [(1_000_000_000, 1), (100, 2)], ids=["one", "two"]
)
def test_a_second_pass_reduces_the_shuffle_and_the_run_records_its_cost(
    max_shuffle_bytes, passes, wide_page, table_inputs
):
    tokens, vocabulary = wide_page
    recipe = load_recipe(
        None,
        [
            "languages=[en, fr]",
            "count.context=document",
            "count.min_count=2",
            "count.chunk_tokens=600",
            f"count.max_shuffle_bytes={max_shuffle_bytes}",
        ],
    )
    inputs = table_inputs(tokens=tokens, vocabulary=vocabulary)
    found = counted(inputs, recipe)
    counts = rows_of(found["counts"], "a", "b", "n_ab")
    # Nothing of the 90,000 pairs that met once, although some of them are in the sample.
    assert counts == sorted(((a, b, 2) for a in range(200) for b in range(500, 700)), key=repr)
    measures = inputs.measures
    assert measures["passes"] == passes
    if passes == 1:
        assert measures["shuffled_pairs"] == measures["pair_events"] == 170_000
    else:
        assert 80_000 <= measures["shuffled_pairs"] <= 80_000 + 9_000
        assert measures["sketch_sampled_pairs"] == pytest.approx(130_000 / 1024, rel=0.3)
        assert measures["sketch_light_pairs_kept_share"] <= 0.1
    assert 0 < measures["shuffle_bytes"] <= PACKED_BYTES_PER_PAIR * measures["shuffled_pairs"]


@pytest.fixture(scope="module")
def small(spark, tmp_path_factory: pytest.TempPathFactory):
    """Counts and margins of three pages, three copies of each."""
    pages = {
        "homograph": [("en", [DOG, CHAT]), ("fr", [CHIEN, CHAT, CHAT])],
        "name": [("ja", [INU, LINUX]), ("en", [DOG, LINUX])],
        "one language": [("fr", [CHIEN, CHAT])],
    }
    tokens = [
        tokens_row(f"{name}{i}", *segments) for name, segments in pages.items() for i in range(3)
    ]
    tokens.append(tokens_row("rare", ("en", [RARE, RARE, DOG]), ("zh", [CAT, CAT])))
    inputs = TableInputs(
        spark,
        {"tokens": tokens, "vocabulary": vocabulary_of(tokens)},
        tmp_path_factory.mktemp("count"),
    )
    recipe = load_recipe(
        None,
        [
            f"languages=[{', '.join(LANGUAGES)}]",
            "count.min_count=3",
            "count.folds=3",
            "count.max_line_documents=0",
        ],
    )
    found = counted(inputs, recipe)
    names = ("a", "lang_a", "b", "lang_b", "n_ab", "n_a", "n_b", "n_contexts")
    return set(rows_of(found["counts"], *names)), set(rows_of(found["margins"], *MARGINS))


def test_a_homograph_counts_as_the_word_of_the_text_around_it(small):
    counts, _ = small
    assert {row for row in counts if row[1::2][:2] == ("en", "fr")} == {
        (DOG, "en", CHIEN, "fr", 3, 3, 3, 3),
        (DOG, "en", CHAT, "fr", 3, 3, 3, 3),
        (CHAT, "en", CHIEN, "fr", 3, 3, 3, 3),
        (CHAT, "en", CHAT, "fr", 3, 3, 3, 3),
    }


def test_a_name_in_text_of_another_script_does_not_count(small):
    counts, _ = small
    assert {row for row in counts if "ja" in row} == {
        (DOG, "en", INU, "ja", 3, 3, 3, 3),
        (LINUX, "en", INU, "ja", 3, 3, 3, 3),
    }


def test_pages_of_one_language_are_in_no_population(small):
    _, margins = small
    assert (CHIEN, "fr", "en", 3, 3) in margins
    assert {row[3:] for row in margins} == {(3, 3)}


def test_a_token_too_rare_to_reach_min_count_makes_no_context_mixed(small):
    counts, margins = small
    assert all(RARE not in (row[0], row[2]) for row in counts)
    assert not any("zh" in row[1:3] for row in margins), "猫 occurs twice, below min_count"


def test_without_documents_nothing_is_counted(table_inputs):
    found = counted(table_inputs(tokens=[], vocabulary=vocabulary_of([])), load_recipe())
    assert rows_of(found["counts"]) == rows_of(found["margins"]) == []
