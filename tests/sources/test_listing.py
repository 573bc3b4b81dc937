"""From URIs to splits."""

import gzip
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import ConfigError, InputError, StorageError
from pivotmine.sources import Split
from pivotmine.sources.files import InputFile, list_files
from pivotmine.sources.listing import list_splits, pack_splits, plan_splits


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for name in ("b.jsonl", "a.ndjson", "lang=fr/c.json", "lang=fr/deep/d.jsonl", "x/_SUCCESS"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('{"text": "a"}\n' * 10)
    (tmp_path / "x" / "e.jsonl.gz").write_bytes(gzip.compress(b"{}"))
    (tmp_path / "x" / ".e.jsonl.gz.crc").write_bytes(b"crc")
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "f.jsonl").write_text("{}")
    return tmp_path


def names(corpus: Path, *uris: str) -> list[str]:
    prefix = f"file://{corpus}/"
    files = list_files([str(corpus / uri) for uri in uris])
    assert all(file.uri.startswith(prefix) for file in files)
    return [file.uri.removeprefix(prefix) for file in files]


ALL = ["a.ndjson", "b.jsonl", "lang=fr/c.json", "lang=fr/deep/d.jsonl", "x/e.jsonl.gz"]


def test_directories_patterns_and_files_expand_sorted_and_once(corpus: Path) -> None:
    assert names(corpus, "") == ALL
    assert names(corpus, "b.jsonl", "*.jsonl", "b*") == ["b.jsonl"]
    assert names(corpus, "**/*.jsonl") == ["b.jsonl", "lang=fr/deep/d.jsonl"]
    assert names(corpus, "*") == ALL
    assert names(corpus, "lang=*", "x") == ALL[2:]
    assert names(corpus, ".cache/*.jsonl") == [".cache/f.jsonl"]


def test_all_spellings_of_a_path_give_one_uri(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(corpus)
    spellings = ["b.jsonl", "./b.jsonl", str(corpus / "b.jsonl"), f"file://{corpus}/b.jsonl"]
    assert [file.uri for file in list_files(spellings)] == [f"file://{corpus}/b.jsonl"]


def test_a_file_name_with_glob_characters_or_percent_signs_is_taken_literally(
    tmp_path: Path,
) -> None:
    for name in ("a[1].jsonl", "b%20c d#é.jsonl"):
        (tmp_path / name).write_text("{}")
    assert names(tmp_path, "a[1].jsonl") == ["a[1].jsonl"]
    assert names(tmp_path, "") == ["a[1].jsonl", "b%20c d#é.jsonl"]


def test_links_are_followed_with_the_size_of_their_target_and_never_in_a_circle(
    corpus: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    hub = tmp_path_factory.mktemp("hub")
    (hub / "file.jsonl").symlink_to(corpus / "b.jsonl")
    (hub / "folder").symlink_to(corpus / "lang=fr")
    (hub / "circle").symlink_to(hub)
    (hub / "up").symlink_to(hub.parent)
    (hub / "broken.jsonl").symlink_to(hub / "nowhere")
    files = list_files([str(hub)])
    assert list_files([str(hub / "*"), str(hub / "**")]) == files
    assert [(file.uri.removeprefix(f"file://{hub}/"), file.size_bytes) for file in files] == [
        ("broken.jsonl", files[0].size_bytes),
        ("file.jsonl", 140),
        ("folder/c.json", 140),
        ("folder/deep/d.jsonl", 140),
    ]


def test_patterns_look_behind_linked_directories(
    corpus: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    disks = tmp_path_factory.mktemp("disks")
    (disks / "fr").symlink_to(corpus / "lang=fr")
    (disks / "circle").symlink_to(disks)
    assert names(disks, "*/*.json") == ["fr/c.json"]
    assert names(disks, "f*") == ["fr/c.json", "fr/deep/d.jsonl"]
    assert names(disks, "**/*.jsonl") == ["fr/deep/d.jsonl"]
    assert names(disks, "**/deep") == ["fr/deep/d.jsonl"]


def test_other_file_systems_expand_in_the_same_way() -> None:
    import fsspec

    for name in ("a.jsonl", "_SUCCESS", "lang=fr/b.jsonl"):
        with fsspec.open(f"memory://listing/{name}", "wb") as file:
            file.write(b"{}")
    both = ["memory:///listing/a.jsonl", "memory:///listing/lang=fr/b.jsonl"]
    for uri in ("memory://listing", "memory://listing/*", "memory://listing/**"):
        assert [file.uri for file in list_files([uri])] == both


def test_the_stamp_changes_with_the_file(corpus: Path) -> None:
    path = corpus / "b.jsonl"
    before = list_files([str(path)])
    assert list_files([str(path)]) == before
    os.utime(path, (1, 1))
    assert list_files([str(path)])[0].stamp != before[0].stamp


def test_plain_files_are_cut_by_bytes_and_compressed_ones_stay_whole(corpus: Path) -> None:
    splits = list_splits([str(corpus / "b.jsonl"), str(corpus / "x")], "auto", 60, 4)
    plain, packed = f"file://{corpus}/b.jsonl", f"file://{corpus}/x/e.jsonl.gz"
    assert splits == [
        Split(plain, "jsonl", "none", 0, 70, 4),
        Split(plain, "jsonl", "none", 70, 140, 4),
        Split(packed, "jsonl", "gzip", 0, -1, 4),
    ]
    assert splits == sorted(splits)


def test_parquet_is_cut_between_row_groups(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = pa.table({"text": [f"text number {i}" for i in range(1000)]})
    pq.write_table(table, path, row_group_size=100, compression="none", use_dictionary=False)
    group_bytes = pq.read_metadata(path).row_group(0).column(0).total_compressed_size
    ranges = [s[3:5] for s in list_splits([str(path)], "auto", int(group_bytes * 2.5), 0)]
    assert ranges == [(0, 3), (3, 6), (6, 9), (9, 10)]
    assert [s[3:5] for s in list_splits([str(path)], "auto", 1 << 40, 0)] == [(0, -1)]


def test_a_given_format_overrules_the_suffix(tmp_path: Path) -> None:
    (tmp_path / "part-0001").write_text("{}")
    (tmp_path / "part-0002.zst").write_bytes(b"")
    splits = list_splits([str(tmp_path)], "jsonl", 100, 0)
    assert [split[1:3] for split in splits] == [("jsonl", "none"), ("jsonl", "zstd")]


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("nothing/*.jsonl", r"nothing/\*\.jsonl: no file matches; there is no .*/nothing"),
        ("*.parquet", r"no file matches; .* holds a\.ndjson, b\.jsonl, lang=fr"),
        ("c.jsonl", "no file matches; .* holds"),
    ],
)
def test_a_pattern_without_matches_names_files_nearby(corpus: Path, uri: str, message: str) -> None:
    (corpus / ".cache" / "f.jsonl").unlink()
    with pytest.raises(InputError, match=message):
        list_splits([str(corpus / uri)], "auto", 100, 0)


@pytest.mark.parametrize(
    ("name", "format", "message"),
    [
        ("README.md", "auto", r"README\.md: the name does not tell its format.*\.jsonl"),
        ("notes.gz", "auto", "the name does not tell its format"),
        ("a.jsonl.bz2", "auto", r"compression \.bz2 is not supported"),
        ("a.jsonl.xz", "jsonl", r"compression \.xz is not supported"),
        ("a.parquet.gz", "auto", "Parquet inside gzip"),
    ],
)
def test_a_file_that_cannot_be_read_as_named_is_an_error_not_left_out(
    corpus: Path, name: str, format: str, message: str
) -> None:
    (corpus / name).write_text("hello")
    with pytest.raises(InputError, match=message):
        list_splits([str(corpus)], format, 100, 0)


def test_what_cannot_be_listed_is_a_clear_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    for uri, message in (
        (str(tmp_path), "not a regular file"),
        ("nosuchscheme://bucket/a.jsonl", "nosuchscheme"),
        (f"zip://*.jsonl::{tmp_path}/a.zip", "chained"),
    ):
        with pytest.raises((InputError, StorageError), match=message):
            list_files([uri])
    with pytest.raises(InputError, match="no input URIs"):
        list_files([])


def test_a_file_name_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/caf\xe9.jsonl", "w") as file:
        file.write("{}")
    with pytest.raises(InputError, match="not valid UTF-8"):
        list_files([str(tmp_path)])


def test_a_directory_that_may_not_be_listed_is_an_error(corpus: Path) -> None:
    (corpus / "x").chmod(0)
    if os.access(corpus / "x", os.R_OK):
        pytest.skip("this user may list everything")
    for uri in ("", "*", "*/*.gz", "**/*.gz", "x"):
        with pytest.raises(InputError, match="Permission"):
            list_files([str(corpus / uri)])


def test_settings_out_of_range_are_refused(corpus: Path) -> None:
    with pytest.raises(ConfigError, match="split_bytes is 0"):
        list_splits([str(corpus)], "auto", 0, 0)
    with pytest.raises(ConfigError, match="no source format 'csv'"):
        list_splits([str(corpus)], "csv", 100, 0)


@given(
    st.lists(st.tuples(st.sampled_from(["txt", "jsonl", "jsonl.gz"]), st.integers(0, 50))),
    st.integers(1, 30),
)
def test_packs_hold_every_split_once_in_order_within_their_limits(
    shapes: list[tuple[str, int]], split_bytes: int
) -> None:
    files = [InputFile(f"{n:03}.{suffix}", size, "") for n, (suffix, size) in enumerate(shapes)]
    splits = plan_splits(files, "auto", split_bytes, 0)
    packs = pack_splits(splits, files, split_bytes)
    assert [split for pack in packs for split in pack] == splits
    sizes = {file.uri: file.size_bytes or 0 for file in files}
    for pack in packs:
        assert len(pack) == 1 or sum(sizes[split.uri] for split in pack) <= split_bytes
    assert all(packs)
