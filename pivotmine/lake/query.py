"""Questions to the lake: SQL over its tables, and the tokens of a word.

DuckDB reads the Parquet files of the committed snapshots, so an answer needs neither Spark nor Java
and takes milliseconds. Tables are views under their own names.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from pivotmine.errors import LakeError
from pivotmine.lake.addresses import local_path
from pivotmine.lake.lake import ARTIFACTS, Lake
from pivotmine.lake.tables import RUNS, SHARDS, TABLES
from pivotmine.text.language_code import LANGUAGE_NAME, asked_code

if TYPE_CHECKING:
    from pivotmine.lake.query_files import SnapshotFiles

WORD_START = "▁Ġ"
"""Marks of a word start in the pieces of sentencepiece and byte-level BPE."""

SCORING_LINKS = """
    SELECT row_number() OVER (ORDER BY g2 DESC, lang_a, lang_b, a, b) - 1 AS link, *
    FROM links WHERE prevails AND NOT is_copy
"""
"""Links that count for scores, with their numbers in `scores.links`: from the strongest, as
`scoring_links` of stage score orders them."""


def connect(
    lake: Lake, as_of: datetime | None = None, tables: Iterable[str] | None = None
) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with a view for every table, now or as of a moment in the past.

    Tables that are not committed yet are empty.

    Parameters
    ----------
    as_of
        A moment in the past; now by default.
    tables
        Tables to read; all by default. The metadata of each costs a few milliseconds.

    Raises
    ------
    LakeError
        A file of a committed table is gone or unreadable.
    """
    connection = duckdb.connect()
    known = None if lake.is_local else _register_files(connection, lake)
    for name in TABLES if tables is None else tables:
        snapshot = lake.snapshot(name, as_of)
        sizes = dict(lake.file_sizes(name, snapshot)) if snapshot else {}
        paths = list(sizes)
        if known is not None:
            known.add(sizes)
        if paths:
            listed = ", ".join(quoted(local_path(path)) for path in paths)
            seen = _seen_as(lake, name, as_of, f"FROM read_parquet([{listed}])")
            view = f'CREATE VIEW "{name}" AS {seen}'
            try:
                connection.execute(view)
            except (duckdb.Error, OSError) as error:
                raise LakeError(f"files of table {name} cannot be read: {error}") from None
        else:
            # A table, since cursors of the connection do not see what is registered.
            connection.register("no_rows", pa.Table.from_batches([], TABLES[name].schema))
            connection.execute(f'CREATE TABLE "{name}" AS FROM no_rows')
            connection.unregister("no_rows")
    return connection


def _seen_as(lake: Lake, name: str, as_of: datetime | None, rows: str) -> str:
    """How a table is seen by questions."""
    if name == SHARDS.name:  # where the files are, if the lake was moved, too
        address = quoted(lake.address_of(ARTIFACTS))
        path = f"regexp_replace(path, '^(.*/)?{ARTIFACTS}', {address})"
        return f"SELECT * REPLACE ({path} AS path) {rows}"
    if name == RUNS.name and as_of is not None:
        return f"SELECT * {rows} WHERE finished_at <= {quoted(as_of.isoformat())}::TIMESTAMPTZ"
    return f"SELECT * {rows}"


def _register_files(connection: duckdb.DuckDBPyConnection, lake: Lake) -> SnapshotFiles:
    from pivotmine.lake.query_files import SnapshotFiles

    known = SnapshotFiles(lake.filesystem)
    connection.register_filesystem(known)
    return known


def confine(connection: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    """Make a connection a window to the tables of the lake that it has: it opens no other file.

    Files that views read are all that DuckDB may open from then on, extensions cannot be loaded,
    and the settings that say so are locked. `check_reads` refuses statements that write.
    """
    paths = files_read(connection)
    if not lake.is_local:  # DuckDB asks by the spelling of the filesystem, too
        strip, unstrip = lake.filesystem._strip_protocol, lake.filesystem.unstrip_protocol
        paths += [unstrip(strip(path)) for path in paths]
    allowed = ", ".join(map(quoted, paths))
    for setting in (
        f"allowed_paths = [{allowed}]",
        "enable_external_access = false",
        "python_enable_replacements = false",
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")


def files_read(connection: duckdb.DuckDBPyConnection, table: str | None = None) -> list[str]:
    """The Parquet files of a table, or of all tables, as the views of a connection name them."""
    views = (
        "SELECT sql FROM duckdb_views() WHERE NOT internal AND coalesce(view_name = $table, true)"
    )
    return [
        path.replace("''", "'")
        for (sql,) in connection.execute(views, {"table": table}).fetchall()
        for path in re.findall(r"'((?:[^']|'')*)'", sql)
        if path.endswith(".parquet")
    ]


def check_reads(sql: str) -> None:
    """Check that SQL asks, and does not write, attach, load or set anything.

    Raises
    ------
    LakeError
        A statement is no question, or DuckDB cannot parse it.
    """
    with explained():
        for statement in duckdb.extract_statements(sql):
            asked, kind = statement.query.strip(), statement.type
            if kind is duckdb.StatementType.EXPLAIN:
                asked = _EXPLAIN.sub("", asked, count=1)
                (kind,) = {found.type for found in duckdb.extract_statements(asked)}
            is_pivot = kind is duckdb.StatementType.MULTI and _PIVOT.match(asked)
            if kind is not duckdb.StatementType.SELECT and not is_pivot:
                raise LakeError(
                    f"{asked.split(maxsplit=1)[0].upper()} is refused: a query only reads the "
                    "tables of the lake. SELECT, DESCRIBE, SHOW, SUMMARIZE and EXPLAIN are "
                    "allowed; --no-sandbox (sandbox=False in Python) allows every statement."
                )


_EXPLAIN = re.compile(r"EXPLAIN\s+(ANALYZE\s+)?", re.IGNORECASE)
_PIVOT = re.compile(r"(PIVOT|PIVOT_WIDER|SELECT|FROM|WITH)\b", re.IGNORECASE)


def quoted(text: str) -> str:
    """Text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def tables_named(sql: str) -> list[str]:
    """The tables whose names occur in a statement; all of them if it queries the catalog."""
    words = set(re.findall(r"\w+", sql.lower()))
    if words & _CATALOG_WORDS or any(word.startswith("duckdb_") for word in words):
        return list(TABLES)
    return [name for name in TABLES if name in words]


_CATALOG_WORDS = {"show", "pragma", "information_schema", "sqlite_master", "pg_catalog"}


def run_sql(
    connection: duckdb.DuckDBPyConnection, sql: str
) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    """Execute a statement; returns the names of its columns, and an iterator over its rows.

    Raises
    ------
    LakeError
        DuckDB refuses the statement, at once or while rows are read; the message is DuckDB's.
    """

    def rows() -> Iterator[tuple[Any, ...]]:
        with explained():
            yield from iter(connection.fetchone, None)

    with explained():
        connection.execute(sql)
        if not connection.description:
            raise LakeError(f"{sql!r} holds no SQL statement")
        return [column[0] for column in connection.description], rows()


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """DuckDB's errors as `LakeError`, with a list of the tables."""
    try:
        yield
    except duckdb.PermissionException as error:
        raise LakeError(
            f"{str(error).splitlines()[0]}\nA query opens no files but those of the lake's tables. "
            "--no-sandbox (sandbox=False in Python) allows others."
        ) from None
    except duckdb.Error as error:
        raise LakeError(f"{error}\nTables: {', '.join(TABLES)}.") from None


@dataclass(frozen=True)
class WordTokens:
    """The tokens of a word: spellings with and without a word start, in any case."""

    word: str
    lang: str | None
    """Language that the question names, as in `fr:chat`."""
    token_ids: tuple[int, ...]
    tokens: tuple[str, ...]
    langs: tuple[tuple[str, ...], ...]
    """Languages of which each token is a word."""


def named_language(word: str) -> tuple[str | None, str]:
    """Language and spelling of a word that may name its language: `fr:chat`, `chat`.

    Width, Unicode form, blanks and quotation marks around it do not matter: `ｆｒ：ｃｈａｔ` and
    `"fr: chat"` are `fr:chat`.
    """
    plain = " ".join(unicodedata.normalize("NFKC", word).split())
    plain = plain.strip('"“”').strip() or plain
    named = _WITH_LANGUAGE.fullmatch(plain)
    return (asked_code(named[1]), named[2]) if named else (None, plain)


def rows_of_word(
    connection: duckdb.DuckDBPyConnection, sql: str, word: str, lang: str | None, limit: int
) -> list[tuple[Any, ...]]:
    """Rows of a statement about a word and its partners in a language, or in any.

    The statement has the parameters `$ids` (of the word's tokens), `$word_lang`, `$lang` and
    `$limit`.

    Raises
    ------
    LakeError
        The word is not a single token of the vocabulary.
    """
    found = find_word(connection, word)
    asked = {
        "ids": list(found.token_ids),
        "word_lang": found.lang,
        "lang": lang and asked_code(lang),
        "limit": limit,
    }
    return connection.execute(sql, asked).fetchall()


def find_word(connection: duckdb.DuckDBPyConnection, word: str) -> WordTokens:
    """The tokens of a word, which may name its language: `chat`, `fr:chat`.

    Raises
    ------
    LakeError
        The word is not a single token of the vocabulary; the message lists tokens that contain it.
    """
    lang, spelling = named_language(word)
    spelling = spelling.lstrip(WORD_START).strip() or spelling
    # A given tokenizer may have tokens in other forms than NFKC.
    forms = [spelling, *(unicodedata.normalize(form, word.strip()) for form in ("NFC", "NFD"))]
    rows = connection.execute(
        f"""
        SELECT token_id, token, langs FROM vocabulary
        WHERE lower(ltrim(token, '{WORD_START}')) IN (SELECT lower(unnest($forms)))
          AND token_count > 0
          AND ($lang IS NULL OR list_contains(langs, $lang))
        ORDER BY token_count DESC, token_id
        """,
        {"forms": forms, "lang": lang},
    ).fetchall()
    if not rows and " " in spelling:
        raise LakeError(
            f"{spelling!r} is not a single token but several words. Ask for one of them, "
            "or list the term in a file of terms.lexicons, run `pivotmine run --only terms`, and "
            "ask `pivotmine cooccurrence`, which counts terms of several words exactly."
        )
    if not rows:
        near = connection.execute(
            """
            SELECT token FROM vocabulary WHERE contains(lower(token), lower($word))
            ORDER BY token_count DESC, token_id LIMIT 8
            """,
            {"word": spelling},
        ).fetchall()
        also = f" Tokens that contain it: {', '.join(row[0] for row in near)}." if near else ""
        of_language = f" of language {lang}" if lang else ""
        raise LakeError(
            f"{spelling!r} is not a single token{of_language} in this corpus's vocabulary, and "
            f"links join tokens.{also}"
        )
    ids, tokens, langs = zip(*rows, strict=True)
    return WordTokens(spelling, lang, ids, tokens, tuple(tuple(names) for names in langs))


_WITH_LANGUAGE = re.compile(rf"({LANGUAGE_NAME}) ?: ?(.+)")
