"""Digests of a lake's tables, to show that two lakes hold the same.

    python -m bench.table_digests LAKE [OTHER_LAKE]

Prints a line a table: rows, and a BLAKE3 of its rows sorted. With two lakes, prints both and exits
with 1 where any table differs. Reads Iceberg metadata and Parquet files with PyIceberg and DuckDB
alone, so that it compares lakes that different versions of PivotMine made. Left out: table `runs`
and columns that name a run or a place on disk.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb
from blake3 import blake3
from pyiceberg.catalog.sql import SqlCatalog

LEFT_OUT = {"shards": {"path"}, "inputs": {"uri", "stamp", "fingerprint"}}
"""Columns by table that say when or where, not what."""

PLACES = {"documents", "near_copies", "rejects", "duplicates", "lexicons", "lexicon_rejects"}
"""Tables whose column `uri` is cut to the name of the file."""


def digest_tables(lake: Path, namespace: str) -> dict[str, tuple[int, str]]:
    """Rows and digest of every table of a local lake but `runs`."""
    catalog = SqlCatalog("pivotmine", uri=f"sqlite:///{lake.resolve()}/catalog.db")
    names = sorted(name for _, name in catalog.list_tables(namespace) if name != "runs")
    return {name: _digest(catalog, namespace, name) for name in names}


def _digest(catalog: SqlCatalog, namespace: str, name: str) -> tuple[int, str]:
    table = catalog.load_table((namespace, name))
    files = [task.file.file_path.removeprefix("file://") for task in table.scan().plan_files()]
    if not files:
        return 0, ""
    names = [field.name for field in table.schema().fields]
    columns = [c for c in names if c not in LEFT_OUT.get(name, ())]
    picked = ", ".join(
        "regexp_extract(uri, '[^/]*$') AS uri" if c == "uri" and name in PLACES else f'"{c}"'
        for c in sorted(columns)
    )
    rows = duckdb.connect().execute(
        f"SELECT md5(row(*COLUMNS(*))::VARCHAR) AS hash FROM "
        f"(SELECT {picked} FROM read_parquet($1, union_by_name = true)) ORDER BY hash",
        [files],
    )
    seen, n_rows = blake3(), 0
    while batch := rows.fetchmany(100_000):
        n_rows += len(batch)
        seen.update("".join(row[0] for row in batch).encode())
    return n_rows, seen.hexdigest()[:32]


def main() -> int:
    """Print the digests; 1 where two lakes differ."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("lakes", nargs="+", type=Path, help="one lake to print, or two to compare")
    parser.add_argument("--namespace", default="pivotmine")
    arguments = parser.parse_args()
    found = [digest_tables(lake, arguments.namespace) for lake in arguments.lakes]
    differ = 0
    for name in sorted(set().union(*found)):
        digests = [tables.get(name, (0, "absent")) for tables in found]
        same = len(set(digests)) == 1
        differ += not same
        print(f"{name:16}", *(f"{n:>10,} {digest}" for n, digest in digests), "" if same else "!")
    print(f"{differ} tables differ" if len(found) > 1 else "")
    return int(differ > 0)


if __name__ == "__main__":
    raise SystemExit(main())
