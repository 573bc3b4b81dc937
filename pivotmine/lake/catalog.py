"""The catalog of a lake: it knows where the metadata of each table lies.

A local lake has an embedded SQLite catalog, `catalog.db`, in its warehouse. Runs open it through
PyIceberg. Readers ask it with Python's own `sqlite3` instead: that takes a third of the time to
import, needs no SQLAlchemy, and cannot write. Other catalogs (REST, Glue, Hive) are PyIceberg's in
both cases, named by `lake.catalog` of the recipe.
"""

from __future__ import annotations

import os
import posixpath
import secrets
import sqlite3
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.catalog.noop import NoopCatalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.metadata import TableMetadataUtil
from pyiceberg.typedef import Identifier

from pivotmine.errors import InputError, LakeError
from pivotmine.lake.addresses import is_local, local_path, normal_address
from pivotmine.lake.iceberg_files import Held
from pivotmine.recipe import LakeConfig
from pivotmine.redaction import redact_text, redact_values
from pivotmine.storage.patience import first_contact, patiently

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

CATALOG_NAME = "pivotmine"
CATALOG_FILE = "catalog.db"


def resolve_warehouse(warehouse: str) -> tuple[str, bool]:
    """Absolute URI of a warehouse, and whether it is a local folder."""
    if is_local(warehouse):
        return normal_address(warehouse), True
    return warehouse.rstrip("/"), False


def local_lake(folder: Path) -> LakeConfig:
    """Settings that read the lake in a warehouse's folder.

    Raises
    ------
    InputError
        The folder holds no catalog.
    """
    if not (folder / CATALOG_FILE).exists():
        raise InputError(
            f"no lake at {folder}: give its warehouse (the folder that holds {CATALOG_FILE}), or a "
            "recipe (.yaml)"
        )
    return LakeConfig(warehouse=str(folder))


def open_catalog(config: LakeConfig, held: Held, *, read_only: bool) -> Catalog:
    """The catalog that a recipe names, or the embedded one of a local warehouse.

    Parameters
    ----------
    held
        What the catalog's tables share; must be kept as long as they.

    Raises
    ------
    LakeError
        The warehouse is remote and no catalog is named, the catalog cannot be reached, or there is
        none to read.
    """
    warehouse, embedded = resolve_warehouse(config.warehouse)
    if not config.catalog and not embedded:
        raise LakeError(
            f"the embedded catalog needs a local folder, and {warehouse} is remote. Give "
            "lake.catalog (type, uri, ...) for a remote warehouse."
        )
    path = os.path.join(local_path(warehouse), CATALOG_FILE)
    if read_only and not config.catalog:
        return EmbeddedCatalogReader(path)
    properties = dict(config.catalog) or {"type": "sql", "uri": _sqlite_uri(path)}
    misplaced = sorted(name for name in properties if name.startswith(_OF_STORES))
    if misplaced and "py-io-impl" not in properties:
        raise LakeError(
            f"lake.catalog holds {', '.join(misplaced)}, which would count for the tables alone. "
            "Give endpoint, region and profile in section `storage`, and keys in the environment "
            "(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY): they count for every file."
        )
    given = {"warehouse": warehouse, **held.properties(read_only=read_only), **properties}

    def opened() -> Catalog:
        catalog = load_catalog(CATALOG_NAME, **given)
        if not read_only:
            catalog.create_namespace_if_not_exists(config.namespace)
        return catalog

    try:
        with warnings.catch_warnings(), first_contact():
            warnings.simplefilter("ignore", DeprecationWarning)  # PyIceberg's quote the address
            return patiently(opened, "the catalog", held.settings)
    except Exception as error:
        raise LakeError(
            f"the catalog cannot be opened (lake.catalog: {_described(properties)}): "
            f"{one_line(error, properties)}{_DAMAGED if 'malformed' in str(error) else ''}"
        ) from None


def _sqlite_uri(path: str) -> str:
    """The URI by which SQLAlchemy opens the very file at a path.

    Version 2.1 decodes percent signs, and older ones do not; both end a path at a question mark.

    Raises
    ------
    LakeError
        None does.
    """
    from sqlalchemy import make_url

    for written in (quote(path), path):
        uri = f"sqlite:///{written}"
        if make_url(uri).database == path:
            return uri
    raise LakeError(
        f"SQLAlchemy cannot open the catalog {path}: choose a folder without ? in its name for "
        "lake.warehouse, or install SQLAlchemy 2.1"
    )


def one_line(error: BaseException, properties: Mapping[str, str]) -> str:
    """What an error of a library says, in one line and without the secrets of the catalog."""
    said = str(error).strip().partition("\n")[0]
    return redact_values(f"{type(error).__name__}: {said}", properties)


def _described(properties: Mapping[str, str]) -> str:
    """Type and address of a catalog, and the names of the other properties."""
    shown = [f"{name} {redact_text(properties[name])}" for name in _SHOWN if name in properties]
    others = sorted(set(properties) - set(_SHOWN))
    return ", ".join([*shown, *others]) or "embedded"


_SHOWN = ("type", "uri")
_OF_STORES = ("s3.", "gcs.", "adls.", "hdfs.", "client.")
_DAMAGED = f". Restore {CATALOG_FILE} from a backup of the lake."


def prove_writable(warehouse: str, filesystem: AbstractFileSystem) -> None:
    """Write a file to the warehouse and delete it.

    Raises
    ------
    LakeError
        That fails.
    """
    probe = posixpath.join(warehouse, f".write-probe-{secrets.token_hex(8)}")
    try:
        with first_contact():
            filesystem.makedirs(warehouse, exist_ok=True)
            filesystem.pipe_file(probe, b"")
            filesystem.rm_file(probe)
    except Exception as error:
        raise LakeError(
            f"the warehouse {warehouse} cannot be written: {error}. Set lake.warehouse to a folder "
            "or URI that you may write."
        ) from error


class EmbeddedCatalogReader(NoopCatalog):
    """Reads the tables of an embedded SQLite catalog.

    Raises
    ------
    LakeError
        There is no catalog at the path, or SQLite cannot read it.
    """

    def __init__(self, path: str) -> None:
        super().__init__(CATALOG_NAME)
        if not os.path.exists(path):
            raise LakeError(
                f"nothing is committed in file://{os.path.dirname(path)} yet: it holds no catalog. "
                "Name the recipe with --config, or fill this lake with `pivotmine run`."
            )
        self._uri = f"file:{quote(path)}?mode=ro"

    def load_table(self, identifier: str | Identifier) -> IcebergTable:
        """The table as it is now.

        Raises
        ------
        NoSuchTableError
            The catalog does not list it.
        """
        names = tuple(identifier.split(".")) if isinstance(identifier, str) else identifier
        location = self._metadata_location(names)
        if location is None:
            raise NoSuchTableError(f"no table {'.'.join(names)}")
        with open(local_path(location), encoding="utf-8") as stream:
            metadata = TableMetadataUtil.parse_raw(stream.read())
        return IcebergTable(names, metadata, location, _LocalFiles(), self)

    def table_exists(self, identifier: str | Identifier) -> bool:
        """Whether the catalog lists the table."""
        names = tuple(identifier.split(".")) if isinstance(identifier, str) else identifier
        return self._metadata_location(names) is not None

    def _metadata_location(self, names: Identifier) -> str | None:
        *namespace, table = names
        try:
            connection = sqlite3.connect(self._uri, uri=True)
            try:
                found = connection.execute(
                    "SELECT metadata_location FROM iceberg_tables WHERE catalog_name = ? "
                    "AND table_namespace = ? AND table_name = ?",
                    (CATALOG_NAME, ".".join(namespace), table),
                ).fetchone()
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise LakeError(
                f"the catalog {self._uri} cannot be read: {error}. Restore {CATALOG_FILE} from a "
                "backup of the lake."
            ) from error
        return str(found[0]) if found else None


class _LocalFiles(FileIO):
    """Reads files of this machine. PyIceberg's own classes import pyarrow or fsspec."""

    def new_input(self, location: str) -> InputFile:
        return _LocalFile(location)

    def new_output(self, location: str) -> OutputFile:
        raise LakeError(f"{location}: this lake is open for reading only")

    def delete(self, location: str | InputFile | OutputFile) -> None:
        raise LakeError(f"{location}: this lake is open for reading only")


class _LocalFile(InputFile):
    def __len__(self) -> int:
        return os.path.getsize(local_path(self.location))

    def exists(self) -> bool:
        return os.path.exists(local_path(self.location))

    def open(self, seekable: bool = True) -> InputStream:
        return open(local_path(self.location), "rb")
