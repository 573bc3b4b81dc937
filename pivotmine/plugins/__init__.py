"""Ways to add to PivotMine from outside: formats, scores, selections, measures and evaluations.

A plugin is a class or function in a module of your own, registered by a decorator of this module:

    from pivotmine import plugins

    @plugins.measure("jaccard")
    def jaccard(n_ab, n_a, n_b, n):
        return n_ab / (n_a + n_b - n_ab)

The recipe names the module (`plugins: [my_package.measures]`) and then the plugin, as it names
what is built in (`link: {measure: jaccard}`). A package that is installed can offer its modules as
entry points of the group `pivotmine.plugins` instead; these need not be listed in recipes.

Built-ins register through the same decorators. Their modules are imported when they are first
asked for, so this module, and the recipes that check names against it, stay light.
docs/plugins.md is the guide, and examples/plugins holds one of each kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from pivotmine.plugins.loading import ENTRY_POINTS, WithPlugins, folders, load, loaded
from pivotmine.plugins.registry import Plugin, Registry, registering

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
    "WithPlugins",
    "evaluation",
    "folders",
    "load",
    "loaded",
    "measure",
    "score",
    "selection",
    "source",
]

Value = TypeVar("Value")


class SourceFacts(NamedTuple):
    """What is known of a source format."""

    suffixes: tuple[str, ...]
    """File suffixes that mean this format, such as `.tsv`, without those of compression."""

    even: tuple[str, ...]
    """Compressions (`none`, `gzip`, `zstd`) in which large files are cut into even pieces."""

    by_looking: tuple[str, ...]
    """Those in which they are cut, if their bytes show that they hold several records or parts."""


class ScoreFacts(NamedTuple):
    """What is known of a document score."""

    pieces: bool
    """Whether it looks at the strings of tokens."""


class SelectionFacts(NamedTuple):
    """What is known of a selection method."""

    scores: tuple[str, ...]
    """Document scores that it goes by."""

    columns: tuple[str, ...]
    """Columns of table `documents` that it looks at."""


class Scored(NamedTuple):
    """What a score says about a batch of D documents."""

    score: Any
    """[D] float64; higher is better, and 0 is the least."""

    evidence: Mapping[str, Any] = {}
    """Figures behind the score by name, [D] each; zeros are left out of the table."""

    columns: Mapping[str, Any] = {}
    """Arrow arrays, [D] each, of further columns of table `scores` that the score fills in."""


_STAGES = "pivotmine.stages"
_EVALUATION = "pivotmine.model.evaluation"

SOURCES: Registry[SourceFacts] = Registry(
    "source format",
    {
        "gettext": "pivotmine.sources.gettext",
        "html": "pivotmine.sources.whole_files",
        "jsonl": "pivotmine.sources.jsonl",
        "parquet": "pivotmine.sources.parquet",
        "text": "pivotmine.sources.whole_files",
        "warc": "pivotmine.sources.warc",
    },
)
SCORES: Registry[ScoreFacts] = Registry(
    "document score",
    {
        "he2025": f"{_STAGES}.score.he2025",
        "entropy": f"{_STAGES}.score.entropy",
        "links": f"{_STAGES}.score.links",
        "translation": f"{_STAGES}.score.translation",
    },
)
SELECTIONS: Registry[SelectionFacts] = Registry(
    "selection method",
    {
        "random": f"{_STAGES}.select.methods",
        "distinct_links": f"{_STAGES}.select.cover",
        "length_matched": f"{_STAGES}.select.methods",
        "oracle": f"{_STAGES}.select.methods",
        "links_broken": f"{_STAGES}.select.methods",
    },
)
MEASURES: Registry[None] = Registry(
    "association measure",
    dict.fromkeys(("g2", "npmi", "pmi", "pmi_bound", "dice"), "pivotmine.numeric.measures"),
)
EVALUATIONS: Registry[None] = Registry("model evaluation", {})


def source(
    name: str,
    *,
    suffixes: Iterable[str] = (),
    even: Iterable[str] = (),
    by_looking: Iterable[str] = (),
) -> Callable[[Value], Value]:
    """Register a reader of a source format: what `format` of an input names.

    It decorates a generator `(split: Split, columns: ColumnMap, limits: ReadLimits, tally: Tally)
    -> Iterator[Row]` (pivotmine.sources.records). It counts a record in `tally.n_records` where it
    cuts it out, and yields a document or a reject for each. docs/sources.md explains one.

    Parameters
    ----------
    suffixes
        File suffixes that mean this format where an input says `format: auto`.
    even
        Compressions (`none`, `gzip`, `zstd`) of which large files are cut into even pieces of
        bytes, for readers that find the first record of a piece.
    by_looking
        Those of which large files are cut only if their beginning shows several parts; for readers
        that report whether pieces met (`tally.piece`).
    """
    return registering(SOURCES, name, SourceFacts(tuple(suffixes), tuple(even), tuple(by_looking)))


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
    return registering(SCORES, name, ScoreFacts(pieces))


def selection(
    name: str, *, scores: Iterable[str] = (), columns: Iterable[str] = ()
) -> Callable[[Value], Value]:
    """Register a selection method: what `method` of an arm names.

    It decorates a class of options, as `score` does; `options` of the arm sets them. The class has
    a method `select(self, choice: Choice) -> DataFrame` (pivotmine.stages.select.choice): from the
    candidates `choice.documents` to those that the arm takes. `choice.take_best` does the budgets
    for methods that put documents in an order. It runs on the driver, on Spark DataFrames.

    Parameters
    ----------
    scores
        Document scores that it goes by: columns `score_NAME` of the candidates.
    columns
        Columns of table `documents` that the candidates have besides.
    """
    return registering(SELECTIONS, name, SelectionFacts(tuple(scores), tuple(columns)))


def measure(name: str) -> Callable[[Value], Value]:
    """Register an association measure: what `link.measure` names.

    It decorates a function `(n_ab, n_a, n_b, n) -> strength` on float64 arrays of one shape:
    contexts that hold both tokens, that hold a, that hold b, and all contexts of their two
    languages. More is stronger; NaN is an error. It runs on executors. p-values do not depend on
    it.
    """
    return registering(MEASURES, name, None)


def evaluation(name: str) -> Callable[[Value], Value]:
    """Register a model evaluation: a key of `evaluation.plugins` in a model recipe.

    It decorates a class of options, as `score` does; the recipe gives them under that key
    (`evaluation: {plugins: {cloze: {sentences: held-out.txt}}}`). The class has a method
    `evaluate(self, model: LoadedModel, words: WordSet | None, pairs: Mapping[str, Sequence[Pair]])
    -> dict[str, Any]` (types of pivotmine.model), which returns figures by name as JSON values.
    `words` is the word set of the run, if it has one. `pairs` are aligned segments by direction
    (`en>fr`), empty where the recipe names no file of them.
    """
    return registering(EVALUATIONS, name, None)
