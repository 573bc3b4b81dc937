"""Plugins: formats, scores, selection methods, measures and evaluations of your own.

A plugin is a class or function in a module of your own, registered by a decorator of this module:

    from pivotmine import plugins

    @plugins.measure("jaccard")
    def jaccard(n_ab, n_a, n_b, n):
        return n_ab / (n_a + n_b - n_ab)

The recipe names the module (`plugins: [my_package.measures]`) and then the plugin, as it names
what is built in (`link: {measure: jaccard}`). A package that is installed can offer its modules as
entry points of the group `pivotmine.plugins` instead; these need not be listed in recipes.

Built-ins register through the same decorators. Their modules are imported when first needed, so
this module, and the recipes that check names against it, stay light.
docs/plugins.md is the guide, and examples/plugins holds one of each kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from pivotmine.errors import ConfigError
from pivotmine.plugins.loading import ENTRY_POINTS, folders, load, loaded, with_plugins
from pivotmine.plugins.registry import Plugin, Registry

__all__ = [
    "ENTRY_POINTS",
    "EVALUATIONS",
    "MEASURES",
    "SCORES",
    "SELECTIONS",
    "SOURCES",
    "Plugin",
    "Registry",
    "ScoreFacts",
    "Scored",
    "SelectionFacts",
    "SourceFacts",
    "evaluation",
    "folders",
    "load",
    "loaded",
    "measure",
    "score",
    "selection",
    "selection_methods",
    "selection_scores",
    "source",
    "with_plugins",
]

Value = TypeVar("Value")


class SourceFacts(NamedTuple):
    """What is known of a source format."""

    suffixes: tuple[str, ...] = ()
    """File suffixes that mean this format, such as `.tsv`, without those of compression."""

    even: tuple[str, ...] = ()
    """Compressions (`none`, `gzip`, `zstd`) in which large files are cut into even pieces."""

    by_looking: tuple[str, ...] = ()
    """Compressions in which they are cut if their beginning shows several units: gzip members, zstd
    frames, or records."""


class ScoreFacts(NamedTuple):
    """What is known of a document score."""

    pieces: bool = False
    """Whether it reads the strings of tokens."""


class SelectionFacts(NamedTuple):
    """What is known of a selection method."""

    scores: tuple[str, ...] = ()
    """Document scores that it uses."""

    columns: tuple[str, ...] = ()
    """Columns of table `documents` that it reads."""

    needs: tuple[str, ...] = ()
    """Settings of an arm that it requires (`reference`, `truth`); other methods refuse them."""


class Scored(NamedTuple):
    """What a score says about a batch of D documents."""

    score: Any
    """[D] float64; higher is better, and 0 is the least."""

    evidence: Mapping[str, Any] = {}
    """Figures behind the score by name, [D] each; zeros are left out of the table."""

    columns: Mapping[str, Any] = {}
    """Arrow arrays, [D] each, of further columns of table `scores` that the score fills in."""


_SOURCES = "pivotmine.sources"
_STAGES = "pivotmine.stages"
_METHODS = f"{_STAGES}.select.methods"
_MEASURES = "pivotmine.numeric.measures"
_EVALUATION = "pivotmine.model.evaluation"

# Facts of built-in plugins are repeated here, so that recipes are checked without importing them.
# `Registry.register` checks that both agree.
SOURCES: Registry[SourceFacts] = Registry(
    "source format",
    {
        "gettext": (f"{_SOURCES}.gettext", SourceFacts((".po",))),
        "html": (f"{_SOURCES}.whole_files", SourceFacts((".html", ".htm", ".xhtml"))),
        "jsonl": (
            f"{_SOURCES}.jsonl",
            SourceFacts((".jsonl", ".ndjson", ".json"), ("none",), ("gzip", "zstd")),
        ),
        "parquet": (f"{_SOURCES}.parquet", SourceFacts((".parquet",))),
        "text": (f"{_SOURCES}.whole_files", SourceFacts((".txt",))),
        "warc": (
            f"{_SOURCES}.warc",
            SourceFacts((".warc", ".wet"), (), ("none", "gzip", "zstd")),
        ),
    },
)
SCORES: Registry[ScoreFacts] = Registry(
    "document score",
    {
        name: (f"{_STAGES}.score.{name}", ScoreFacts())
        for name in ("he2025", "entropy", "links", "translation")
    },
)
SELECTIONS: Registry[SelectionFacts] = Registry(
    "selection method",
    {
        "random": (_METHODS, SelectionFacts()),
        "distinct_links": (_METHODS, SelectionFacts(scores=("translation",))),
        "length_matched": (_METHODS, SelectionFacts(needs=("reference",))),
        "oracle": (_METHODS, SelectionFacts(needs=("truth",))),
        "links_broken": (_METHODS, SelectionFacts(needs=("reference",))),
    },
)
MEASURES: Registry[None] = Registry(
    "association measure",
    dict.fromkeys(("g2", "npmi", "pmi", "pmi_bound", "dice"), (_MEASURES, None)),
)
EVALUATIONS: Registry[None] = Registry(
    "model evaluation",
    {
        "retrieval": (f"{_EVALUATION}.retrieval", None),
        "conditional": (f"{_EVALUATION}.losses", None),
        "translation": (f"{_EVALUATION}.translation", None),
        "heldout": (f"{_EVALUATION}.losses", None),
        "benchmarks": (f"{_EVALUATION}.harness", None),
    },
)


def selection_methods() -> tuple[str, ...]:
    """What `method` of an arm may name: every selection method, and every document score."""
    return (*SELECTIONS.names(), *SCORES.names())


def selection_scores(method: str) -> tuple[str, ...]:
    """Document scores that a method uses. Raises `ConfigError` if there is no such method."""
    return (method,) if method in SCORES else SELECTIONS.facts(method).scores


def source(
    name: str,
    *,
    suffixes: Iterable[str] = (),
    even: Iterable[str] = (),
    by_looking: Iterable[str] = (),
) -> Callable[[Value], Value]:
    """Register a reader of a source format: what `format` of an input names.

    It decorates a generator `(split: Split, columns: ColumnMap, limits: ReadLimits,
    count: RecordCount) -> Iterator[Row]` (pivotmine.sources.records). It counts a record in
    `count.n_records` where it cuts it out, and yields a document or a reject for each.
    docs/sources.md explains one.

    Parameters
    ----------
    suffixes
        File suffixes that mean this format where an input says `format: auto`.
    even
        Compressions (`none`, `gzip`, `zstd`) in which large files are cut into even pieces of
        bytes, for readers that find the first record of a piece.
    by_looking
        Compressions in which large files are cut only if their beginning shows several parts, for
        readers that report whether pieces met (`count.piece`).
    """
    facts = SourceFacts(tuple(suffixes), tuple(even), tuple(by_looking))
    for other in SOURCES.names():
        taken = set(facts.suffixes) & set(SOURCES.facts(other).suffixes)
        if taken and other != name:
            raise ConfigError(
                f"source format {name!r}: suffix {taken.pop()} means format {other!r}"
            )
    return lambda value: SOURCES.register(name, value, facts)


def score(name: str, *, pieces: bool = False) -> Callable[[Value], Value]:
    """Register a document score: what `score.methods` lists. It is a selection method as well.

    It decorates a class of options, a `pivotmine.recipe.section.Section` or a dataclass, of which
    every field has a default. `score.options` of the recipe sets them. The class has a method
    `score(self, documents: Documents) -> Scored` (pivotmine.stages.score.documents), called on
    executors for batches of documents.

    Parameters
    ----------
    pieces
        Ship the strings of tokens to executors too (`Documents.pieces`).

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> from pivotmine import plugins
    >>> @plugins.score("length")
    ... @dataclass
    ... class Length:
    ...     most: int = 1000
    ...     def score(self, documents):
    ...         return plugins.Scored(np.minimum(documents.n_tokens / self.most, 1.0))
    """
    SELECTIONS.check_free(name)
    return lambda value: SCORES.register(name, value, ScoreFacts(pieces))


def selection(
    name: str,
    *,
    scores: Iterable[str] = (),
    columns: Iterable[str] = (),
    needs: Iterable[str] = (),
) -> Callable[[Value], Value]:
    """Register a selection method: what `method` of an arm names.

    It decorates a class of options, as `score` does; `options` of the arm sets them. The class has
    a method `select(self, choice: Choice) -> DataFrame` (pivotmine.stages.select.choice): from the
    candidates `choice.documents` to those that the arm takes. `choice.take_best` does the budgets
    for methods that put documents in an order. It runs on the driver, on Spark DataFrames.

    Parameters
    ----------
    scores
        Document scores that it uses: columns `score_NAME` of the candidates.
    columns
        Columns of table `documents` that the candidates have besides.
    needs
        Settings of an arm that it needs: `reference`, `truth` or both.
    """
    SCORES.check_free(name)
    facts = SelectionFacts(tuple(scores), tuple(columns), tuple(needs))
    return lambda value: SELECTIONS.register(name, value, facts)


def measure(name: str) -> Callable[[Value], Value]:
    """Register an association measure: what `link.measure` names.

    It decorates a function `(n_ab, n_a, n_b, n) -> strength` on float64 arrays of one shape:
    contexts that hold both tokens, that hold a, that hold b, and all contexts of their two
    languages. More is stronger; NaN is an error. It runs on executors. p-values do not depend on
    it.
    """
    return lambda value: MEASURES.register(name, value, None)


def evaluation(name: str) -> Callable[[Value], Value]:
    """Register a model evaluation: a key of `evaluation.plugins` in a model recipe.

    It decorates a class of options, as `score` does; the recipe gives them under that key
    (`evaluation: {plugins: {cloze: {sentences: held-out.txt}}}`). The class has a method
    `evaluate(self, model: LoadedModel, words: WordSet | None, pairs: Mapping[str, Sequence[Pair]])
    -> dict[str, Any]` (types of pivotmine.model), which returns figures by name as JSON values.
    `words` is the word set of the run, if it has one. `pairs` are aligned segments by direction
    (`en-fr`), empty where the recipe names no file of them.

    Optional are `check(self, model, words, pairs)`, called for all evaluations before any of them
    runs, a class attribute `title` for the log, and a static method `rows(found) -> list[Row]` for
    the terminal. `pivotmine.model.evaluation.base.Evaluation` has them all.
    """
    return lambda value: EVALUATIONS.register(name, value, None)
