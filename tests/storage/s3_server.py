"""An S3 server in this process: moto's, with a count of requests and with faults on demand."""

from __future__ import annotations

import logging
import re
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAPLANTEDKEY", "AWS_SECRET_ACCESS_KEY": "planted-s3cret/key"}
"""What a client of the server sets; moto accepts any."""

SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"

Fault = Callable[[int, str, str], str]
"""Number, method and path of a request to `` (none), `503`, `reset` or a code such as
`403 AccessDenied`."""


class S3Server:
    """Serves until it is closed; `requests` counts by method and kind of request."""

    def __init__(self) -> None:
        self._app: Any = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._serve, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        logging.getLogger("werkzeug").setLevel(logging.ERROR)  # else a line a request
        self._lock = threading.Lock()
        self._thread.start()
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self.requests: Counter[str] = Counter()
        self.log: list[str] = []
        self.fault: Fault = lambda number, method, path: ""

    def client(self) -> Any:
        """A client of boto3."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        )

    def environment(self) -> dict[str, str]:
        """The usual variables of a client."""
        return {**KEYS, "AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": "us-east-1"}

    def names(self, bucket: str) -> list[str]:
        """All keys of a bucket."""
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return [item["Key"] for page in pages for item in page.get("Contents", ())]

    def content(self, bucket: str, key: str) -> bytes:
        """An object."""
        return bytes(self.client().get_object(Bucket=bucket, Key=key)["Body"].read())

    @contextmanager
    def counted(self) -> Iterator[Counter[str]]:
        """The requests that are made while the context is open."""
        before = Counter(self.requests)
        found: Counter[str] = Counter()
        yield found
        found.update(self.requests - before)

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _serve(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        with self._lock:
            number = self.requests.total()
            self.requests[_kind(method, path, environ.get("QUERY_STRING", ""))] += 1
            self.log.append(f"{method} {path} {environ.get('HTTP_RANGE', '')}")
        fault = self.fault(number, method, path)
        if fault == "reset":
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            return []
        if fault:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            status, _, code = fault.partition(" ")
            body = SLOW_DOWN.replace(b"SlowDown", (code or "SlowDown").encode())
            start(f"{status} Fault", [("Content-Type", "application/xml")])
            return [] if method == "HEAD" else [body]
        return self._app(environ, start)  # type: ignore[no-any-return]


def _kind(method: str, path: str, query: str) -> str:
    if method == "GET" and (re.search("list-type|prefix|delimiter", query)):
        return "LIST"
    return method
