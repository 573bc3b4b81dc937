"""Files of an S3 server: what is written is read, errors that pass are waited for, others are told.

The server is moto's, over HTTP, with faults on demand.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import StorageError, StoreUnavailable
from pivotmine.storage import files as storage_files
from pivotmine.storage.failures import passes
from pivotmine.storage.filesystem import open_file, open_filesystem
from pivotmine.storage.patience import at_most, first_contact, patiently
from pivotmine.storage.settings import VARIABLE, StorageSettings, current, use, worker_environment
from tests.storage.s3_server import KEYS, S3Server

SCHEMES = ("s3", "s3a", "s3n")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_of_s3_reads_and_writes_the_same_file(s3: S3Server, scheme: str):
    with open_file(f"{scheme}://lake/a/b.txt", "wb") as stream:
        stream.write(b"hello ")
        stream.write(b"world")
    assert s3.content("lake", "a/b.txt") == b"hello world"
    for other in SCHEMES:
        assert open_file(f"{other}://lake/a/b.txt").read() == b"hello world"


def test_a_file_larger_than_memory_bytes_goes_through_the_disk_and_up_in_one_piece(
    s3: S3Server, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(storage_files, "MEMORY_BYTES", 1000)
    content = np.random.default_rng(1).bytes(100_000)
    with open_file("s3://lake/large", "wb") as stream:
        for start in range(0, len(content), 700):
            stream.write(content[start : start + 700])
        assert s3.names("lake") == [], "nothing is there before it is whole"
    assert s3.content("lake", "large") == content


def test_a_file_whose_writer_fails_is_not_written(s3: S3Server):
    with pytest.raises(ZeroDivisionError), open_file("s3://lake/half", "wb") as stream:
        stream.write(b"half")
        raise ZeroDivisionError
    assert s3.names("lake") == []


def test_reading_parts_of_a_file_gives_its_bytes(s3: S3Server):
    content = np.random.default_rng(2).bytes(storage_files.READ_WHOLE_BYTES + 5)
    with open_file("s3://lake/x", "wb") as stream:
        stream.write(content)
    for size in (None, len(content)):
        with open_file("s3://lake/x", size=size) as stream:
            for start, n in ((len(content) - 3, 10), (0, 5), (4_000_000, 100_000)):
                stream.seek(start)
                assert stream.read(n) == content[start : start + n]


def test_a_small_file_of_known_size_is_one_request(s3: S3Server):
    with open_file("s3://lake/x", "wb") as stream:
        stream.write(b"0123456789")
    with s3.counted() as requests, open_file("s3://lake/x", size=10) as stream:
        assert stream.read(3) == b"012"
        stream.seek(8)
        assert stream.read() == b"89"
    assert requests == {"GET": 1}


# ---- faults


def every(n: int, fault: str) -> Callable[[int, str, str], str]:
    return lambda number, method, path: fault if number % n else ""


@pytest.mark.parametrize("fault", ["503", "500 InternalError", "429", "reset"])
def test_errors_that_pass_are_waited_for(s3: S3Server, fault: str):
    filesystem, path = open_filesystem("s3://lake/a")
    s3.fault = every(3, fault)
    filesystem.pipe_file(path, b"content")
    assert filesystem.cat_file(path) == b"content"
    assert filesystem.exists(path)
    assert [name.rpartition("/")[2] for name in filesystem.ls("lake", detail=False)] == ["a"]
    assert filesystem.find("lake") == ["lake/a"]
    filesystem.rm_file(path)
    s3.fault = lambda number, method, path: ""
    assert not filesystem.exists(path)


def test_an_outage_ends_with_one_line_and_does_not_look_like_a_missing_file(
    s3: S3Server, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(VARIABLE, '{"retry_minutes": 0.01}')
    filesystem, path = open_filesystem("s3://lake/a")
    filesystem.pipe_file(path, b"content")
    s3.fault = lambda number, method, path: "503"
    for attempt in (filesystem.exists, filesystem.cat_file, filesystem.info, filesystem.rm_file):
        with pytest.raises(
            StoreUnavailable, match=r"s3://lake/a: no answer .*(SlowDown|503)"
        ) as told:
            attempt(path)
        assert "\n" not in str(told.value)
        assert "storage.retry_minutes" in str(told.value)


@pytest.mark.parametrize(
    ("fault", "fix"),
    [
        ("403 InvalidAccessKeyId", "does not know the access key"),
        ("403 SignatureDoesNotMatch", "secret key is wrong"),
        ("403 AccessDenied", "right to list, read, write and delete"),
        ("403 ExpiredToken", "Get new ones"),
        ("403 RequestTimeTooSkewed", "clock of this machine"),
        ("404 NoSuchBucket", "Create it"),
    ],
)
def test_what_a_store_refuses_is_told_at_once_with_its_fix(s3: S3Server, fault: str, fix: str):
    filesystem, path = open_filesystem("s3://lake/a")
    s3.fault = lambda number, method, path: fault
    with s3.counted() as requests, pytest.raises(StorageError, match=fix) as told:
        filesystem.pipe_file(path, b"content")
    assert "\n" not in str(told.value)
    assert requests.total() <= 3, "it is not tried again and again"
    for secret in KEYS.values():
        assert secret not in str(told.value)


def test_a_missing_file_is_a_missing_file(s3: S3Server):
    with pytest.raises(FileNotFoundError):
        open_file("s3://lake/nothing")
    assert not open_filesystem("s3://lake/nothing")[0].exists("lake/nothing")


def test_no_credentials_are_told_with_their_fix(s3: S3Server, monkeypatch: pytest.MonkeyPatch):
    for name in KEYS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv(VARIABLE, '{"retry_minutes": 0.01, "timeout_seconds": 7}')
    with pytest.raises(StorageError, match=r"no credentials\. Set AWS_ACCESS_KEY_ID"):
        open_file("s3://lake/a").read()


def test_an_unknown_profile_is_told_with_its_fix(s3: S3Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(VARIABLE, '{"profile": "nobody"}')
    with pytest.raises(StorageError, match="AWS_SHARED_CREDENTIALS_FILE"):
        open_file("s3://lake/a").read()


def test_credentials_come_from_a_file(
    s3: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    for name in KEYS:
        monkeypatch.delenv(name)
    (tmp_path / "keys").write_text("[us]\naws_access_key_id = k\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "keys"))
    monkeypatch.setenv(VARIABLE, '{"profile": "us"}')
    with open_file("s3://lake/a", "wb") as stream:
        stream.write(b"x")
    assert s3.names("lake") == ["a"]


def test_settings_name_the_endpoint(s3: S3Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    use(StorageSettings(endpoint=s3.endpoint, retry_minutes=0.1))
    with open_file("s3://lake/a", "wb") as stream:
        stream.write(b"x")
    assert s3.names("lake") == ["a"]
    assert current().endpoint == s3.endpoint


def test_a_server_that_is_not_there_is_not_waited_for_at_first(monkeypatch: pytest.MonkeyPatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{taken.getsockname()[1]}")
        for name, value in KEYS.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv(VARIABLE, '{"retry_minutes": 600}')
        monkeypatch.setattr("pivotmine.storage.patience.FIRST_CONTACT_SECONDS", 0.1)
        with (
            pytest.raises(StorageError, match=r"Check storage\.endpoint"),
            first_contact(),
        ):
            open_file("s3://lake/a").read()


def test_a_missing_package_is_told_with_its_fix(monkeypatch: pytest.MonkeyPatch):
    def not_installed(scheme: str) -> Any:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr("fsspec.get_filesystem_class", not_installed)
    with pytest.raises(StorageError, match=r"pip install '\.\[s3\]'"):
        open_file("s3://lake/a")


def test_an_unknown_scheme_is_told():
    with pytest.raises(StorageError, match="there is no filesystem for ess3://"):
        open_file("ess3://lake/a")


# ---- patience


def test_an_operation_is_repeated_until_it_succeeds():
    left = [ConnectionResetError(), TimeoutError(), ConnectionResetError()]

    def attempt() -> str:
        if left:
            raise left.pop()
        return "done"

    assert patiently(attempt, "it", StorageSettings(retry_minutes=1)) == "done"


def test_an_error_that_does_not_pass_is_raised_at_once():
    calls = []

    def attempt() -> None:
        calls.append(1)
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        patiently(attempt, "it", StorageSettings(retry_minutes=1))
    assert len(calls) == 1


def test_less_patience_holds_within_its_context_only():
    def fails() -> None:
        raise TimeoutError

    started = time.monotonic()
    with at_most(0.0), pytest.raises(StoreUnavailable):
        patiently(fails, "it", StorageSettings(retry_minutes=60))
    assert time.monotonic() - started < 60
    left = [TimeoutError()]
    patiently(lambda: left and (_ for _ in ()).throw(left.pop()), "it", StorageSettings())


@given(st.lists(st.sampled_from([ValueError, OSError, RuntimeError]), max_size=4))
def test_an_error_is_judged_with_those_that_it_came_from(wrappers: list[type[Exception]]):
    error: Exception = ConnectionResetError()
    for kind in wrappers:
        try:
            raise kind("wrapped") from error
        except kind as wrapped:
            error = wrapped
    assert passes(error)


def test_workers_get_stores_and_credentials(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("UNRELATED_SECRET", "y")
    sent = worker_environment()
    assert sent["AWS_SECRET_ACCESS_KEY"] == "x"
    assert VARIABLE in sent
    assert "UNRELATED_SECRET" not in sent
