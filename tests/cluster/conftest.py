"""One cluster, store and set of catalogs for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyiceberg.catalog.sql import SqlCatalog

from tests.cluster.postgres import Postgres, find_programs, start_postgres
from tests.cluster.rest_catalog import RestCatalog
from tests.cluster.site import Site
from tests.cluster.spark_cluster import ROOT, SparkCluster
from tests.packed_code import pack_code
from tests.storage.s3_server import S3Server

TOKEN = "token-of-the-tests"
BUCKET = "mine"


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="session")
def store() -> Iterator[S3Server]:
    """An empty bucket, which this process finds by the usual variables."""
    server = S3Server()
    server.client().create_bucket(Bucket=BUCKET)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment().items():
            patch.setenv(name, value)
        yield server
    server.close()


@pytest.fixture(scope="session")
def rest_catalog(store: S3Server, folder: Path) -> Iterator[RestCatalog]:
    environment = store.environment()
    behind = SqlCatalog(
        "behind",
        uri=f"sqlite:///{folder}/rest.db",
        **{
            "s3.endpoint": store.endpoint,
            "s3.access-key-id": environment["AWS_ACCESS_KEY_ID"],
            "s3.secret-access-key": environment["AWS_SECRET_ACCESS_KEY"],
            "s3.region": environment["AWS_REGION"],
        },
    )
    server = RestCatalog(behind, TOKEN)
    yield server
    server.close()


@pytest.fixture(scope="session")
def postgres(folder: Path) -> Iterator[Postgres]:
    programs = find_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    server = start_postgres(programs, folder / "postgres")
    yield server
    server.service.end()


@pytest.fixture(scope="session")
def site(folder: Path, store: S3Server) -> Iterator[Site]:
    """Two workers of one core, and a driver's machine."""
    driver = folder / "driver"
    (driver / "tmp").mkdir(parents=True)
    cluster = SparkCluster(folder / "spark", hidden=[ROOT, driver])
    try:
        cluster.start(n_workers=2, cores=1, memory="1g")
        made = Site(driver, cluster, pack_code(driver), store.environment())
        yield made
        made.close()
    finally:
        cluster.close()
