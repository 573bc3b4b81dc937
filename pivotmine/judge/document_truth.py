"""What is known about documents: from a planted corpus, or a table of one's own.

A planted corpus has a folder `truth` with the kind of every document, its language pair, the
document that it repeats, and the translations that it holds. For other corpora the truth is a
Parquet file with `kind` and either `doc_id` or `uri` (for all documents of a source file). With an
optional column `part`, such as the language pair, figures are also given by part. Documents that
the file does not list are of kind `other`.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from pivotmine.errors import InputError, LakeError
from pivotmine.lake.query import quoted

TRANSLATED = ("parallel", "block")
UNTRANSLATED = ("monolingual", "code_switched", "template")
TWO_LANGUAGES = ("code_switched", "template")
OTHER = "other"

_DOCUMENTS, _LINKS = "document_truth.parquet", "document_links.parquet"


def join_truth(connection: duckdb.DuckDBPyConnection, truth: Path) -> None:
    """Make the tables that `documents.py` queries.

    `known`: doc_id, name, kind, part, original, has_translations and n_tokens of every document of
    the lake with a truth; `planted_links`: doc_id, link.

    Raises
    ------
    InputError
        The truth is missing or lacks a column.
    LakeError
        No document of the lake is known to it.
    """
    if truth.is_file():
        _join_file(connection, truth)
    else:
        _join_folder(connection, truth)
    if not connection.execute(_N_KNOWN, [OTHER]).fetchall()[0][0]:
        raise LakeError(
            f"no document of {truth} is in this lake; run `pivotmine run --until score` with the "
            "recipe of the corpus that it belongs to"
        )


def _join_folder(connection: duckdb.DuckDBPyConnection, truth: Path) -> None:
    documents, links = (truth / name for name in (_DOCUMENTS, _LINKS))
    for path in (documents, links):
        if not path.is_file():
            raise InputError(
                f"{path} is not there; name the folder `truth` that `pivotmine planted` wrote, or "
                "a Parquet file with doc_id (or uri) and kind"
            )
    connection.execute(_PLANTED_DOCUMENTS.format(truth=quoted(str(documents))))
    connection.execute(_PLANTED_LINKS.format(links=quoted(str(links))))


def _join_file(connection: duckdb.DuckDBPyConnection, truth: Path) -> None:
    rows = connection.execute(
        f"DESCRIBE SELECT * FROM read_parquet({quoted(str(truth))})"
    ).fetchall()
    names = {name for name, *_ in rows}
    key = next((name for name in ("doc_id", "uri") if name in names), None)
    if key is None or "kind" not in names:
        raise InputError(
            f"{truth} has columns {', '.join(sorted(names))}; needed are kind, and doc_id or uri"
        )
    part = "any_value(t.part)" if "part" in names else "NULL"
    connection.execute(_LISTED.format(truth=quoted(str(truth)), key=key, part=part))
    connection.execute(_NO_LINKS)


_N_KNOWN = "SELECT count(*) FROM known WHERE kind <> ?"

# An exact copy has the id of the document that it repeats, and the lake holds one of them.
_PLANTED_DOCUMENTS = """
    CREATE OR REPLACE TEMP TABLE known AS
    SELECT doc_id, url AS name, kind,
           CASE WHEN len(languages) = 2 THEN array_to_string(list_sort(languages), '-') END AS part,
           coalesce(duplicate_of, url) AS original, t.n_links > 0 AS has_translations, s.n_tokens
    FROM (SELECT doc_id, n_tokens FROM tokens) s
    JOIN read_parquet({truth}) t USING (doc_id) WHERE NOT t.is_exact
"""

_PLANTED_LINKS = """
    CREATE OR REPLACE TEMP TABLE planted_links AS
    SELECT doc_id, hash(lang_a, word_a, lang_b, word_b) AS link
    FROM read_parquet({links}) l JOIN known ON l.url = known.name
"""

_LISTED = f"""
    CREATE OR REPLACE TEMP TABLE known AS
    SELECT *, kind NOT IN ('{OTHER}', {", ".join(f"'{kind}'" for kind in UNTRANSLATED)})
           AS has_translations
    FROM (
        SELECT s.doc_id, s.doc_id AS name, s.doc_id AS original, any_value(s.n_tokens) AS n_tokens,
               coalesce(any_value(t.kind), '{OTHER}') AS kind, {{part}} AS part
        FROM (SELECT doc_id, n_tokens FROM tokens) s
        LEFT JOIN (SELECT doc_id, uri FROM documents) d USING (doc_id)
        LEFT JOIN read_parquet({{truth}}) t USING ({{key}}) GROUP BY s.doc_id)
"""

_NO_LINKS = "CREATE OR REPLACE TEMP TABLE planted_links (doc_id VARCHAR, link UBIGINT)"
