"""The door: load a recipe, run it, and ask the lake that it made.

Asking needs neither Java nor Spark. Errors that a user can act on descend from
`pivotmine.PivotMineError`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pivotmine.errors import InputError, LakeError, PivotMineError

if TYPE_CHECKING:
    import duckdb

    from pivotmine.ask.arms import Arms
    from pivotmine.ask.bridges import Bridges, Reached
    from pivotmine.ask.cooccurrence import Cooccurrence
    from pivotmine.ask.documents import FoundDocument
    from pivotmine.ask.explain import Explanation
    from pivotmine.ask.links import Partner
    from pivotmine.ask.query import Query
    from pivotmine.ask.rows import Rows
    from pivotmine.ask.tables import TableState
    from pivotmine.engine.display import Report
    from pivotmine.lake.lake import Lake
    from pivotmine.recipe import Recipe

RecipeSource = str | os.PathLike[str] | Mapping[str, Any]
"""Path or URI of a YAML file, or its contents as a mapping."""


def load_recipe(
    source: RecipeSource | None = None, overrides: Mapping[str, Any] | None = None
) -> Recipe:
    """Read and check a recipe.

    Parameters
    ----------
    source
        Path or URI of a YAML file, or a mapping of sections; without one every setting has its
        default.
    overrides
        Settings by dotted name, which replace those of the recipe.

    Raises
    ------
    ConfigError
        The file cannot be read, a setting is unknown, or a value is not allowed. The message gives
        the dotted name and what is allowed.

    Examples
    --------
    >>> recipe = load_recipe("corpus.yaml", {"count.min_count": 10, "link.max_q_value": 0.001})
    >>> recipe.count.min_count
    10
    >>> load_recipe({"lake": {"warehouse": "elsewhere"}}).lake.warehouse
    'elsewhere'
    >>> load_recipe("corpus.yaml", {"count.min_cuont": 10})
    Traceback (most recent call last):
    ...
    pivotmine.errors.ConfigError: the configuration corpus.yaml is not valid:
      count.min_cuont: unknown setting; did you mean 'min_count'?
    `pivotmine config` lists every setting with its meaning.
    """
    from pivotmine.recipe.reading import load_recipe as read

    is_mapping = isinstance(source, Mapping)
    settings = {**(source if is_mapping else {}), **(overrides or {})}  # type: ignore[dict-item]
    uri = None if source is None or is_mapping else os.fspath(source)  # type: ignore[arg-type]
    return read(uri, [f"{name}={_yaml(value)}" for name, value in settings.items()])


def run(
    recipe: Recipe | RecipeSource,
    *,
    until: str | None = None,
    only: str | None = None,
    force: bool = False,
) -> list[Report]:
    """Run the road, or part of it; stages that are committed are skipped.

    Progress is shown on standard error: a live table on a terminal, else a line an event. Needs
    Java.

    Parameters
    ----------
    recipe
        A recipe, or what `load_recipe` reads.
    until
        The last stage to run.
    only
        The one stage to run.
    force
        Run also what is committed already.

    Returns
    -------
    A report a stage: its rows, its seconds, whether it was skipped.

    Raises
    ------
    PivotMineError
        Of the kind that fits: a setting, an input, the lake or the machine is not as it should be.

    Examples
    --------
    >>> reports = run("corpus.yaml", until="train_tokenizer")
    >>> [report.stage for report in reports]
    ['ingest', 'train_tokenizer']
    """
    from rich.console import Console

    from pivotmine.engine.runner import run_stages
    from pivotmine.engine.session import build_session
    from pivotmine.show.progress import open_display
    from pivotmine.stages.road import choose_stages

    settings = _recipe(recipe)
    stages = choose_stages(only, until)
    try:
        with open_display(Console(stderr=True, emoji=False)) as display:
            return run_stages(
                settings, stages, lambda: build_session(settings.spark), display, force=force
            )
    except PivotMineError:
        raise
    except Exception as error:
        # What a task raised arrives as the text of its traceback, inside one of Java's.
        if said := re.search(r"^pivotmine\.errors\.\w+: (.+)", str(error), re.MULTILINE):
            raise PivotMineError(said[1]) from error
        raise


def open_lake(source: Recipe | RecipeSource) -> LakeReader:
    """Open a lake to be read; leaves no trace in it.

    Parameters
    ----------
    source
        A recipe, what `load_recipe` reads, or the folder of a local warehouse.

    Raises
    ------
    LakeError
        Nothing is committed there, or the catalog cannot be reached.
    InputError
        The folder holds no lake.

    Examples
    --------
    >>> open_lake("corpus.yaml").links("fr:chat")[0].partner
    '▁cat'
    >>> open_lake("lake").links("fr:chat")[0].partner
    '▁cat'
    """
    from pivotmine.lake.lake import Lake

    lake = Lake(_lake_config(source), read_only=True)
    if not lake.runs().num_rows:
        raise LakeError(
            f"nothing is committed in {lake.warehouse} (namespace {lake.namespace}) yet. Name the "
            "recipe with --config, or fill this lake with `pivotmine run`."
        )
    return LakeReader(lake)


class LakeReader:
    """A lake to be asked, as `open_lake` gives it.

    Every question opens its own DuckDB connection, which reads the Parquet files of the committed
    snapshots. Answers are rows of dataclasses (`.df()` and `.to_arrow()` turn them into tables), or
    queries that run when their rows are asked for.

    Examples
    --------
    >>> lake = open_lake("corpus.yaml")
    >>> lake
    LakeReader('file:///.../lake', namespace 'pivotmine')
    """

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        """The lake itself: its snapshots and files."""

    def __repr__(self) -> str:
        return f"LakeReader({self.warehouse!r}, namespace {self.namespace!r})"

    @property
    def warehouse(self) -> str:
        """URI of the folder that holds the lake."""
        return self.lake.warehouse

    @property
    def namespace(self) -> str:
        """Namespace of the tables in the catalog."""
        return self.lake.namespace

    def tables(self) -> Rows[TableState]:
        """All tables with their rows, the time of their commit and their meaning.

        Examples
        --------
        >>> states = {table.name: table for table in open_lake("corpus.yaml").tables()}
        >>> states["links"].meaning
        'Cross-language pairs whose association is statistically real.'
        """
        from pivotmine.ask.tables import list_tables

        return list_tables(self.lake)

    def table(
        self, name: str, columns: Sequence[str] | None = None, where: str | None = None
    ) -> Query:
        """Rows of a table, read when they are asked for.

        Parameters
        ----------
        name
            A table; `pivotmine tables` lists them with their meaning.
        columns
            The columns to read; without them, all.
        where
            A condition in SQL.

        Raises
        ------
        LakeError
            There is no such table or column.

        Examples
        --------
        >>> lake = open_lake("corpus.yaml")
        >>> links = lake.table("links", ["token_a", "token_b"], "token_b = '▁chat' AND prevails")
        >>> links.to_arrow().column_names
        ['token_a', 'token_b']
        >>> "▁cat" in set(links.df()["token_a"])
        True
        """
        from pivotmine.ask.query import Query, table_sql

        return Query(table_sql(name, columns, where), self._connect_for)

    def sql(self, statement: str, as_of: datetime | None = None) -> Query:
        """SQL in DuckDB's dialect; the tables of the lake are views.

        Parameters
        ----------
        statement
            One statement.
        as_of
            See the lake as it was at this moment; a time without a zone is local.

        Examples
        --------
        >>> lake = open_lake("corpus.yaml")
        >>> lake.sql("SELECT count(DISTINCT doc_id) > 100 AS many FROM documents").df()
           many
        0  True
        """
        from pivotmine.ask.query import Query

        return Query(statement, lambda sql: self._connect_for(sql, as_of))

    def links(self, word: str, lang: str | None = None, limit: int = 20) -> Rows[Partner]:
        """Partners of a word in other languages, strongest first.

        Parameters
        ----------
        word
            A word, which may name its language: `chat`, `fr:chat`.
        lang
            Language of the partners; without one, any.
        limit
            Most rows.

        Raises
        ------
        LakeError
            The word is not a single token of the vocabulary.

        Examples
        --------
        >>> open_lake("corpus.yaml").links("fr:chat", lang="en").df()["partner"][0]
        '▁cat'
        """
        from pivotmine.ask.links import TABLES_READ, find_links

        return find_links(self.connect(TABLES_READ), word, lang, limit)

    def bridges(self, word: str, target: str, limit: int = 10) -> Bridges | Reached:
        """Tokens that bridge two words, or the words that one reaches through other languages.

        Parameters
        ----------
        word
            A word, which may name its language: `fr:lait`.
        target
            A word of another language, `ja:牛乳`; or a language and a colon, `ja:`.
        limit
            Most answers.

        Raises
        ------
        LakeError
            A word is not a single token of the vocabulary, or no token is of the language.

        Examples
        --------
        >>> lake = open_lake("corpus.yaml")
        >>> lake.bridges("fr:chat", "ja:猫").df()["token"][0]
        '▁cat'
        >>> lake.bridges("fr:chat", "ja:").df()["token"][0]
        '猫'
        """
        from pivotmine.ask.bridges import TABLES_READ, find_bridges, find_reached, named_alone

        connection = self.connect(TABLES_READ)
        lang = named_alone(target)
        if lang:
            return find_reached(connection, word, lang, limit)
        return find_bridges(connection, word, target, limit)

    def cooccurrence(self, word: str, other: str) -> Rows[Cooccurrence]:
        """How often two words of a lexicon meet, and how often they would by chance.

        Parameters
        ----------
        word, other
            Words that a file of `terms.lexicons` lists as a pair; each may name its language.

        Returns
        -------
        Four rows a pair: documents and windows, anywhere and in text of their languages.

        Raises
        ------
        LakeError
            No lexicon is counted, or it does not hold the pair; the message says what to add.

        Examples
        --------
        >>> both = open_lake("corpus.yaml").cooccurrence("fr:chat", "en:cat")
        >>> both[0].n_ab > both[0].expected
        True
        """
        from pivotmine.ask.cooccurrence import TABLES_READ, find_cooccurrence

        return find_cooccurrence(self.connect(TABLES_READ), word, other)

    def documents(
        self, word: str, other: str | None = None, limit: int = 10, max_lines: int = 4
    ) -> Rows[FoundDocument]:
        """Documents that hold a word, or in which two words meet, with the lines where they do.

        There is no index: a question scans the token ids of the whole corpus once, about 0.1
        seconds of processor time for a million tokens.

        Parameters
        ----------
        word, other
            Words, which may name a language: `fr:chat` stands for the word in lines of French.
        limit
            Most documents; those in which the words are nearest come first.
        max_lines
            Most lines of a document.

        Raises
        ------
        LakeError
            A word is not a single token of the vocabulary, or both are the same.

        Examples
        --------
        >>> found = open_lake("corpus.yaml").documents("fr:chat", "en:cat", limit=1)[0]
        >>> found.distance
        1
        >>> [line.lang for line in found.lines][:2]
        ['en', 'fr']
        >>> "[cat]" in found.lines[0].marked()
        True
        """
        from pivotmine.ask.documents import TABLES_READ, find_documents

        return find_documents(
            self.connect(TABLES_READ), word, other, limit=limit, max_lines=max_lines
        )

    def explain(self, doc_id: str) -> Explanation:
        """Why a document was chosen: its scores, its best block, its links, its arms.

        Parameters
        ----------
        doc_id
            Id of a document, or the beginning of it.

        Raises
        ------
        LakeError
            No document has this id, several begin with it, or it has no scores yet.

        Examples
        --------
        >>> lake = open_lake("corpus.yaml")
        >>> found = lake.documents("fr:chat", "en:cat", limit=1)[0]
        >>> lake.explain(found.doc_id[:12]).source == found.source
        True
        """
        from pivotmine.ask.explain import TABLES_READ, explain

        return explain(self.connect(TABLES_READ), doc_id)

    def arms(self) -> Arms:
        """What each arm holds: sizes, languages, types, sources, links, documents in common.

        Raises
        ------
        LakeError
            Nothing is selected yet.

        Examples
        --------
        >>> [arm.name for arm in open_lake("corpus.yaml").arms().arms]
        ['random', 'translation']
        """
        from pivotmine.ask.arms import TABLES_READ, describe_arms

        return describe_arms(self.connect(TABLES_READ))

    def connect(
        self, tables: Sequence[str] | None = None, as_of: datetime | None = None
    ) -> duckdb.DuckDBPyConnection:
        """A DuckDB connection of its own, with the tables of the lake as views.

        Parameters
        ----------
        tables
            The tables that are needed; without them, all.
        as_of
            See the lake as it was at this moment; a time without a zone is local.

        Examples
        --------
        >>> connection = open_lake("corpus.yaml").connect(["links"])
        >>> connection.execute("SELECT count(*) > 0 FROM links").fetchone()
        (True,)
        """
        from pivotmine.lake.query import connect

        return connect(self.lake, as_of.astimezone() if as_of else None, tables)

    def _connect_for(
        self, statement: str, as_of: datetime | None = None
    ) -> duckdb.DuckDBPyConnection:
        from pivotmine.lake.query import tables_named

        return self.connect(tables_named(statement), as_of)


def _recipe(source: Recipe | RecipeSource) -> Recipe:
    from pivotmine.recipe import Recipe

    return source if isinstance(source, Recipe) else load_recipe(source)


def _lake_config(source: Recipe | RecipeSource) -> Any:
    """Section `lake` of a recipe, or that of a local warehouse."""
    from pivotmine.recipe import LakeConfig

    if isinstance(source, str | os.PathLike):
        path = Path(source)
        if path.is_dir():
            if not (path / "catalog.db").exists():
                raise InputError(
                    f"no lake at {path}: give its warehouse (the folder that holds catalog.db), "
                    "or a recipe (.yaml)"
                )
            return LakeConfig(warehouse=str(path))
    return _recipe(source).lake


def _yaml(value: Any) -> str:
    """A value as YAML on one line, as an override is written."""
    import yaml

    return yaml.safe_dump(
        _plain(value), default_flow_style=True, allow_unicode=True, width=float("inf")
    ).removesuffix("...\n")


def _plain(value: Any) -> Any:
    """The value in the types that YAML has."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return os.fspath(value) if isinstance(value, os.PathLike) else value
