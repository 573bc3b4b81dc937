"""Texts of two languages as token ids: aligned segments, or the mixed windows of a lake."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sentencepiece
from blake3 import blake3

from pivotmine.api import open_lake
from pivotmine.lake.tables import TOKENS
from pivotmine.numeric.node_columns import node_columns
from pivotmine.numeric.nodes import node_table
from pivotmine.stages.contexts.repeated_lines import (
    RepeatedLines,
    hidden_lines,
    holds_two_languages,
)
from pivotmine.stages.train_tokenizer.training import train_sentencepiece
from pivotmine.udfs.contexts import bind_lines

MIN_COUNT = 5
_SHARE, _WINDOW_TOKENS, _LINE_DOCUMENTS = 0.05, 256, 2  # defaults of section `count`
_BATCH = 2000
_COLUMNS = ("doc_id", "token_ids", "segment_ends", "segment_langs")


class Text(NamedTuple):
    """C contexts of two languages."""

    langs: tuple[str, str]
    a: list[list[int]]
    b: list[list[int]]
    """[C] token ids in order."""

    pieces: list[str]


def read_segments(
    path: Path, pairs: Sequence[tuple[str, str]], most: int, vocab_size: int, model: Path
) -> Iterator[Text]:
    """Segments with the same key (columns source, key, lang, text); trains a missing model."""
    connection = duckdb.connect()
    rows = {
        pair: connection.execute(_SEGMENTS, [str(path), *pair, most]).fetchall() for pair in pairs
    }
    if not model.exists():
        lines = {line for of_pair in rows.values() for row in of_pair for line in row}
        in_order = sorted(lines, key=lambda line: blake3(line.encode()).digest())
        model.write_bytes(train_sentencepiece(in_order, vocab_size))
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.read_bytes())
    pieces = [processor.id_to_piece(i) for i in range(processor.get_piece_size())]
    for pair, of_pair in rows.items():
        sides = (processor.encode([row[side] for row in of_pair]) for side in (0, 1))
        yield Text(pair, *sides, pieces)


_SEGMENTS = """
    WITH s AS (SELECT DISTINCT ON (k, lang) source || ' ' || key AS k, lang, text
               FROM read_parquet($1) ORDER BY k, lang, text)
    SELECT x.text, y.text FROM s x JOIN s y USING (k)
    WHERE x.lang = $2 AND y.lang = $3 ORDER BY md5(k), k LIMIT $4
"""


def read_windows(folder: Path, pairs: Sequence[tuple[str, str]]) -> Iterator[Text]:
    """Windows of a lake as stage `contexts` cuts them with its defaults, words in order."""
    lake = open_lake(folder)
    languages = sorted({lang for pair in pairs for lang in pair})
    vocabulary = lake.sql(
        "SELECT token_id, token, token_count, langs FROM vocabulary ORDER BY token_id"
    ).to_arrow()
    frequent = vocabulary.filter(pc.field("token_count") >= MIN_COUNT)
    words = pc.list_flatten(frequent["langs"])
    language = pc.index_in(words, value_set=pa.array(languages, pa.string()))
    token = frequent["token_id"].take(pc.list_parent_indices(frequent["langs"]))
    known = pc.is_valid(language)
    nodes = node_table(
        token.filter(known).to_numpy().astype(np.int32),
        language.filter(known).to_numpy().astype(np.int8),
        vocabulary.num_rows,
        len(languages),
    )
    batches = _batches(lake.sql(f"SELECT {', '.join(_COLUMNS)} FROM tokens ORDER BY doc_id"))
    repeated = _repeated(batches, languages)
    sides: dict[tuple[str, str], tuple[list[list[int]], list[list[int]]]] = {
        pair: ([], []) for pair in pairs
    }
    for whole in batches:
        batch = whole.filter(pa.array(holds_two_languages(whole, languages)))
        hidden = hidden_lines(batch, languages, repeated)
        found, _ = node_columns(batch, languages, nodes, _WINDOW_TOKENS, _SHARE, False, hidden)
        for start, end in zip(found.bounds[:-1], found.bounds[1:], strict=True):
            window = found.nodes[start:end]
            window = window[window < len(nodes.token)]
            for pair, lists in sides.items():
                of_pair = [
                    nodes.token[window[nodes.language[window] == languages.index(lang)]].tolist()
                    for lang in pair
                ]
                if all(of_pair):
                    for rows, row in zip(lists, of_pair, strict=True):
                        rows.append(row)
    pieces = vocabulary["token"].to_pylist()
    for pair, (a, b) in sides.items():
        yield Text(pair, a, b, pieces)


def _batches(query) -> list[pa.RecordBatch]:  # type: ignore[no-untyped-def]
    schema = pa.schema([TOKENS.schema.field(name) for name in _COLUMNS])
    batches: list[pa.RecordBatch] = (
        query.to_arrow().cast(schema).combine_chunks().to_batches(_BATCH)
    )
    return batches


def _repeated(batches: list[pa.RecordBatch], languages: Sequence[str]) -> RepeatedLines:
    find = bind_lines(languages, _LINE_DOCUMENTS + 1)
    lines = pa.Table.from_batches(list(find(iter(batches)))).group_by(["line", "document"])
    rows = lines.aggregate([]).sort_by([("line", "ascending"), ("document", "ascending")])
    line, document = (rows[name].to_numpy() for name in ("line", "document"))
    starts = np.flatnonzero(np.append(True, line[1:] != line[:-1])[: len(line)])
    sizes = np.diff(starts, append=len(line))
    last = starts[sizes > _LINE_DOCUMENTS] + _LINE_DOCUMENTS - 1
    line, document = line[last].view(np.uint64), document[last].view(np.uint64)
    order = np.argsort(line)
    return RepeatedLines(line[order], document[order])
