"""Lexicons from files: what is listed, what is refused, and why."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.dictionaries.lexicon import REASONS, Lexicon, _Listing, read_lexicon
from pivotmine.dictionaries.lexicon_files import COLUMNS, list_lexicons
from pivotmine.errors import InputError
from pivotmine.text.folding import fold

HEAD = "lang_a\tword_a\tlang_b\tword_b\n"
ROWS = [("en", "cat", "fr", "chat"), ("fr", "chat", "zh", "猫"), ("en", "New York", "", "")]


def read(path: Path, content: str | bytes) -> Lexicon:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_lexicon([str(path)], 1000)


def words(lexicon: Lexicon) -> list[tuple[str, str]]:
    return list(zip(lexicon.languages.to_pylist(), lexicon.terms.to_pylist(), strict=True))


def pairs(lexicon: Lexicon) -> dict[tuple[tuple[str, str], tuple[str, str]], int]:
    listed = words(lexicon)
    return {
        (listed[a], listed[b]): int(n)
        for a, b, n in zip(lexicon.a, lexicon.b, lexicon.n_pair_listed, strict=True)
    }


def reasons(lexicon: Lexicon) -> list[tuple[int, str]]:
    return [(reject.row, reject.reason) for reject in lexicon.rejects]


TSV = HEAD + "".join("\t".join(row) + "\n" for row in ROWS)
CSV = ",".join(COLUMNS) + "\n" + "".join(",".join(row) + "\n" for row in ROWS)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tsv", TSV),
        ("a.csv", CSV),
        ("a.csv", CSV.replace("\n", "\r\n").replace("New York", '"New York"')),
        ("a.tsv", "\ufeff" + TSV.rstrip("\n")),
        ("a.tsv", TSV.replace("\t\t\n", "\n").replace("\nfr", "\n\n \nfr")),
        ("a.tsv.gz", gzip.compress(TSV.encode(), mtime=0)),
        ("a.TSV.zst", zstandard.compress(TSV.encode())),
    ],
    ids=["tsv", "csv", "quotes and CRLF", "BOM", "short and blank lines", "gzip", "zstd"],
)
def test_text_files_of_every_kind_list_the_same(tmp_path: Path, name: str, content: str | bytes):
    lexicon = read(tmp_path / name, content)
    assert words(lexicon) == [("en", "cat"), ("fr", "chat"), ("en", "new york"), ("zh", "猫")]
    assert pairs(lexicon) == {
        (("en", "cat"), ("fr", "chat")): 1,
        (("fr", "chat"), ("zh", "猫")): 1,
    }
    assert lexicon.n_listed.tolist() == [0, 0, 1, 0]
    assert lexicon.words.to_pylist() == ["cat", "chat", "New York", "猫"]
    assert [file.n_rows for file in lexicon.files] == [3]
    assert lexicon.rejects == ()


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary("int8", "string")])
def test_parquet_lists_the_same_as_text(tmp_path: Path, kind: pa.DataType):
    rows = [tuple(cell or None for cell in row) for row in ROWS]
    columns = dict(zip(COLUMNS, map(list, zip(*rows, strict=True)), strict=True))
    table = pa.table({"pos": ["n"] * 3, **{k: pa.array(v).cast(kind) for k, v in columns.items()}})
    pq.write_table(table, tmp_path / "a.parquet")
    lexicon = read_lexicon([str(tmp_path / "a.parquet")], 10)
    assert pairs(lexicon) == pairs(read(tmp_path / "a.tsv", TSV))
    assert words(lexicon) == words(read(tmp_path / "a.tsv", TSV))


def test_columns_are_known_by_name_and_others_ignored(tmp_path: Path):
    lexicon = read(tmp_path / "a.tsv", "note\tword_a\tlang_a\nx\tcat\ten\n\tdog\ten\n")
    assert words(lexicon) == [("en", "cat"), ("en", "dog")]


def test_spellings_that_fold_alike_are_one_word_and_either_order_one_pair(tmp_path: Path):
    lexicon = read(
        tmp_path / "a.tsv",
        HEAD + "fr\tChat\ten\tcat\nen\tCAT\tfr\tchat\nen\tcat\t\t\nen\tCat\t\t\nen\tchat\n",
    )
    assert words(lexicon) == [("en", "cat"), ("en", "chat"), ("fr", "chat")]
    assert lexicon.words.to_pylist() == ["cat", "chat", "Chat"]
    assert pairs(lexicon) == {(("en", "cat"), ("fr", "chat")): 2}
    assert lexicon.n_listed.tolist() == [2, 1, 0]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"en\t\tfr\tchat", "no_word"),
        (b"en\t\xc2\xad \t\t", "no_word"),
        (b"en\tcat\tfr\t", "half_pair"),
        (b"en\tcat\t\tchat", "half_pair"),
        (b"English\tcat\tfr\tchat", "language"),
        (b"en\tcat\txx\tchat", "language"),
        (b"\tcat\tfr\tchat", "language"),
        (b"en\tcat\ten\tCat", "same_word"),
        (b"en\tcat\tfr\tchat\tnoun", "columns"),
        (b"en\tcat\tfr\tch\xe2t", "encoding"),
        (b"en\tca\x07t\t\t", "control"),
        (b"en\t" + b"long " * 60 + b"\t\t", "long_word"),
    ],
)
def test_a_rejected_row_has_its_reason_and_lists_nothing(tmp_path: Path, row: bytes, reason: str):
    lexicon = read(tmp_path / "a.tsv", HEAD.encode() + row + b"\nen\tdog\tfr\tchien\n")
    assert words(lexicon) == [("fr", "chien"), ("en", "dog")]
    assert reasons(lexicon) == [(2, reason)]
    assert reason in REASONS
    assert lexicon.rejects[0].raw == row[:400]
    assert lexicon.files[0].n_rows == 2


def test_a_quote_that_is_not_closed_spoils_its_own_row_only(tmp_path: Path):
    lexicon = read(tmp_path / "a.csv", 'lang_a,word_a\nen,"cat\nen,dog\n')
    assert reasons(lexicon) == [(2, "columns")]
    assert words(lexicon) == [("en", "dog")]


def test_a_line_without_end_is_cut_and_refused(tmp_path: Path):
    lexicon = read(tmp_path / "a.tsv", HEAD.encode() + b"en\t" + b"x" * 9_000_000 + b"\nen\tdog\n")
    assert reasons(lexicon) == [(2, "long_word")]
    assert words(lexicon) == [("en", "dog")]


def test_several_files_and_folders_are_one_lexicon(tmp_path: Path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "b.csv").write_text("lang_a,word_a\nen,cat\nfr,chien\n")
    (tmp_path / "a.tsv").write_text(TSV)
    lexicon = read_lexicon([str(tmp_path / "a.tsv"), str(tmp_path / "more")], 1000)
    assert len(lexicon.files) == 2
    assert ("fr", "chien") in words(lexicon)
    assert dict(zip(words(lexicon), lexicon.n_listed.tolist(), strict=True))[("en", "cat")] == 1


def test_no_files_list_nothing():
    lexicon = read_lexicon([], 1)
    assert (words(lexicon), pairs(lexicon), lexicon.files) == ([], {}, ())


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tsv", b"", "must have columns lang_a and word_a"),
        ("a.tsv", b"word\tlang\ncat\ten\n", "its first line names 'word, lang'"),
        ("a.tsv", b"lang_a\tword_a\tlang_b\n", "must have columns"),
        ("a.csv", TSV.encode(), "must have columns"),
        ("a.tsv", b"\xff\xfe", "cannot be read"),
        ("a.tsv.gz", gzip.compress(TSV.encode(), mtime=0)[:-12], "cannot be read"),
        ("a.tsv.zst", zstandard.compress(TSV.encode())[:-3], "cannot be read"),
        ("a.parquet", b"PAR1", "cannot be read"),
        ("a.txt", b"", "does not tell its format"),
        ("a.parquet.gz", b"", "does not tell its format"),
    ],
)
def test_a_file_without_the_columns_is_refused_before_anything_runs(
    tmp_path: Path, name: str, content: bytes, message: str
):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        list_lexicons([str(tmp_path / name)], 10)


def test_columns_of_numbers_are_refused(tmp_path: Path):
    pq.write_table(pa.table({"lang_a": ["en"], "word_a": [1]}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match="column word_a is int64"):
        list_lexicons([str(tmp_path / "a.parquet")], 10)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(InputError, match="no file matches"):
        list_lexicons([str(tmp_path / "none.tsv")], 10)


def test_more_rows_than_allowed_are_refused(tmp_path: Path):
    (tmp_path / "a.tsv").write_text(TSV)
    with pytest.raises(InputError, match=r"3 rows, more than terms\.max_rows=2"):
        list_lexicons([str(tmp_path / "a.tsv")], 2)


def test_a_changed_file_has_another_checksum(tmp_path: Path):
    (tmp_path / "a.tsv").write_text(TSV)
    (before,) = list_lexicons([str(tmp_path / "a.tsv")], 10)
    (tmp_path / "a.tsv").write_text(TSV.replace("cat", "dog"))
    (after,) = list_lexicons([str(tmp_path / "a.tsv")], 10)
    assert before.checksum != after.checksum
    assert before[:3] == after[:3]


cells = st.tuples(
    st.sampled_from(["en", "fr", "zh", "EN", ""]),
    st.sampled_from(["cat", "Cat", "chat", "猫", " ", "\x00", "x" * 201]),
    st.sampled_from(["en", "fr", "zh", ""]),
    st.sampled_from(["cat", "chat", "猫", ""]),
)


@given(st.lists(cells, max_size=30))
def test_every_row_is_listed_or_refused(rows: list[tuple[str, str, str, str]]):
    listing = _Listing()
    refused = Counter(bool(listing.add(row)) for row in rows)
    lexicon = listing.lexicon()
    assert lexicon.n_listed.sum() + lexicon.n_pair_listed.sum() == refused[False]
    assert words(lexicon) == sorted(words(lexicon), key=lambda word: (word[1], word[0]))
    assert all(one < other for one, other in pairs(lexicon))
    assert len(pairs(lexicon)) == len(lexicon.a)
    in_pairs = {word for pair in pairs(lexicon) for word in pair}
    singles = {w for w, n in zip(words(lexicon), lexicon.n_listed, strict=True) if n}
    assert set(words(lexicon)) == in_pairs | singles
    assert all(fold(term) == term for _, term in words(lexicon))
