"""Documents of a mined lake, in the tokens of the model that is trained on them.

The engine mines with a vocabulary in which words are single tokens; a model has its own. So texts
are tokenised again, segment by segment as the engine cut them, and keep the languages that it
found. Memory: the texts of the selected documents, about 30 bytes a token.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from duckdb import DuckDBPyConnection

from bench.arms.select import Document, Line
from pivotmine.text.segments import split_segments
from pivotmine.text.tokenizer_runtime import TokenizerRuntime

ALIGNED = "aligned"
"""Kind of the documents whose source says that they are aligned; others have none."""

_BATCH_DOCS = 512


def read_documents(
    lake: DuckDBPyConnection,
    where: str,
    runtime: TokenizerRuntime,
    languages: Sequence[str],
    aligned_source: str,
) -> Iterator[Document]:
    """The documents that a condition chooses.

    Those with a segment in none of `languages` are left out: no budget has room for it.

    Parameters
    ----------
    where
        SQL on the columns of tables `documents` and `tokens`, and an order.
    aligned_source
        Beginning of the `source` of documents that are known to be aligned.
    """
    found = lake.sql(
        "SELECT doc_id, documents.lang, source, text, segment_langs FROM documents JOIN tokens "
        f"USING (doc_id) WHERE {where}"
    ).to_arrow_reader(_BATCH_DOCS)
    for batch in found:
        rows = batch.to_pylist()
        cut = [split_segments(row["text"]) for row in rows]
        encoded = runtime.encode_documents(cut)
        for row, (ids, ends) in zip(rows, encoded, strict=True):
            langs = _certain(row["lang"], row["segment_langs"], languages)
            lines = tuple(
                Line(part, lang)
                for part, lang in zip(np.split(ids, ends[:-1]), langs, strict=True)
                if len(part)
            )
            if lines and all(line.lang in languages for line in lines):
                kind = ALIGNED if row["source"].startswith(aligned_source) else "any"
                yield Document(row["doc_id"], lines, kind, {})


def _certain(document: str, segments: Sequence[str], languages: Sequence[str]) -> list[str]:
    """A language for every segment: where none is certain, that of the one before."""
    known = [lang for lang in segments if lang in languages]
    last = document if document in languages or not known else known[0]
    langs = []
    for lang in segments:
        last = last if lang == "und" else lang
        langs.append(last)
    return langs
