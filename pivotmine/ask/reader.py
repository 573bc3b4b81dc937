"""A lake to query: each question is a method, and opens its own DuckDB connection."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pivotmine.errors import LakeError

if TYPE_CHECKING:
    import duckdb

    from pivotmine.ask.arms import Arms
    from pivotmine.ask.bitext import BitextLimits
    from pivotmine.ask.bridges import Bridges, Reached
    from pivotmine.ask.cooccurrence import Cooccurrence
    from pivotmine.ask.documents import FoundDocument
    from pivotmine.ask.explain import Explanation
    from pivotmine.ask.lexicon import EntryLimits, Translation
    from pivotmine.ask.links import Partner
    from pivotmine.ask.query import Query, TableState
    from pivotmine.ask.rows import Rows
    from pivotmine.lake.lake import Lake


class LakeReader:
    """A lake to query, as `pivotmine.open_lake` gives it.

    Every question opens its own DuckDB connection, which reads the Parquet files of the committed
    snapshots. Answers are rows of dataclasses (`.df()` and `.to_arrow()` turn them into tables), or
    queries that run when their rows are fetched.

    Examples
    --------
    >>> lake = pivotmine.open_lake("corpus.yaml")
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
        >>> states = {table.name: table for table in pivotmine.open_lake("corpus.yaml").tables()}
        >>> states["links"].meaning
        'Cross-language pairs whose association is statistically real.'
        """
        from pivotmine.ask.query import list_tables

        return list_tables(self.lake)

    def table(
        self, name: str, columns: Sequence[str] | None = None, where: str | None = None
    ) -> Query:
        """Rows of a table, read when they are fetched.

        Parameters
        ----------
        name
            A table; `pivotmine tables` lists them with their meaning.
        columns
            Columns to read; all by default.
        where
            A condition in SQL.

        Raises
        ------
        LakeError
            There is no such table or column.

        Examples
        --------
        >>> lake = pivotmine.open_lake("corpus.yaml")
        >>> links = lake.table("links", ["token_a", "token_b"], "token_b = '▁chat' AND prevails")
        >>> links.to_arrow().column_names
        ['token_a', 'token_b']
        >>> "▁cat" in set(links.df()["token_a"])
        True
        """
        from pivotmine.ask.query import Query, table_sql

        return Query(table_sql(name, columns, where), self._connect_for)

    def sql(self, statement: str, as_of: datetime | None = None, *, sandbox: bool = True) -> Query:
        """SQL in DuckDB's dialect; the tables of the lake are views.

        A statement may only read these tables: it opens no other file, writes none, attaches no
        database and loads no extension.

        Parameters
        ----------
        statement
            One statement.
        as_of
            See the lake as it was at this moment; a time without a zone is local.
        sandbox
            False allows every statement, with all that this process may read and write.

        Raises
        ------
        LakeError
            DuckDB refuses the statement, or the sandbox does.

        Examples
        --------
        >>> lake = pivotmine.open_lake("corpus.yaml")
        >>> lake.sql("SELECT count(DISTINCT doc_id) > 100 AS many FROM documents").df()
           many
        0  True
        """
        from pivotmine.ask.query import Query

        return Query(statement, lambda sql: self._connect_for(sql, as_of, sandbox=sandbox))

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
        >>> pivotmine.open_lake("corpus.yaml").links("fr:chat", lang="en").df()["partner"][0]
        '▁cat'
        """
        from pivotmine.ask.links import TABLES_READ, find_links

        return find_links(self.connect(TABLES_READ), word, lang, limit)

    def lexicon(self, word: str, lang: str | None = None, limit: int = 20) -> Rows[Translation]:
        """Translations of a word, best first, without a threshold: the best guess for a rare word.

        Parameters
        ----------
        word
            A word, which may name its language: `chat`, `fr:chat`.
        lang
            Language of the translations; without one, any.
        limit
            Most rows.

        Raises
        ------
        LakeError
            The word is not a single token of the vocabulary.

        Examples
        --------
        >>> pivotmine.open_lake("corpus.yaml").lexicon("fr:chat", lang="en")[0].translation
        '▁cat'
        """
        from pivotmine.ask.lexicon import TABLES_READ, find_translations

        return find_translations(self.connect(TABLES_READ), word, lang, limit)

    def write_lexicon(self, path: str | os.PathLike[str], limits: EntryLimits | None = None) -> int:
        """Write the best translations of all words to a file .tsv or .json; returns their number.

        Parameters
        ----------
        path
            A .tsv has a row a pair, with its evidence. A .json has for each word a list of
            translations with weights (`pivotmine.ask.lexicon.write_lexicon`).
        limits
            Which pairs to write.

        Raises
        ------
        InputError
            The name has another suffix.
        LakeError
            The lake has no lexicon yet.

        Examples
        --------
        >>> pivotmine.open_lake("corpus.yaml").write_lexicon("lexicon.tsv") > 0
        True
        """
        from pivotmine.ask.lexicon import TABLES_READ, write_lexicon

        return write_lexicon(self.connect(TABLES_READ), Path(path), limits)

    def write_bitext(
        self,
        folder: str | os.PathLike[str],
        kind: str = "parquet",
        limits: BitextLimits | None = None,
    ) -> dict[str, int]:
        """Write the aligned segments of paired documents as `parquet`, `tmx`, `moses` or `jsonl`.

        Returns the number of segment pairs of each pair of languages; of training documents for
        `jsonl`.

        Raises
        ------
        InputError
            There is no such format.

        Examples
        --------
        >>> counts = pivotmine.open_lake("corpus.yaml").write_bitext("bitext", "moses")
        """
        from pivotmine.ask.bitext import FORMATS, BitextLimits, write_bitext
        from pivotmine.errors import InputError

        if kind not in FORMATS:
            raise InputError(f"no format {kind!r}; the formats are {', '.join(FORMATS)}")
        with self.connect(("segment_pairs", "document_pairs", "documents")) as connection:
            return write_bitext(connection, Path(folder), kind, limits or BitextLimits())

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
        >>> lake = pivotmine.open_lake("corpus.yaml")
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
        >>> both = pivotmine.open_lake("corpus.yaml").cooccurrence("fr:chat", "en:cat")
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
            Words, which may name a language: `fr:chat` means the word in lines of French.
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
        >>> found = pivotmine.open_lake("corpus.yaml").documents("fr:chat", "en:cat", limit=1)[0]
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
            Id of a document, or its beginning.

        Raises
        ------
        LakeError
            No document has this id, several begin with it, or it has no scores yet.

        Examples
        --------
        >>> lake = pivotmine.open_lake("corpus.yaml")
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
        >>> [arm.name for arm in pivotmine.open_lake("corpus.yaml").arms().arms]
        ['random', 'translation']
        """
        from pivotmine.ask.arms import TABLES_READ, describe_arms

        return describe_arms(self.connect(TABLES_READ))

    def connect(
        self, tables: Sequence[str] | None = None, as_of: datetime | None = None
    ) -> duckdb.DuckDBPyConnection:
        """A DuckDB connection of its own, with the tables of the lake as views.

        It is not confined to the lake, as `sql` is: it may read and write what this process may.

        Parameters
        ----------
        tables
            Tables to read; all by default.
        as_of
            See the lake as it was at this moment; a time without a zone is local.

        Raises
        ------
        LakeError
            Nothing was committed at this moment.

        Examples
        --------
        >>> connection = pivotmine.open_lake("corpus.yaml").connect(["links"])
        >>> connection.execute("SELECT count(*) > 0 FROM links").fetchone()
        (True,)
        """
        from pivotmine.lake.query import connect

        moment = as_of.astimezone() if as_of else None
        first = min(self.lake.runs()["finished_at"].to_pylist()) if moment else None
        if moment and first and moment < first:
            raise LakeError(
                f"nothing was committed by {moment:%Y-%m-%d %H:%M:%S}; the first commit of this "
                f"lake is of {first.astimezone():%Y-%m-%d %H:%M:%S}"
            )
        return connect(self.lake, moment, tables)

    def _connect_for(
        self, statement: str, as_of: datetime | None = None, *, sandbox: bool = True
    ) -> duckdb.DuckDBPyConnection:
        from pivotmine.lake.query import check_reads, confine, tables_named

        if sandbox:
            check_reads(statement)
        connection = self.connect(tables_named(statement), as_of)
        if sandbox:
            confine(connection, self.lake)
        return connection
