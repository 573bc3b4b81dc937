"""Merging of small files, before they are committed.

Every run adds files to the tables that it does not replace, and hundreds of small files are slow to
plan and to read. If a table that gets new files would have more than `MAX_SMALL_FILES` small ones,
the driver copies them into one; no row changes. A merged file that has grown beyond
`SMALL_FILE_BYTES` is not merged again.

Bound: `MAX_MERGED_BYTES` of a table go through the driver in a run, `ROW_GROUP_BYTES` and a row
group at a time.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from pivotmine.lake.digests import WrittenFile, write_parquet_file
from pivotmine.lake.lake import Lake
from pivotmine.lake.parquet_files import parquet_reader, reading
from pivotmine.lake.tables import TABLES, conform

SMALL_FILE_BYTES = 8_000_000
MAX_SMALL_FILES = 64
MAX_MERGED_BYTES = 512_000_000
ROW_GROUP_BYTES = 64_000_000

MERGED = "merged.parquet"


def merge_small_files(
    lake: Lake,
    name: str,
    folder: str,
    added: Sequence[str],
    kept: Mapping[str, int],
    written: dict[str, WrittenFile],
) -> tuple[list[str], dict[str, int]]:
    """The files that a run adds to a table and those that stay in it, after merging small ones.

    Parameters
    ----------
    folder
        Where the run puts files of the table.
    added
        New files; those that are merged are deleted.
    kept
        Files of the committed snapshot that stay, with their rows.
    written
        What is known of new files, by their paths; a merged one is added.
    """
    if not added:
        return list(added), dict(kept)
    stays = {lake.normal_address(path) for path in kept}
    sizes = {
        path: size for path, size in lake.file_sizes(name) if lake.normal_address(path) in stays
    }
    sizes |= {path: written[path].digest.n_bytes for path in added}
    merged = _to_merge(sizes)
    if not merged:
        return list(added), dict(kept)
    path = posixpath.join(folder, MERGED)
    schema = TABLES[name].schema
    file = write_parquet_file(_row_groups(lake, merged, schema), schema, path)
    written[path] = file
    lake.held.remember(path, file.digest.n_bytes, file.footer)
    gone = {lake.normal_address(file) for file in merged}
    for small in added:
        if lake.normal_address(small) in gone:
            lake.remove(small)
    stay = {file: n_rows for file, n_rows in kept.items() if lake.normal_address(file) not in gone}
    return [path, *(file for file in added if lake.normal_address(file) not in gone)], stay


def _row_groups(lake: Lake, files: Sequence[str], schema: pa.Schema) -> Iterator[pa.Table]:
    """The rows of files, in groups of `ROW_GROUP_BYTES` and at most one row group more."""
    held: list[pa.Table] = []
    for file in files:
        with reading(file), lake.open(file) as stream, parquet_reader(stream) as rows:
            for group in range(rows.num_row_groups):
                held.append(conform(rows.read_row_group(group), schema))
                if sum(part.nbytes for part in held) >= ROW_GROUP_BYTES:
                    yield pa.concat_tables(held)
                    held = []
    if held:
        yield pa.concat_tables(held)


def _to_merge(sizes: Mapping[str, int]) -> list[str]:
    """The small files if there are too many, smallest first, up to what the driver may copy."""
    small = sorted((size, file) for file, size in sizes.items() if size < SMALL_FILE_BYTES)
    if len(small) <= MAX_SMALL_FILES:
        return []
    n_bytes, chosen = 0, []
    for size, file in small:
        n_bytes += size
        if n_bytes > MAX_MERGED_BYTES:
            break
        chosen.append(file)
    return chosen
