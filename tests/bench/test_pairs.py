"""What the bench of document pairs knows of pages by their paths."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.pairs.truth import page_key, read_pages


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("help/en-US/text/main.html", "help/fr/text/main.html"),
        ("html/ch02.en.html#1", "html/ch02.zh-cn.html#1"),
        ("doc/manual-ja/index.html", "doc/manual-fr/index.html"),
    ],
)
def test_paths_that_differ_in_the_language_alone_have_one_key(one, other):
    assert page_key("site", one) == page_key("site", other)


def test_other_pages_have_other_keys():
    keys = {page_key(source, path) for source in "ab" for path in ("en/x.html", "en/y.html")}
    assert len(keys) == 4


def test_pages_are_read_with_their_keys_and_each_text_once(tmp_path):
    file = tmp_path / "pages.parquet"
    rows = [
        {"source": "site", "path": "en/x", "lang": "en", "text": "One."},
        {"source": "site", "path": "fr/x", "lang": "fr", "text": "Un."},
        {"source": "site", "path": "en/copy", "lang": "en", "text": "One."},
        {"source": "other", "path": "en/x", "lang": "en", "text": "Two."},
    ]
    pq.write_table(pa.Table.from_pylist(rows), file)
    found = read_pages(str(file), 1, 0, "site")
    texts = found.rows["text"].to_pylist()
    assert sorted(texts) == ["One.", "Un."]
    keys = dict(zip(texts, found.keys, strict=True))
    assert keys["One."] & keys["Un."] == {page_key("site", "en/x")}
    assert len(keys["One."]) == 2
