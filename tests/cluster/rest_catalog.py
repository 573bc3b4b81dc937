"""A small Iceberg REST catalog: PyIceberg's SQL catalog behind the routes that PyIceberg calls.

No package on PyPI serves the protocol and is kept up, so this is one for tests. It holds no state
of its own. It can lose an answer: the commit goes through, and the client gets a 504.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pyiceberg.catalog import Catalog
from pyiceberg.catalog.rest import CommitTableRequest, CreateTableRequest
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NoSuchNamespaceError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.table import Table

Answer = tuple[int, Any]

_ERRORS: tuple[tuple[type[Exception], int], ...] = (
    (NoSuchTableError, HTTPStatus.NOT_FOUND),
    (NoSuchNamespaceError, HTTPStatus.NOT_FOUND),
    (TableAlreadyExistsError, HTTPStatus.CONFLICT),
    (NamespaceAlreadyExistsError, HTTPStatus.CONFLICT),
    (CommitFailedException, HTTPStatus.CONFLICT),
)

_NAMESPACE, _TABLE = r"/v1/namespaces/([^/]+)", r"/v1/namespaces/([^/]+)/tables/([^/]+)"


class RestCatalog:
    """A server in threads of this process.

    Attributes
    ----------
    requests
        Requests by method.
    n_lost_answers
        So many of the next commits are answered with 504, though they go through.
    """

    def __init__(self, catalog: Catalog, token: str) -> None:
        self._catalog, self._token = catalog, token
        self._lock = threading.Lock()
        self.requests: Counter[str] = Counter()
        self.n_lost_answers = 0
        self._routes: tuple[tuple[str, str, Callable[..., Answer]], ...] = (
            ("GET", "/v1/config", lambda body: (200, {"defaults": {}, "overrides": {}})),
            ("GET", "/v1/namespaces", self._namespaces),
            ("POST", "/v1/namespaces", self._create_namespace),
            ("GET", _NAMESPACE, self._namespace),
            ("HEAD", _NAMESPACE, self._namespace),
            ("GET", f"{_NAMESPACE}/tables", self._tables),
            ("POST", f"{_NAMESPACE}/tables", self._create_table),
            ("GET", _TABLE, self._table),
            ("HEAD", _TABLE, self._table),
            ("POST", _TABLE, self._commit),
            ("DELETE", _TABLE, self._drop_table),
        )
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.answer))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, method: str, path: str, token: str, body: Any) -> Answer:
        """Status and JSON that answer a request; one at a time, as SQLite would have it."""
        if token != f"Bearer {self._token}":
            return _error(HTTPStatus.UNAUTHORIZED, "NotAuthorizedException", "a wrong token")
        with self._lock:
            self.requests[method] += 1
            for verb, pattern, act in self._routes:
                found = re.fullmatch(pattern, path)
                if verb == method and found:
                    return self._attempt(act, body, found.groups())
        return _error(HTTPStatus.NOT_FOUND, "NotFound", f"no route {method} {path}")

    def _attempt(self, act: Callable[..., Answer], body: Any, names: tuple[str, ...]) -> Answer:
        try:
            return act(body, *names)
        except Exception as error:
            for kind, status in _ERRORS:
                if isinstance(error, kind):
                    return _error(status, type(error).__name__, str(error))
            return _error(HTTPStatus.BAD_REQUEST, type(error).__name__, str(error))

    def _namespaces(self, body: Any) -> Answer:
        return 200, {"namespaces": [list(name) for name in self._catalog.list_namespaces()]}

    def _create_namespace(self, body: Any) -> Answer:
        name = tuple(body["namespace"])
        self._catalog.create_namespace(name, body.get("properties", {}))
        return 200, {"namespace": list(name), "properties": {}}

    def _namespace(self, body: Any, name: str) -> Answer:
        properties = self._catalog.load_namespace_properties(name)
        return 200, {"namespace": [name], "properties": dict(properties)}

    def _tables(self, body: Any, namespace: str) -> Answer:
        found = self._catalog.list_tables(namespace)
        listed = [{"namespace": list(path[:-1]), "name": path[-1]} for path in found]
        return 200, {"identifiers": listed}

    def _create_table(self, body: Any, namespace: str) -> Answer:
        absent = {"location": None, "partition-spec": None, "write-order": None}
        asked = CreateTableRequest.model_validate({**absent, **body})
        table = self._catalog.create_table(
            (namespace, asked.name),
            asked.table_schema,
            location=asked.location,
            **({"partition_spec": asked.partition_spec} if asked.partition_spec else {}),
            **({"sort_order": asked.write_order} if asked.write_order else {}),
            properties=dict(asked.properties),
        )
        return 200, _described(table)

    def _table(self, body: Any, namespace: str, name: str) -> Answer:
        return 200, _described(self._catalog.load_table((namespace, name)))

    def _commit(self, body: Any, namespace: str, name: str) -> Answer:
        asked = CommitTableRequest.model_validate(
            {"identifier": {"namespace": [namespace], "name": name}, **body}
        )
        table = self._catalog.load_table((namespace, name))
        done = self._catalog.commit_table(table, asked.requirements, asked.updates)
        if self.n_lost_answers > 0:
            self.n_lost_answers -= 1
            return _error(HTTPStatus.GATEWAY_TIMEOUT, "CommitStateUnknown", "the answer was lost")
        metadata = json.loads(done.metadata.model_dump_json())
        return 200, {"metadata-location": done.metadata_location, "metadata": metadata}

    def _drop_table(self, body: Any, namespace: str, name: str) -> Answer:
        self._catalog.drop_table((namespace, name))
        return HTTPStatus.NO_CONTENT, None


def _described(table: Table) -> dict[str, Any]:
    return {
        "metadata-location": table.metadata_location,
        "metadata": json.loads(table.metadata.model_dump_json()),
        "config": {},
    }


def _error(status: int, kind: str, message: str) -> Answer:
    return status, {"error": {"message": message, "type": kind, "code": int(status)}}


def _handler(
    answer: Callable[[str, str, str, Any], Answer],
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            path = self.path.partition("?")[0]
            status, value = answer(self.command, path, self.headers.get("Authorization", ""), body)
            content = b"" if value is None else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_HEAD = do_POST = do_DELETE = _do  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None: ...

    return Handler


def properties(catalog: RestCatalog, token: str) -> Mapping[str, str]:
    """`lake.catalog` of a recipe."""
    return {"type": "rest", "uri": catalog.uri, "token": token}
