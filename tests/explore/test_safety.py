"""Hostile text, other hosts, SQL in values: what a page must not let through."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from pivotmine.errors import ConfigError
from pivotmine.explore.server import check_hosts
from tests.explore.lake import QUOTE, SCRIPT
from tests.explore.test_pages import ADDRESSES

HOSTILE = {
    **ADDRESSES,
    "word": f"q=en:{SCRIPT}&copies=1",
    "lines": f"a={SCRIPT}&b={QUOTE}",
}


class Elements(HTMLParser):
    """All elements of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("view", HOSTILE)
def test_hostile_names_stay_text(client, view):
    page = client.get(f"/{view}?{HOSTILE[view]}").text
    for tag, attributes in Elements(page).found:
        assert tag != "img"
        assert not any(name.startswith("on") for name in attributes), attributes
        assert "style" not in attributes
        if tag == "script":
            assert "src" in attributes or attributes["type"] == "application/json"
    for data in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.S):
        assert json.loads(data) is not None


def test_the_hostile_names_are_shown(client):
    """Else the test before would prove nothing."""
    assert "&lt;script&gt;alert(1)" in client.get("/corpus").text
    assert "onerror=alert(2)" in client.get("/arms").text


@pytest.mark.parametrize("path", ["/word?q=chat", "/word?q=zebra", "/static/explore.js", "/none"])
def test_every_answer_forbids_inline_scripts_and_other_origins(client, path):
    headers = client.get(path).headers
    policy = dict(
        part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "127.0.0.1.nip.io"])
def test_another_host_is_refused(client, host):
    assert client.get("/corpus", headers={"host": host}).status_code == 400


@pytest.mark.parametrize("host", ["localhost:8765", "127.0.0.1", "[::1]:80"])
def test_loopback_is_served(client, host):
    assert client.get("/word", headers={"host": host}).status_code == 200


def test_a_server_that_others_reach_needs_the_name_of_its_host():
    for host in ("127.0.0.1", "::1", "localhost"):
        check_hosts(host, ())
    check_hosts("0.0.0.0", ["data.example.org"])
    with pytest.raises(ConfigError, match="--allow-host"):
        check_hosts("0.0.0.0", ())


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_nothing_is_written_by_any_method(client, method):
    assert getattr(client, method)("/word?q=chat").status_code == 405


@pytest.mark.parametrize(
    "typed",
    ["'); DROP TABLE links; --", "' OR 1=1 --", "$ids", "?", "fr:' UNION SELECT 1 --", "%", "\\"],
)
@pytest.mark.parametrize("view", ["word?q=", "lines?a=", "document?id=", "bridge?b=chat&a="])
def test_values_are_parameters_and_no_sql(client, explorer, view, typed):
    page, _, name = view.partition("?")
    asked = dict(pair.split("=") for pair in name.split("&"))
    asked[name.split("&")[-1].rstrip("=")] = typed
    assert client.get(f"/{page}", params=asked).status_code in (200, 404)
    assert explorer.live.now().connection.cursor().execute("FROM links").fetchall()


def test_the_connection_opens_no_other_file(explorer, tmp_path):
    other = tmp_path / "secret.csv"
    other.write_text("a\n1\n")
    cursor = explorer.live.now().connection.cursor()
    for sql in (f"FROM read_csv('{other}')", f"COPY links TO '{tmp_path}/out.csv'"):
        with pytest.raises(Exception, match=r"(?i)permission|disabled"):
            cursor.execute(sql)


@pytest.mark.parametrize("path", ["/static/../answers.py", "/static/%2e%2e/answers.py"])
def test_no_file_besides_the_static_ones_is_served(client, path):
    assert client.get(path).status_code == 404
