"""Every spelling of an address has one normal form, and different files have different ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import LakeError
from pivotmine.lake.addresses import is_local, local_path, normal_address, relative_address
from tests.lake.bucket_store import store

PART = st.text("abcXYZ019 %20-_=+é猫#?&'", min_size=1, max_size=8).filter(
    lambda part: part not in (".", "..")
)
PARTS = st.lists(PART, min_size=1, max_size=5)
SLASHES = st.integers(1, 3).map("/".__mul__)

SCHEMES = {
    "s3": ["s3", "s3a", "s3n", "S3A"],
    "gs": ["gs", "gcs"],
    "abfs": ["abfs", "abfss", "az"],
    "memory": ["memory"],
    "hdfs": ["hdfs"],
    "bucket": ["bucket"],
}


@given(PARTS, st.data())
def test_aliases_of_a_scheme_and_slashes_make_no_difference(parts: list[str], data: st.DataObject):
    scheme = data.draw(st.sampled_from(sorted(set(SCHEMES) - {"hdfs"})))
    spelt = data.draw(st.sampled_from(SCHEMES[scheme])) + "://" + parts[0].lstrip("/")
    for part in parts[1:]:
        spelt += data.draw(SLASHES) + part
    spelt += data.draw(st.sampled_from(["", "/", "//"]))
    assert normal_address(spelt) == f"{scheme}://{'/'.join(parts)}"


@given(PARTS, st.data())
def test_local_paths_have_one_form(parts: list[str], data: st.DataObject):
    path = "/" + "/".join(parts)
    start = data.draw(st.sampled_from(["", "file:", "file://", "file://localhost", "FILE://"]))
    end = data.draw(st.sampled_from(["", "/", "/.", "/x/.."]))
    assert normal_address(start + path + end) == f"file://{path}"
    assert local_path(start + path + end) == path
    assert is_local(start + path)


@given(st.sampled_from(sorted(SCHEMES)), st.sampled_from(sorted(SCHEMES)), PARTS, PARTS)
def test_other_files_have_other_forms(one: str, other: str, left: list[str], right: list[str]):
    def spelt(scheme: str, parts: list[str]) -> str:
        host = "host/" if scheme == "hdfs" else ""
        return normal_address(f"{scheme}://{host}{'/'.join(parts)}")

    assert (spelt(one, left) == spelt(other, right)) == ((one, left) == (other, right))


@given(PARTS, st.sampled_from(sorted(SCHEMES)))
def test_the_normal_form_of_a_normal_form_is_itself(parts: list[str], scheme: str):
    normal = normal_address(f"{scheme}://host/{'/'.join(parts)}")
    if scheme != "hdfs":
        assert normal_address(normal) == normal
    local = normal_address("/" + "/".join(parts))
    assert normal_address(local) == local


@given(PARTS)
def test_names_that_a_store_lists_have_the_form_of_their_address(parts: list[str]):
    name = "/".join(parts)
    assert normal_address(name, store()) == f"bucket://{name}"
    assert normal_address(f"bucketa://{name}", store()) == f"bucket://{name}"


@given(PARTS, PARTS)
def test_a_file_below_a_folder_has_a_path_relative_to_it(folder: list[str], below: list[str]):
    top = normal_address(f"s3://{'/'.join(folder)}")
    file = normal_address(f"s3a://{'/'.join([*folder, *below])}")
    assert relative_address(file, top) == "/".join(below)
    assert relative_address(top, top) == ""
    with pytest.raises(LakeError, match="not in it"):
        relative_address(top + "x/y", top)


@pytest.mark.parametrize(
    ("spelt", "normal"),
    [
        ("a/b", f"file://{Path.cwd()}/a/b"),
        ("~/lake", f"file://{Path.home()}/lake"),
        ("hdfs://node:8020/a/b", "hdfs://a/b"),
        ("hdfs:///a/b", "hdfs://a/b"),
        ("abfss://box@account.dfs.core.windows.net/a", "abfs://box/a"),
        ("memory:///a/b", "memory://a/b"),
        ("s3://bucket/a%20b", "s3://bucket/a%20b"),
        ("file:///a%20b", "file:///a%20b"),
        ("/a:b/c", "file:///a:b/c"),
    ],
)
def test_spellings_and_their_normal_form(spelt: str, normal: str):
    assert normal_address(spelt) == normal
