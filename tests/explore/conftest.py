from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from pivotmine.ask.reader import LakeReader
from pivotmine.explore.answers import Explorer
from pivotmine.explore.app import build_app
from pivotmine.lake.lake import Lake
from tests.explore.lake import explored_lake


@pytest.fixture(scope="package")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return explored_lake(tmp_path_factory.mktemp("explored") / "lake")


@pytest.fixture(scope="package")
def explorer(lake: Lake) -> Explorer:
    return Explorer(LakeReader(lake))


@pytest.fixture(scope="package")
def client(explorer: Explorer) -> TestClient:
    return TestClient(build_app(explorer), base_url="http://localhost")
