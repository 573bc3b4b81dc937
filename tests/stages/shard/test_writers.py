"""Shard writers: a trainer reads back what was selected, and bytes are reproducible."""

from __future__ import annotations

import csv
import gzip
import io
import json
import struct
from pathlib import Path
from urllib.parse import unquote

import fsspec
import numpy as np
import pyarrow.parquet as pq
import pytest
import zstandard
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import LakeError
from pivotmine.lake.boundaries import boundaries_path, read_boundaries
from pivotmine.stages.shard.formats import WRITERS
from pivotmine.stages.shard.writer import ShardDocument, TokenFormat

TOKENS = TokenFormat(vocab_size=1000, eos_token_id=2)


def document(position: int, token_ids: list[int], text: str = "chat 猫") -> ShardDocument:
    ids = np.array(token_ids, np.int32)
    return ShardDocument(f"doc{position}", "here", position, "fr", len(ids), ids, text)


DOCUMENTS = [
    document(0, [5, 6, 7], "un chat"),
    document(1, [], "猫\n"),
    document(2, [999], 'a "b"'),
]


def write(path: Path, format_name: str, documents: list[ShardDocument], tokens=TOKENS) -> Path:
    writer = WRITERS[format_name](str(path / "shard"), tokens)
    for item in documents:
        writer.add(item)
    file = writer.close()
    assert file.checksum == blake3(Path(file.path).read_bytes()).hexdigest()
    return Path(file.path)


def boundaries(path: Path) -> list[tuple[int, int, str]]:
    found = read_boundaries(fsspec.filesystem("file"), boundaries_path(str(path)))
    return list(
        zip(found.starts.tolist(), found.ends.tolist(), found.doc_ids.to_pylist(), strict=True)
    )


@given(
    st.lists(st.lists(st.integers(0, 999), max_size=20), max_size=20),
    st.sampled_from([None, 2]),
    st.sampled_from([1000, 2**16, 2**16 + 1]),
)
def test_token_memmaps_give_back_every_document(
    tmp_path_factory: pytest.TempPathFactory,
    documents: list[list[int]],
    eos: int | None,
    vocab_size: int,
):
    tokens = TokenFormat(vocab_size, eos)
    items = [document(i, ids) for i, ids in enumerate(documents)]
    path = write(tmp_path_factory.mktemp("shard"), "npy", items, tokens)
    assert tokens.dtype == (np.uint16 if vocab_size <= 2**16 else np.uint32)
    memmap = np.fromfile(path, tokens.dtype)
    end_mark = [] if eos is None else [eos]
    found = [memmap[start:end].tolist() for start, end, _ in boundaries(path)]
    assert found == [ids + end_mark for ids in documents]
    assert memmap.size == sum(len(ids) for ids in found)


@given(
    st.lists(st.lists(st.integers(0, 999), max_size=20), max_size=20),
    st.sampled_from([None, 2]),
    st.sampled_from([1000, 2**16 + 1]),
)
def test_megatron_finds_every_document_where_its_index_says(
    tmp_path_factory: pytest.TempPathFactory,
    documents: list[list[int]],
    eos: int | None,
    vocab_size: int,
):
    items = [document(i, ids) for i, ids in enumerate(documents)]
    path = write(tmp_path_factory.mktemp("shard"), "megatron", items, TokenFormat(vocab_size, eos))
    index = path.with_suffix(".idx").read_bytes()
    version, code, n_sequences, n_documents = struct.unpack_from("<QBQQ", index, 9)
    assert (index[:9], version) == (b"MMIDIDX\0\0", 1)
    assert (n_sequences, n_documents) == (len(documents), len(documents) + 1)
    lengths = np.frombuffer(index, np.int32, n_sequences, 34)
    pointers = np.frombuffer(index, np.int64, n_sequences, 34 + 4 * n_sequences)
    firsts = np.frombuffer(index, np.int64, n_documents, 34 + 12 * n_sequences)
    assert len(index) == 34 + 12 * n_sequences + 8 * n_documents
    assert firsts.tolist() == list(range(n_documents))
    dtype = {8: np.uint16, 4: np.int32}[code]
    data = path.read_bytes()
    found = [
        np.frombuffer(data, dtype, n, at).tolist()
        for n, at in zip(lengths.tolist(), pointers.tolist(), strict=True)
    ]
    assert found == [ids + ([] if eos is None else [eos]) for ids in documents]
    assert [doc_id for _, _, doc_id in boundaries(path)] == [item.doc_id for item in items]


def test_an_id_outside_the_id_space_is_an_error_and_never_another_token(tmp_path: Path):
    writer = WRITERS["npy"](str(tmp_path / "shard"), TokenFormat(65_536, None))
    with pytest.raises(LakeError, match="65536"):
        writer.add(document(0, [65_536]))


def test_text_formats_hold_the_same_records(tmp_path: Path):
    lines = write(tmp_path, "jsonl", DOCUMENTS)
    with zstandard.open(lines, "rt", encoding="utf-8") as stream:
        from_lines = [json.loads(line) for line in stream]
    from_parquet = pq.read_table(write(tmp_path, "parquet", DOCUMENTS)).to_pylist()
    assert from_lines == from_parquet
    assert [row["text"] for row in from_lines] == [item.text for item in DOCUMENTS]


@pytest.mark.parametrize("format_name", sorted(WRITERS))
def test_the_same_documents_give_the_same_bytes(tmp_path: Path, format_name: str):
    paths = [write(tmp_path / name, format_name, DOCUMENTS) for name in ("one", "two")]
    for first in sorted(paths[0].parent.iterdir()):
        assert first.read_bytes() == (paths[1].parent / first.name).read_bytes(), first.name


@pytest.mark.parametrize("format_name", sorted(WRITERS))
def test_an_aborted_shard_leaves_no_file(tmp_path: Path, format_name: str):
    writer = WRITERS[format_name](str(tmp_path / "shard"), TOKENS)
    writer.add(DOCUMENTS[0])
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".tmp"], "not seen unfinished"
    writer.abort()
    assert list(tmp_path.iterdir()) == []


@given(
    st.lists(
        st.text(st.characters(codec="utf-8")) | st.text(alphabet="\r\n\v\x85\u2028;,\"'% a#é猫😀"),
        max_size=5,
    )
)
def test_no_source_tears_a_line_of_the_boundaries(
    tmp_path_factory: pytest.TempPathFactory, sources: list[str]
):
    items = [document(n, [7, 8])._replace(source=source) for n, source in enumerate(sources)]
    path = write(tmp_path_factory.mktemp("shard"), "npy", items)
    text = gzip.decompress(path.with_suffix(".csv.gz").read_bytes()).decode("ascii")
    read = [line.split(",") for line in text.splitlines()]
    assert read == list(csv.reader(io.StringIO(text)))
    assert [unquote(row[3]) for row in read] == sources
    assert boundaries(path) == [(int(row[0]), int(row[1]), row[2]) for row in read]
    assert [row[4] for row in read] == [str(item.position) for item in items]


def test_sources_that_are_hosts_and_addresses_stay_readable(tmp_path: Path):
    source = "https://en.example/wiki/A_b?c=d&e#f"
    path = write(tmp_path, "npy", [document(0, [5])._replace(source=source)])
    text = gzip.decompress(path.with_suffix(".csv.gz").read_bytes()).decode()
    assert text == f"0,2,doc0,{source},0\n"
