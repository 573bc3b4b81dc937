"""Aligned segments as text: Parquet, TMX or Moses for translators, JSON lines for pretraining."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.parquet as pq

from pivotmine.ask.paired_documents import training_documents, write_training_documents
from pivotmine.text.segments import split_segments

if TYPE_CHECKING:
    import duckdb

FORMATS = ("parquet", "tmx", "moses", "jsonl")

BITEXT = pa.schema(
    [
        pa.field("lang_a", pa.string(), metadata={"doc": "language of text_a"}),
        pa.field("lang_b", pa.string(), metadata={"doc": "language of text_b"}),
        pa.field("text_a", pa.string(), metadata={"doc": "one or two segments, in one line"}),
        pa.field("text_b", pa.string(), metadata={"doc": "its translation"}),
        pa.field("score", pa.float64(), metadata={"doc": "score of the segments"}),
        pa.field("document_score", pa.float64(), metadata={"doc": "score of the documents"}),
        pa.field("doc_id_a", pa.string(), metadata={"doc": "document of text_a"}),
        pa.field("doc_id_b", pa.string(), metadata={"doc": "document of text_b"}),
        pa.field("position", pa.int32(), metadata={"doc": "place in the two documents"}),
    ]
)
"""What is written; the other formats have the texts and, in TMX, the scores."""

_BATCH_DOCUMENTS = 64
_BATCH_ROWS = 10_000
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class BitextLimits(NamedTuple):
    """What is written."""

    min_score: float = 0.0
    """Least score of segments."""

    min_document_score: float = 0.0
    """Least score of their documents."""

    lang: str | None = None
    """Pairs with this language only."""

    to: str | None = None
    """And with this one on the other side."""

    adjacency: str = "lines"
    """How near both languages stand in the documents of `jsonl` (`paired_documents.py`)."""


def write_bitext(
    connection: duckdb.DuckDBPyConnection, folder: Path, kind: str, limits: BitextLimits
) -> dict[str, int]:
    """Write aligned segments to a folder, each pair of texts once; the pairs of each languages.

    Of equal pairs the one with the best score stays. The files are `bitext.parquet`, `en-fr.tmx`,
    `en-fr.en` and `en-fr.fr`, line by line, with `en-fr.scores`, or `paired.jsonl`. DuckDB sorts on
    disk, so memory does not grow with the corpus.

    Parameters
    ----------
    connection
        With views `segment_pairs`, `document_pairs` and `documents`.
    kind
        One of `FORMATS`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "jsonl":
        pairs = _documents(connection, limits)
        documents = training_documents(pairs, limits.adjacency)
        return write_training_documents(folder / "paired.jsonl", documents)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".bitext-") as scratch:
        found = Path(scratch) / "found.parquet"
        with pq.ParquetWriter(found, BITEXT) as writer:
            for rows in _segments(connection, limits):
                writer.write_batch(rows)
        unique = connection.sql(_UNIQUE, params={"file": str(found)})
        batches = unique.to_arrow_reader(_BATCH_ROWS)
        writers = {"parquet": _write_parquet, "tmx": _write_tmx, "moses": _write_moses}
        return writers[kind](folder, batches)


def _segments(
    connection: duckdb.DuckDBPyConnection, limits: BitextLimits
) -> Iterator[pa.RecordBatch]:
    """Rows of `BITEXT`, pair of documents by pair of documents."""
    for pair in _documents(connection, limits):
        rows = [
            {**pair, "text_a": text_a, "text_b": text_b, "score": score, "position": position}
            for (text_a, text_b), (score, position) in zip(
                pair["segments"], pair["places"], strict=True
            )
        ]
        yield pa.RecordBatch.from_pylist(rows, schema=BITEXT)


def _documents(
    connection: duckdb.DuckDBPyConnection, limits: BitextLimits
) -> Iterator[dict[str, Any]]:
    """Pairs of documents with their texts and aligned segments, in the order of their ids."""
    values = {name: value for name, value in limits._asdict().items() if name != "adjacency"}
    for batch in connection.sql(_PAIRS, params=values).to_arrow_reader(_BATCH_DOCUMENTS):
        for pair in batch.to_pylist():
            texts = [pair.pop("text_a"), pair.pop("text_b")]
            a, b = map(split_segments, texts)
            beads = pair.pop("beads")
            places = [[bead[key] for key in _PLACES] for bead in beads]
            segments = [
                (
                    " ".join("".join(a[first : first + n_a]).split()),
                    " ".join("".join(b[second : second + n_b]).split()),
                )
                for first, n_a, second, n_b in places
            ]
            sources = [pair.pop("source_a"), pair.pop("source_b")]
            scored = [(bead["score"], bead["position"]) for bead in beads]
            yield {
                **pair, "texts": texts, "sources": sources, "segments": segments, "places": scored
            }  # fmt: skip


def _write_parquet(folder: Path, batches: pa.RecordBatchReader) -> dict[str, int]:
    counts: dict[str, int] = {}
    with pq.ParquetWriter(folder / "bitext.parquet", BITEXT, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch.cast(BITEXT))
            for pair in zip(*(batch.column(side).to_pylist() for side in _LANGS), strict=True):
                counts["-".join(pair)] = counts.get("-".join(pair), 0) + 1
    return counts


def _write_moses(folder: Path, batches: pa.RecordBatchReader) -> dict[str, int]:
    counts = {}
    for (lang_a, lang_b), rows in groupby(_rows(batches), key=_languages):
        name = f"{lang_a}-{lang_b}"
        with (
            _open(folder / f"{name}.{lang_a}") as one,
            _open(folder / f"{name}.{lang_b}") as other,
            _open(folder / f"{name}.scores") as scores,
        ):
            n = 0
            for row in rows:
                one.write(f"{row['text_a']}\n")
                other.write(f"{row['text_b']}\n")
                scores.write(f"{row['score']:.4f}\n")
                n += 1
        counts[name] = n
    return counts


def _write_tmx(folder: Path, batches: pa.RecordBatchReader) -> dict[str, int]:
    counts = {}
    for (lang_a, lang_b), rows in groupby(_rows(batches), key=_languages):
        with _open(folder / f"{lang_a}-{lang_b}.tmx") as file:
            file.write(_TMX_HEAD.format(lang=escape(lang_a)))
            n = 0
            for row in rows:
                file.write(f'<tu><prop type="score">{row["score"]:.4f}</prop>')
                for lang, text in ((lang_a, row["text_a"]), (lang_b, row["text_b"])):
                    segment = escape(_NO_XML.sub("", str(text)))
                    file.write(f'<tuv xml:lang="{escape(lang)}"><seg>{segment}</seg></tuv>')
                file.write("</tu>\n")
                n += 1
            file.write("</body></tmx>\n")
        counts[f"{lang_a}-{lang_b}"] = n
    return counts


def _open(path: Path) -> TextIO:
    return path.open("w", encoding="utf-8", newline="\n")


def _rows(batches: pa.RecordBatchReader) -> Iterator[dict[str, object]]:
    return (row for batch in batches for row in batch.to_pylist())


def _languages(row: dict[str, object]) -> tuple[str, str]:
    return str(row["lang_a"]), str(row["lang_b"])


_LANGS = ("lang_a", "lang_b")
_PLACES = ("segment_a", "n_a", "segment_b", "n_b")

_PAIRS = """
    WITH chosen AS (
        SELECT doc_id_a, doc_id_b, lang_a, lang_b, score AS document_score FROM document_pairs
        WHERE score >= $min_document_score
          AND ($lang IS NULL OR $lang IN (lang_a, lang_b))
          AND ($to IS NULL OR $to IN (lang_a, lang_b))
    ), aligned AS (
        SELECT doc_id_a, doc_id_b, list({
            'segment_a': segment_a, 'n_a': n_a, 'segment_b': segment_b, 'n_b': n_b,
            'score': score, 'position': position} ORDER BY position) AS beads
        FROM segment_pairs WHERE score >= $min_score GROUP BY ALL
    )
    SELECT chosen.*, aligned.beads, a.text AS text_a, b.text AS text_b,
           a.source AS source_a, b.source AS source_b
    FROM chosen JOIN aligned USING (doc_id_a, doc_id_b)
    JOIN documents a ON a.doc_id = doc_id_a JOIN documents b ON b.doc_id = doc_id_b
    ORDER BY doc_id_a, doc_id_b
"""

_UNIQUE = """
    FROM read_parquet($file) WHERE text_a <> '' AND text_b <> ''
    QUALIFY row_number() OVER (
        PARTITION BY lang_a, lang_b, text_a, text_b
        ORDER BY score DESC, document_score DESC, doc_id_a, doc_id_b, position) = 1
    ORDER BY lang_a, lang_b, doc_id_a, doc_id_b, position
"""

_TMX_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<tmx version="1.4"><header creationtool="PivotMine" creationtoolversion="1" segtype="sentence"
 o-tmf="PivotMine" adminlang="en" srclang="{lang}" datatype="plaintext"/><body>
"""
