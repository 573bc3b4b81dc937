"""The demo corpus as a whole: formats, counts, credits, resumption, the same bytes each time."""

import gzip
import hashlib
import io
import json
import os
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import zstandard

from pivotmine.demo import DemoCorpus, assemble
from pivotmine.demo.recipe import SOURCES, VERSION
from tests.demo.demo_archives import tiny_sources

CACHE = os.environ.get("PIVOTMINE_DEMO_CACHE", "")
# The documents of the published archives, whatever the versions of the compressors: a change here
# is a new recipe, and wants a new `VERSION`, so that users get it.
DIGESTS = {1: "e7278eb5ee1d1b8ee65d3536e81bf436d1503d8b93f127cd6384841f096b5720"}


def tiny(directory: Path, said: list[str] | None = None) -> DemoCorpus:
    sources = tiny_sources(directory / "downloads")
    return assemble(directory, [].append if said is None else said.append, sources=sources)


def records(path: Path) -> list[dict[str, str]]:
    """Read a file of the corpus by its format, by other means than it was written."""
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    raw = path.read_bytes()
    if path.suffix == ".gz":
        raw = gzip.decompress(raw)
    if path.suffix == ".zst":
        raw = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(raw)).read()
    return [json.loads(line) for line in raw.decode().splitlines()]


def outputs(directory: Path) -> dict[str, bytes]:
    beside = [directory / "CREDITS.md", directory / "lexicon.tsv"]
    paths = [*(directory / "corpus").iterdir(), *beside]
    return {path.name: path.read_bytes() for path in paths}


def test_the_corpus_is_in_four_formats_with_the_same_fields(tmp_path: Path) -> None:
    corpus = tiny(tmp_path)
    assert [path.name for path in corpus.files] == [
        "pages.jsonl",
        "catalogues.jsonl.gz",
        "sentences.jsonl.zst",
        "dictionary.parquet",
    ]
    kinds = [{record["kind"] for record in records(path)} for path in corpus.files]
    assert kinds == [{"page"}, {"catalogue"}, {"sentences"}, {"dictionary"}]
    for path in corpus.files:
        for record in records(path):
            assert list(record) == ["text", "source", "kind", "license", "path"]
            assert all(record.values())


def test_the_counts_are_those_of_the_files(tmp_path: Path) -> None:
    corpus = tiny(tmp_path)
    found = [record for path in corpus.files for record in records(path)]
    assert corpus.n_documents == len(found)
    assert corpus.n_bytes == sum(len(record["text"].encode()) for record in found)
    for count in corpus.counts:
        of_count = [r for r in found if (r["source"], r["kind"]) == (count.source, count.kind)]
        assert count.n_documents == len(of_count)
        assert count.n_bytes == sum(len(record["text"].encode()) for record in of_count)


def test_the_same_archives_give_the_same_bytes(tmp_path: Path) -> None:
    tiny(tmp_path / "a")
    shutil.copytree(tmp_path / "a" / "downloads", tmp_path / "b" / "downloads")
    tiny(tmp_path / "b")
    assert outputs(tmp_path / "a") == outputs(tmp_path / "b")


def test_an_assembled_corpus_is_reused(tmp_path: Path) -> None:
    first = tiny(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in first.files}
    said: list[str] = []
    assert tiny(tmp_path, said) == first
    assert {path: path.stat().st_mtime_ns for path in first.files} == before
    assert said == [f"demo corpus of recipe {VERSION} is in {tmp_path}"]


@pytest.mark.parametrize(
    "lost", ["CREDITS.md", "lexicon.tsv", "manifest.json", "corpus/sentences.jsonl.zst"]
)
def test_an_incomplete_corpus_is_assembled_anew(tmp_path: Path, lost: str) -> None:
    tiny(tmp_path)
    before = outputs(tmp_path)
    (tmp_path / lost).unlink()
    tiny(tmp_path)
    assert outputs(tmp_path) == before
    assert (tmp_path / lost).is_file()


@pytest.mark.parametrize("manifest", ["", "[]", '{"recipe": 0, "counts": []}'])
def test_a_corpus_of_another_recipe_is_assembled_anew(tmp_path: Path, manifest: str) -> None:
    first = tiny(tmp_path)
    (tmp_path / "manifest.json").write_text(manifest)
    first.files[0].write_text("of old")
    assert tiny(tmp_path) == first
    assert first.files[0].read_text() != "of old"


def test_an_unreadable_archive_leaves_the_old_corpus_alone(tmp_path: Path) -> None:
    tiny(tmp_path)
    before = outputs(tmp_path)
    (tmp_path / "manifest.json").unlink()
    (tmp_path / "downloads" / SOURCES[-1].package.filename).write_bytes(b"not a zip")
    with pytest.raises(Exception, match="not a zip"):
        tiny(tmp_path)
    assert outputs(tmp_path) == before
    assert not list(tmp_path.glob(".partial-*"))


def test_every_source_is_credited_with_its_licence(tmp_path: Path) -> None:
    corpus = tiny(tmp_path)
    credit = (tmp_path / "CREDITS.md").read_text(encoding="utf-8")
    for source in SOURCES:
        assert f"{source.package.name} {source.package.version}" in credit
        assert source.credit in credit
    licenses = {source.name: source.license for source in SOURCES}
    for path in corpus.files:
        for record in records(path):
            assert record["license"] == licenses[record["source"]]


@pytest.mark.skipif(not CACHE, reason="PIVOTMINE_DEMO_CACHE names no folder with the downloads")
def test_the_published_archives_give_the_corpus_of_the_recipe(tmp_path: Path) -> None:
    """Some 15 s; the folder is one that `assemble` was given before."""
    (tmp_path / "downloads").symlink_to(Path(CACHE).absolute() / "downloads")
    corpus = assemble(tmp_path, print)
    assert 15_000 <= corpus.n_documents <= 30_000
    assert 25e6 <= corpus.n_bytes <= 35e6
    digest = hashlib.sha256()
    for path in corpus.files:
        for record in records(path):
            digest.update("\x00".join(record.values()).encode() + b"\n")
    assert digest.hexdigest() == DIGESTS[VERSION]
