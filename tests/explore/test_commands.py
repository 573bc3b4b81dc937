"""The commands `explore` and `export page`, in processes and in this one."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import urllib.request

import pytest

from tests.handmade import cli, settings
from tests.road import environment


def test_the_server_says_its_address_serves_and_ends_with_ctrl_c(lake):
    command = [sys.executable, "-m", "pivotmine", "explore", "--port", "0", *settings(lake)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as server:
        try:
            said = server.stdout.readline()
            address = re.match(r"(http://127\.0\.0\.1:\d+/) shows ", said)[1]
            with urllib.request.urlopen(f"{address}word?q=chat") as answer:
                assert "cat" in answer.read().decode()
        finally:
            server.send_signal(signal.SIGINT)
            server.communicate(timeout=60)


@pytest.mark.parametrize(
    ("options", "title"),
    [
        (["--word", "fr:chat"], "fr:chat · Word"),
        (["--word", "fr:chat", "--to", "zh:"], "fr:chat – zh: · Bridge"),
        (["--word", "chat", "--lines"], "chat · Lines"),
        (["--document", "0000"], "Document"),
        (["--address", "http://localhost:8765/arms"], "Arms"),
    ],
)
def test_a_view_is_written_as_a_file(lake, tmp_path, options, title):
    out = tmp_path / "new" / "page.html"
    outcome = cli("export", "page", *options, "--out", str(out), *settings(lake))
    assert outcome.status == 0, outcome.err
    page = out.read_text(encoding="utf-8")
    assert title in page
    own = page.split("<script>")[0]
    assert not re.search(r"""(?:src|href)=["'](?!#|data:)""", own)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "name one view: --word, --document or --address"),
        (["--word", "chat", "--document", "00"], "name one view"),
        (["--document", "00", "--lines"], "--to and --lines go with --word"),
        (["--address", "/nothing"], "there is no view 'nothing'"),
        (["--word", "zebra"], "'zebra' is not a single token"),
    ],
)
def test_a_view_that_is_none_is_one_line(lake, tmp_path, options, said):
    out = tmp_path / "page.html"
    outcome = cli("export", "page", *options, "--out", str(out), *settings(lake))
    assert outcome.status != 0 and said in outcome.err
    assert not out.exists()


def test_a_file_that_cannot_be_written_is_named(lake, tmp_path):
    (tmp_path / "taken").write_text("")
    out = tmp_path / "taken" / "page.html"
    outcome = cli("export", "page", "--word", "chat", "--out", str(out), *settings(lake))
    assert outcome.status != 0 and f"{out} cannot be written" in outcome.err


def test_a_port_that_is_taken_is_named(lake):
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        outcome = cli("explore", "--port", str(port), *settings(lake))
    assert outcome.status != 0 and f"--port {port}" in outcome.err


def test_without_its_libraries_the_command_says_what_to_install(lake, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    outcome = cli("explore", *settings(lake))
    assert outcome.status != 0 and "pip install '.[explore]'" in outcome.err
