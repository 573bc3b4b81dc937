"""An S3 server, and an environment that names it."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator

import pytest

from pivotmine.storage.settings import VARIABLE
from tests.storage.s3_server import S3Server

BUCKET = "lake"


@pytest.fixture(name="s3")
def _s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    server = S3Server()
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(VARIABLE, '{"retry_minutes": 0.3}')
    request = urllib.request.Request(f"{server.endpoint}/moto-api/reset", method="POST")
    urllib.request.urlopen(request).close()  # moto holds its objects for the process
    server.client().create_bucket(Bucket=BUCKET)
    yield server
    server.close()
