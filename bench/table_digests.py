"""Digests of a lake's tables, to compare two lakes.

    python -m bench.table_digests LAKE [OTHER_LAKE] [--without scores.evidence] [--renamed OLD=NEW]

Prints for each table its number of rows and a BLAKE3 hash of their sorted hashes. With two lakes it
prints both, and exits with 1 if a table differs. It uses only PyIceberg, DuckDB and numpy, so it
compares lakes made by different versions of PivotMine. Table `runs`, times and places are left
out. Contexts are compared one by one, since the scheduling of tasks decides how many a row packs.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
from blake3 import blake3
from pyiceberg.catalog.sql import SqlCatalog

LEFT_OUT = {"shards.path", "inputs.uri", "inputs.stamp", "inputs.fingerprint"}
"""Columns of times and places."""

PLACES = {"documents", "near_copies", "rejects", "duplicates", "lexicons", "lexicon_rejects"}
"""Tables whose column `uri` is cut to the name of the file."""

BATCH_ROWS = 100_000


def digest_tables(
    lake: Path, namespace: str, left_out: set[str], renamed: dict[str, str]
) -> dict[str, tuple[int, str]]:
    """Rows and digest of every table of a local lake but `runs`.

    Parameters
    ----------
    left_out
        Columns to leave out, as `table.column`.
    renamed
        Old -> new values of columns `arm` and `method`.
    """
    catalog = SqlCatalog("pivotmine", uri=f"sqlite:///{lake.resolve()}/catalog.db")
    found = {}
    for _, name in sorted(catalog.list_tables(namespace)):
        table = catalog.load_table((namespace, name))
        files = [task.file.file_path.removeprefix("file://") for task in table.scan().plan_files()]
        columns = {field.name for field in table.schema().fields}
        if name == "runs":
            continue
        if not files:
            found[name] = (0, "")
        elif name == "contexts":
            found[name] = _digest(sorted(_contexts(files)))
        else:
            columns -= {one.split(".")[1] for one in left_out if one.startswith(f"{name}.")}
            found[name] = _digest(_row_hashes(name, files, sorted(columns), renamed))
    return found


def _digest(hashes: Iterator[str] | list[str]) -> tuple[int, str]:
    seen, n_rows = blake3(), 0
    for one in hashes:
        seen.update(one.encode())
        n_rows += 1
    return n_rows, seen.hexdigest()[:32]


def _row_hashes(
    name: str, files: list[str], columns: list[str], renamed: dict[str, str]
) -> Iterator[str]:
    """A hash a row, ascending."""
    picked = []
    for column in columns:
        value = f'"{column}"'
        if column == "uri" and name in PLACES:
            value = "regexp_extract(uri, '[^/]*$')"
        elif column in ("arm", "method"):
            for old, new in renamed.items():
                value = f"CASE WHEN {value} = '{old}' THEN '{new}' ELSE {value} END"
        picked.append(f'{value} AS "{column}"')
    rows = duckdb.connect().execute(
        "SELECT md5(row(*COLUMNS(*))::VARCHAR) AS hash FROM (SELECT "
        f"{', '.join(picked)} FROM read_parquet($1, union_by_name = true)) ORDER BY hash",
        [files],
    )
    while batch := rows.fetchmany(BATCH_ROWS):
        yield from (row[0] for row in batch)


def _contexts(files: list[str]) -> Iterator[str]:
    """A hash a context: its fold and its nodes."""
    rows = duckdb.connect().execute("SELECT sizes, folds, steps FROM read_parquet($1)", [files])
    while batch := rows.fetchmany(1):
        sizes, folds, steps = batch[0]
        nodes = np.cumsum(np.frombuffer(steps, np.int32), dtype=np.int32)
        ends = np.cumsum(np.frombuffer(sizes, np.int32))
        for fold, part in zip(folds, np.split(nodes, ends[:-1]), strict=True):
            yield blake3(bytes([fold]) + part.tobytes()).hexdigest()


def main() -> int:
    """Print the digests; 1 where two lakes differ."""
    parser = argparse.ArgumentParser(description="Digests of a lake's tables.")
    parser.add_argument("lakes", nargs="+", type=Path, help="a lake to print, or two to compare")
    parser.add_argument("--namespace", default="pivotmine")
    parser.add_argument(
        "--without", action="append", default=[], metavar="TABLE.COLUMN", help="leave a column out"
    )
    parser.add_argument(
        "--renamed", action="append", default=[], metavar="OLD=NEW", help="an arm or method"
    )
    arguments = parser.parse_args()
    left_out = LEFT_OUT | set(arguments.without)
    renamed = dict(one.split("=", 1) for one in arguments.renamed)
    found = [
        digest_tables(lake, arguments.namespace, left_out, renamed) for lake in arguments.lakes
    ]
    differ = 0
    for name in sorted(set().union(*found)):
        digests = [tables.get(name, (0, "absent")) for tables in found]
        same = len(set(digests)) == 1
        differ += not same
        print(
            f"{name:16}", *(f"{n:>10,} {digest:32}" for n, digest in digests), "" if same else "!"
        )
    if len(found) > 1:
        print(f"{differ} tables differ")
    return int(differ > 0)


if __name__ == "__main__":
    raise SystemExit(main())
