"""A lake in an object store."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from pivotmine.ask.reader import LakeReader
from pivotmine.explore.answers import Explorer
from pivotmine.explore.app import build_app
from pivotmine.lake.lake import Lake
from pivotmine.recipe import LakeConfig
from tests.explore.lake import explored_tables
from tests.explore.test_pages import ADDRESSES
from tests.handmade import put
from tests.storage.conftest import BUCKET, _s3

pytest_fixtures = (_s3,)
"""Fixture `s3`, which pytest finds by its import."""


def test_every_view_of_a_remote_lake_is_served(s3, tmp_path):
    catalog = {"type": "sql", "uri": f"sqlite:///{tmp_path / 'catalog.db'}"}
    lake = Lake(LakeConfig(warehouse=f"s3://{BUCKET}/explored", catalog=catalog))
    put(lake, **explored_tables())
    client = TestClient(build_app(Explorer(LakeReader(lake))), base_url="http://localhost")
    for view, asked in ADDRESSES.items():
        answer = client.get(f"/{view}?{asked}")
        assert answer.status_code == 200, answer.text
    with pytest.raises(Exception, match=r"(?i)permission|not allowed|disabled|cannot access"):
        Explorer(LakeReader(lake)).live.now().connection.cursor().execute(
            f"FROM read_csv('s3://{BUCKET}/other.csv')"
        )
