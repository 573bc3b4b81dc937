"""Parquet: bytes that are text, and files that unfold to more than they hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pivotmine.dictionaries.lexicon_files import lexicon_rows, list_lexicons
from pivotmine.errors import InputError
from pivotmine.sources import ColumnMap, ReadLimits
from pivotmine.sources.parquet import ROW_BYTES

Read = Callable[..., Any]

TEXTS = ["Le chat dort.", None, "猫が寝る。"]
BYTES = [None if text is None else text.encode() for text in TEXTS]


class Wrapped(pa.ExtensionType):  # type: ignore[misc]
    """An extension type of another project, over any storage."""

    def __init__(self, storage: pa.DataType) -> None:
        super().__init__(storage, "example.wrapped")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage: pa.DataType, serialized: bytes) -> Wrapped:
        return cls(storage)


def arrays() -> dict[str, pa.Array]:
    plain = {
        "string": pa.array(TEXTS, pa.string()),
        "large string": pa.array(TEXTS, pa.large_string()),
        "string view": pa.array(TEXTS, pa.string_view()),
        "binary": pa.array(BYTES, pa.binary()),
        "large binary": pa.array(BYTES, pa.large_binary()),
        "binary view": pa.array(BYTES, pa.binary_view()),
    }
    found = dict(plain)
    for name in ("string", "binary", "large binary"):
        array = plain[name]
        found[f"dictionary of {name}"] = array.dictionary_encode()
        found[f"extension over {name}"] = pa.ExtensionArray.from_storage(Wrapped(array.type), array)
    return found


@pytest.mark.parametrize("kind", arrays())
@pytest.mark.parametrize("known", [True, False])
def test_a_column_of_bytes_that_are_utf8_is_text(
    kind: str, known: bool, tmp_path: Path, read: Read
):
    if known:
        pa.register_extension_type(Wrapped(pa.string()))
    try:
        array = arrays()[kind]
        path = tmp_path / "a.parquet"
        pq.write_table(pa.table({"text": array, "source": array}), path)
        found = read(path, ColumnMap(source="source"))
        nested = pa.table({"data": pa.StructArray.from_arrays([array], ["text"])})
        pq.write_table(nested, tmp_path / "b.parquet")
        inside = read(tmp_path / "b.parquet", ColumnMap(text="data.text"))
    finally:
        if known:
            pa.unregister_extension_type("example.wrapped")
    assert found.texts == inside.texts == [TEXTS[0], TEXTS[2]]
    assert found.reasons == inside.reasons == ["missing_text"]
    assert [row["source"] for row in found.documents] == found.texts


def test_bytes_that_are_not_utf8_are_refused_one_by_one(tmp_path: Path, read: Read):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": pa.array([b"a", b"\xff", b"b"], pa.binary())}), path)
    found = read(path)
    assert (found.texts, found.reasons) == (["a", "b"], ["undecodable_bytes"])


@pytest.mark.parametrize("kind", arrays())
def test_a_lexicon_may_hold_its_words_as_bytes(kind: str, tmp_path: Path):
    array = arrays()[kind]
    codes = pa.array(["fr", "fr", "ja"])
    uri = str(tmp_path / "a.parquet")
    pq.write_table(pa.table({"lang_a": codes, "word_a": array}), uri)
    (file,) = list_lexicons([uri], 10)
    assert file.n_rows == 3
    cells = [row.cells for row in lexicon_rows(file.uri)]
    assert cells == [("fr", TEXTS[0], "", ""), ("fr", "", "", ""), ("ja", TEXTS[2], "", "")]


@pytest.mark.parametrize("values", [[1], [[b"a"]], [1.5], [True]])
def test_other_types_are_refused(values: list[Any], tmp_path: Path, read: Read):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": values, "lang_a": values, "word_a": values}), path)
    assert read(path).reasons == ["wrong_type"]
    with pytest.raises(InputError, match="not a string"):
        list_lexicons([str(path)], 10)


def write_nulls(path: Path, n_rows: int, n_groups: int) -> None:
    """A file whose column of texts holds nothing, a few bytes a row group."""
    table = pa.table({"text": pa.nulls(n_rows // n_groups, pa.string())})
    with pq.ParquetWriter(path, table.schema) as writer:
        for _ in range(n_groups):
            writer.write_table(table, row_group_size=n_rows)


@pytest.mark.parametrize("n_groups", [1, 20])
@pytest.mark.parametrize("split_bytes", [100, 1 << 30])
def test_a_file_that_declares_millions_of_nulls_is_refused_by_its_footer(
    n_groups: int, split_bytes: int, tmp_path: Path, read: Read
):
    path = tmp_path / "a.parquet"
    write_nulls(path, 40_000_000, n_groups)
    assert path.stat().st_size < 200_000
    found = read(path, split_bytes=split_bytes)
    assert set(found.reasons) == {"inflates_too_much"}
    assert len(found.rejects) == n_groups


def test_a_dictionary_of_long_texts_is_read_up_to_the_limit(tmp_path: Path, read: Read):
    path = tmp_path / "a.parquet"
    text = "x" * 1_000_000
    values = pa.DictionaryArray.from_arrays(pa.array([0] * 5000, pa.int32()), [text])
    pq.write_table(pa.table({"text": values}), path, row_group_size=2500)
    n_bytes = path.stat().st_size
    found = read(path, limits=ReadLimits(max_inflation=10))
    n_most = (64 * 2**20 + 10 * n_bytes) // (len(text) + ROW_BYTES)
    assert n_most - 4 <= len(found.texts) <= n_most
    assert found.reasons == ["inflates_too_much"] * 2
    assert f"{2500 - len(found.texts) // 2} of its 2500 rows not read" in found.rejects[0]["detail"]
    assert found.rejects[0]["position"] == len(found.texts) // 2


def test_files_of_short_and_of_missing_texts_stay_below_the_limit(tmp_path: Path, read: Read):
    path = tmp_path / "a.parquet"
    texts = [None if n % 3 else f"{n}" for n in range(30_000)]
    pq.write_table(pa.table({"text": texts}), path, row_group_size=1000)
    found = read(path, limits=ReadLimits(max_inflation=20))
    assert (len(found.texts), set(found.reasons)) == (10_000, {"missing_text"})
