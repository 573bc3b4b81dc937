"""Tables of what was chosen: scores, selections, shards."""

from __future__ import annotations

import pyarrow as pa

from pivotmine.lake.schema import DOUBLE, DOUBLES_BY_NAME, INT, LONG, STRING, declare

_BLOCK = pa.struct(
    [
        pa.field("start", INT, metadata={"doc": "first token, from the start of the document"}),
        pa.field("end", INT, metadata={"doc": "the token after the last"}),
        pa.field(
            "order", DOUBLE, metadata={"doc": "1: sides in the same order, 0: in random order"}
        ),
        pa.field(
            "sides",
            pa.list_(pa.struct([("lang", STRING), ("bits", DOUBLE), ("covered", DOUBLE)])),
            metadata={"doc": "languages with most covered bits; bits, and the share covered"},
        ),
    ]
)
SCORES = declare(
    "scores",
    "What a document can teach, a row for each score (score.methods).",
    ("doc_id", STRING, "document"),
    ("method", STRING, "name of the score"),
    ("score", DOUBLE, "higher is better"),
    ("n_tokens", INT, "length of the document"),
    ("evidence", DOUBLES_BY_NAME, "the figures behind the score, zeros left out"),
    (
        "type",
        STRING,
        "translation: parallel, glossed, dictionary, code_switched, boilerplate or monolingual",
    ),
    (
        "links",
        pa.list_(INT),
        "translation: links that it realises, as places among those that prevail, by g2 from 0",
    ),
    (
        "template",
        LONG,
        "translation: hash of the longest segment that it shares with many documents, if such "
        "segments are a fifth of it or more",
    ),
    ("block", _BLOCK, "translation: the block that covers itself best; null without one"),
)
SELECTION = declare(
    "selection",
    "Documents chosen for each arm.",
    ("arm", STRING, "arm"),
    ("doc_id", STRING, "document"),
    ("position", LONG, "place in the arm's order, from 0"),
    ("n_tokens", INT, "length of the document"),
    (
        "lang",
        STRING,
        "whose share of the budget it uses: its language, or without one that of most segments",
    ),
    ("reason", STRING, "what earned its place"),
    ("epoch", INT, "0 where the document stands in the arm for the first time"),
    ("stream", STRING, "uniform: all over the arm; late or early: placed at its end or beginning"),
)
SHARDS = declare(
    "shards",
    "Training files.",
    ("arm", STRING, "arm"),
    ("path", STRING, "file, by its path in the namespace's folder; SQL shows its address"),
    (
        "n_tokens",
        LONG,
        "tokens of its documents, without the end that npy and megatron put after each",
    ),
    ("n_docs", LONG, "documents in the file"),
    ("first_position", LONG, "position in the arm of its first document"),
    ("checksum", STRING, "BLAKE3 of the file, hexadecimal"),
    ("format", STRING, "npy, megatron, jsonl or parquet"),
)
