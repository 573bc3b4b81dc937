"""Commits to a lake: all tables of a stage, then its row in `runs`."""

from __future__ import annotations

import contextlib
import posixpath
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyiceberg.exceptions import CommitFailedException, ValidationException

from pivotmine.errors import LakeError
from pivotmine.lake.digests import DIGESTS, FileDigest, write_digests
from pivotmine.lake.lake import RUN_ID, Lake, run_id
from pivotmine.lake.tables import RUNS, TABLES

if TYPE_CHECKING:
    from pyiceberg.manifest import DataFile
    from pyiceberg.table import Table as IcebergTable

_FOOTER_THREADS = 16


def commit(
    lake: Lake,
    run: dict[str, Any],
    staged: Mapping[str, list[str]],
    kept: Mapping[str, Collection[str]] | None = None,
    digests: Mapping[str, FileDigest] | None = None,
) -> None:
    """Replace the contents of all `staged` tables by their files, then record the run.

    Files of the current snapshot that are in `kept` stay in the table; a table in which all
    stay and nothing is added keeps its snapshot. Until the row in `runs` is written nothing
    of it counts as committed. Each snapshot gets a list of the digests of its files
    (`pivotmine.lake.digests`); staged files that `digests` does not name are read for it.

    Nothing is deleted, whatever happens: an answer that is lost leaves open whether a commit
    went through. Where the catalog reports such an error, the lake is read back.

    Raises
    ------
    LakeError
        Another writer was faster, the catalog failed, or the lake is open for reading only.
    """
    if lake.read_only:
        raise LakeError(f"{lake.warehouse} is open for reading only; nothing can be committed")
    properties = {
        RUN_ID: run["run_id"],
        "fingerprint": run["fingerprint"],
        "stage": run["stage"],
    }
    outputs = {}
    try:
        for name, files in staged.items():
            stay = (kept or {}).get(name, ())
            outputs[name] = _replace(lake, name, files, properties, stay, digests)
        row = pa.Table.from_pylist([{**run, "outputs": outputs}], schema=RUNS.schema)
        _append_run(lake, row, properties)
    except (CommitFailedException, ValidationException) as error:
        raise LakeError(
            f"another writer changed the lake while {run['stage']} was committing "
            f"({lake.said(error)}); nothing of this stage counts. Run it again when the "
            "other run has ended."
        ) from error
    except LakeError:
        raise
    except Exception as error:
        raise LakeError(
            f"the lake failed while {run['stage']} was committing ({lake.said(error)}). "
            "Nothing was deleted. Run it again: that shows whether the commit went through."
        ) from error
    finally:
        lake.refresh()


def _append_run(lake: Lake, row: pa.Table, properties: dict[str, str]) -> None:
    """Add the row to `runs`: the commit point."""
    try:
        _load_or_create(lake, RUNS.name).append(row, snapshot_properties=properties)
    except (CommitFailedException, ValidationException):
        raise  # PyIceberg promises that the commit did not go through
    except Exception:
        lake.refresh()
        with contextlib.suppress(LakeError):  # the first error says more
            if properties[RUN_ID] in lake.committed_run_ids():
                return
        raise


def _replace(
    lake: Lake,
    name: str,
    files: Sequence[str],
    properties: dict[str, str],
    kept: Collection[str] = (),
    digests: Mapping[str, FileDigest] | None = None,
) -> int:
    """One new snapshot: these files, and those of the current one that stay."""
    table = _load_or_create(lake, name)
    current = table.current_snapshot()
    listed = lake.data_files(name, current)
    stay = {lake.normal_address(path) for path in kept}
    leaving = [file for file in listed if lake.normal_address(file.file_path) not in stay]
    if len(listed) - len(leaving) != len(stay):
        raise LakeError(
            f"table {name} no longer lists all files that should stay in it, so another writer "
            "has changed it; nothing of this stage counts. Run it again when the other run has "
            "ended."
        )
    if current is not None and kept and not files and not leaving:
        return int(current.snapshot_id)
    made = write_digests(lake, name, properties[RUN_ID], kept, files, digests or {})
    properties = {**properties, DIGESTS: made}
    try:
        _overwrite(table, files, properties, leaving)
    except (CommitFailedException, ValidationException):
        raise  # PyIceberg promises that the commit did not go through
    except Exception:
        lake.tables.pop(name, None)
        with contextlib.suppress(LakeError):  # the first error says more
            found = lake.iceberg_table(name)
            snapshot = found.current_snapshot() if found else None
            if snapshot is not None and run_id(snapshot) == properties[RUN_ID]:
                return int(snapshot.snapshot_id)
        raise
    snapshot = table.refresh().current_snapshot()
    assert snapshot is not None
    return int(snapshot.snapshot_id)


def _overwrite(
    table: IcebergTable,
    files: Sequence[str],
    properties: dict[str, str],
    leaving: Sequence[DataFile],
) -> None:
    """Commit a snapshot without the files that leave, and with new ones."""
    from pyiceberg.io.pyarrow import parquet_file_to_data_file
    from pyiceberg.table import TableProperties

    with table.transaction() as transaction:
        if table.name_mapping() is None:
            # Files that Spark writes name their columns and do not number them.
            mapping = table.schema().name_mapping.model_dump_json()
            transaction.set_properties({TableProperties.DEFAULT_NAME_MAPPING: mapping})
        metadata = transaction.table_metadata
        with transaction.update_snapshot(snapshot_properties=properties).overwrite() as update:
            for file in leaving:
                update.delete_data_file(file)
            with ThreadPoolExecutor(_FOOTER_THREADS) as pool:
                for added in pool.map(
                    lambda path: parquet_file_to_data_file(table.io, metadata, path), files
                ):
                    update.append_data_file(added)


def _load_or_create(lake: Lake, name: str) -> IcebergTable:
    """The table, with all columns of this version; older snapshots stay as they are."""
    definition = TABLES[name]
    table = lake.iceberg_table(name)
    if table is not None and not set(definition.schema.names) <= set(table.schema().column_names):
        with table.update_schema() as update:
            update.union_by_name(definition.schema)
    if table is None:
        table = lake.catalog.create_table(
            (lake.namespace, name),
            schema=definition.schema,
            location=posixpath.join(lake.warehouse, lake.namespace, name),
            properties={"comment": definition.doc, "write.parquet.compression-codec": "zstd"},
        )
        lake.tables[name] = table
    return table


def drop_table(lake: Lake, name: str) -> None:
    """Take a table out of the catalog; its files stay."""
    lake.catalog.drop_table((lake.namespace, name))
    lake.tables.pop(name, None)
