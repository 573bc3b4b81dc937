"""Audit: the promises of the runner, counted again from the tables and files.

No figure is taken from `runs`, and every shard file is read back.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence

import duckdb
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from pivotmine.keep.audit_files import Finding, unreadable
from pivotmine.lake.boundaries import boundaries_path, read_boundaries
from pivotmine.lake.digests import Damage, DigestsLost, digest_of, recorded
from pivotmine.lake.lake import Lake
from pivotmine.lake.query import quoted


def audited_tables(lake: Lake, damages: Sequence[Damage]) -> list[str]:
    """The committed tables that can be checked: those without damaged data files."""
    without = unreadable(lake, damages)
    return [
        name for name in _CHECKS_NEED if name not in without and lake.snapshot(name) is not None
    ]


def audit(
    lake: Lake, connection: duckdb.DuckDBPyConnection, damages: Sequence[Damage] | None = None
) -> Iterator[Finding]:
    """Check all tables that are committed; yields a finding a check.

    Parameters
    ----------
    connection
        A connection to `audited_tables` at least.
    damages
        What `audit_files` has found. Checks of tables whose data files are damaged are left out,
        and training files that it has compared are not read again. None if it was not called.
    """
    committed = set(audited_tables(lake, damages or ()))
    for check, tables, sql in _CHECKS:
        if set(tables) <= committed:
            left, right = _row(connection, sql)
            yield Finding(
                check,
                left == right,
                f"{left:,} = {right:,}" if left == right else f"{left:,} and {right:,}",
            )
    if {"selection", "shards"} <= committed:
        yield from _audit_shards(lake, connection, damages)


# The columns of a word pair are null for a single word, and `least` ignores nulls.
_WITHIN = (
    "{0} <= least({0}_a, {0}_b, {0}_total) AND {0}_in_lang <= least({0}, {0}_in_lang_a, "
    "{0}_in_lang_b, {0}_in_lang_total) AND {0}_in_lang_total <= {0}_total"
)

# A word is in some window of each of its documents; a pair may meet in none.
_SEEN = "(lang_b IS NOT NULL OR n_docs <= n_windows)"

_CHECKS = (
    (
        "records read = documents + rejects + duplicates",
        ("inputs", "documents", "rejects", "duplicates"),
        """SELECT (SELECT coalesce(sum(n_records), 0) FROM inputs),
                  (SELECT count(*) FROM documents) + (SELECT count(*) FROM rejects)
                  + (SELECT count(*) FROM duplicates)""",
    ),
    (
        "every document id is there once",
        ("documents",),
        "SELECT count(*), count(DISTINCT doc_id) FROM documents",
    ),
    (
        "every duplicate names a kept document",
        ("documents", "duplicates"),
        """SELECT (SELECT count(*) FROM duplicates),
                  (SELECT count(*) FROM duplicates
                   WHERE kept_doc_id IN (SELECT doc_id FROM documents))""",
    ),
    (
        "every signature belongs to a document or a near copy",
        ("documents", "near_copies", "signatures"),
        """SELECT (SELECT count(*) FROM signatures),
                  (SELECT count(DISTINCT doc_id) FROM signatures WHERE doc_id IN
                   (SELECT doc_id FROM documents UNION ALL SELECT doc_id FROM near_copies))""",
    ),
    (
        "every document has its tokens",
        ("documents", "tokens"),
        """SELECT greatest((SELECT count(*) FROM documents), (SELECT count(*) FROM tokens)),
                  (SELECT count(DISTINCT t.doc_id) FROM tokens t JOIN documents USING (doc_id)
                   WHERE len(t.token_ids) = t.n_tokens)""",
    ),
    (
        "occurrences in the vocabulary = tokens of the documents",
        ("tokens", "vocabulary"),
        """SELECT (SELECT coalesce(sum(n_tokens), 0)::BIGINT FROM tokens),
                  (SELECT coalesce(sum(token_count), 0)::BIGINT FROM vocabulary)""",
    ),
    (
        "pair counts = sum of their folds, and within their margins",
        ("counts",),
        """SELECT count(*), count(*) FILTER (n_ab = list_sum(fold_counts)
                  AND n_ab <= least(n_a, n_b) AND greatest(n_a, n_b) <= n_contexts) FROM counts""",
    ),
    (
        "rows of lexicons = listings in term_counts + rejects",
        ("lexicons", "term_counts", "lexicon_rejects"),
        """SELECT (SELECT coalesce(sum(n_rows), 0)::BIGINT FROM lexicons),
                  (SELECT coalesce(sum(n_listed), 0)::BIGINT FROM term_counts)
                  + (SELECT count(*) FROM lexicon_rejects)""",
    ),
    (
        "term counts are within those of their words, their languages and all text",
        ("term_counts",),
        f"""SELECT count(*), count(*) FILTER ({_SEEN} AND {_WITHIN.format("n_docs")}
                   AND {_WITHIN.format("n_windows")}) FROM term_counts""",
    ),
    (
        "every document has a score by every method",
        ("tokens", "scores"),
        """SELECT greatest((SELECT count(*) FROM scores), (SELECT count(*) FROM tokens)
                                    * (SELECT count(DISTINCT method) FROM scores)),
                  (SELECT count(DISTINCT (s.doc_id, s.method))
                   FROM scores s JOIN tokens USING (doc_id))""",
    ),
    (
        "every selected document is a tokenised one, once an epoch of an arm",
        ("tokens", "selection"),
        """SELECT (SELECT count(*) FROM selection),
                  (SELECT count(DISTINCT (s.arm, s.doc_id, s.epoch)) FROM selection s JOIN tokens t
                   ON s.doc_id = t.doc_id AND s.n_tokens = t.n_tokens)""",
    ),
    (
        "positions of every arm count from 0 without a gap",
        ("selection",),
        """SELECT count(*), count(*) FILTER (whole) FROM (
             SELECT min(position) = 0 AND max(position) + 1 = count(*)
                    AND count(DISTINCT position) = count(*) AS whole
             FROM selection GROUP BY arm)""",
    ),
    (
        "shards hold the documents of the selection",
        ("selection", "shards"),
        """SELECT (SELECT count(*) * (SELECT count(DISTINCT format) FROM shards) FROM selection),
                  (SELECT coalesce(sum(n_docs), 0)::BIGINT FROM shards)""",
    ),
    (
        "shards hold the tokens of the selection",
        ("selection", "shards"),
        """SELECT (SELECT coalesce(sum(n_tokens), 0)::BIGINT
                   * (SELECT count(DISTINCT format) FROM shards) FROM selection),
                  (SELECT coalesce(sum(n_tokens), 0)::BIGINT FROM shards)""",
    ),
)
_CHECKS_NEED = tuple(dict.fromkeys(table for _, tables, _ in _CHECKS for table in tables))


def _audit_shards(
    lake: Lake, connection: duckdb.DuckDBPyConnection, damages: Sequence[Damage] | None
) -> Iterator[Finding]:
    """Read every shard file back: its checksum, and the ids of its documents in order."""
    rows = connection.execute(
        "SELECT arm, path, format, checksum, n_docs, first_position FROM shards ORDER BY path"
    ).fetchall()
    compared = {} if damages is None else _compared(lake, damages)
    intact = sum(
        checksum == (compared.get(lake.normal_address(path)) or _checksum(lake, path))
        for _, path, _, checksum, _, _ in rows
    )
    yield Finding(
        "shard files have their checksums",
        intact == len(rows),
        f"{intact:,} of {len(rows):,} files",
    )
    whole = 0
    for arm, path, format_name, _, n_docs, first in rows:
        try:
            doc_ids = _document_ids(lake, path, format_name)
        except (OSError, EOFError, ValueError, zstandard.ZstdError):
            continue  # missing or damaged: not whole
        connection.register("shard_file", pa.table({"doc_id": doc_ids}))
        sql = f"""
            SELECT count(*), count(s.position) FROM
              (SELECT doc_id, row_number() OVER () - 1 + {first} AS position FROM shard_file) f
            LEFT JOIN selection s ON s.doc_id = f.doc_id AND s.position = f.position
             AND s.arm = {quoted(arm)}
            """
        whole += _row(connection, sql) == (n_docs, n_docs)
        connection.unregister("shard_file")
    yield Finding(
        "shard files hold the selected documents in order",
        whole == len(rows),
        f"{whole:,} of {len(rows):,} files",
    )


def _document_ids(lake: Lake, path: str, format_name: str) -> pa.Array:
    """Ids of the documents of a shard file, in its order; 80 bytes a document."""
    if format_name in ("npy", "megatron"):
        return read_boundaries(lake.filesystem, boundaries_path(path)).doc_ids
    with lake.open(path) as file:
        if format_name == "parquet":
            return pq.read_table(file, columns=["id"])["id"]
        lines = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
        ids = [orjson.loads(line)["id"] for line in io.BufferedReader(lines)]
    return pa.array(ids, pa.string())


def _compared(lake: Lake, damages: Iterable[Damage]) -> dict[str, str]:
    """Hashes of the training files that `audit_files` found to be as they were written."""
    damaged = {damage.path for damage in damages}
    try:
        digests = recorded(lake, "shards") or {}
    except DigestsLost:
        return {}
    return {
        lake.normal_address(path): digest.blake3
        for path, digest in digests.items()
        if path not in damaged
    }


def _checksum(lake: Lake, path: str) -> str:
    try:
        with lake.open(path) as stream:
            return digest_of(stream).blake3
    except FileNotFoundError:
        return "missing"


def _row(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[int, ...]:
    (row,) = connection.execute(sql).fetchall()
    return tuple(row)
