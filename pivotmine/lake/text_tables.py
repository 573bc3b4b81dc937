"""Tables of what was read: source files, texts, tokens, vocabulary."""

from __future__ import annotations

import pyarrow as pa

from pivotmine.lake.schema import DOUBLE, INT, LONG, LONGS_BY_NAME, STRING, declare

_WHERE = (
    ("uri", STRING, "file that the record came from"),
    (
        "position",
        LONG,
        "byte offset in the decompressed file, or row number (Parquet)",
    ),
)
_INGEST = ("ingest_id", STRING, "delivery that brought the row")

INPUTS = declare(
    "inputs",
    "Pieces of source files that were read, with an independent tally of their records.",
    ("uri", STRING, "file"),
    ("start", LONG, "first byte, or row group (Parquet), of the piece"),
    ("n_records", LONG, "records found in the piece, refused ones too"),
    ("n_bytes", LONG, "decompressed bytes read"),
    ("stamp", STRING, "version of the file by its store: ETag, or modification time"),
    ("fingerprint", STRING, "hash of the stamp, the size and how the recipe reads the file"),
    _INGEST,
)
WITHDRAWALS = declare(
    "withdrawals",
    "Deliveries that were taken down; no run reads them again.",
    ("ingest_id", STRING, "delivery"),
    ("withdrawn_at", pa.timestamp("us", tz="UTC"), "when"),
    ("reason", STRING, "why, as it was given"),
)
_DOCUMENT = (
    ("doc_id", STRING, "BLAKE3-128 of the UTF-8 text, hexadecimal"),
    ("source", STRING, "origin as the input names it"),
    *_WHERE,
    ("lang", STRING, "identified language of the whole text"),
    ("lang_prob", pa.float32(), "probability of that language"),
    ("text", STRING, "text, unchanged"),
    ("n_bytes", LONG, "UTF-8 bytes of the text"),
    _INGEST,
)
DOCUMENTS = declare("documents", "Texts that were read, each once.", *_DOCUMENT)
NEAR_COPIES = declare(
    "near_copies",
    "Near-duplicates of kept documents; ingest restores one if that document is removed.",
    *_DOCUMENT,
)
SIGNATURES = declare(
    "signatures",
    "MinHash signatures, by which ingest finds near-duplicates (dedup.near), a row a text.",
    ("doc_id", STRING, "document or near copy"),
    ("lines", pa.list_(LONG), "hashes of its lines, each once"),
    ("left_out", LONG, "hash of the set of its lines that were left out as boilerplate"),
    (
        "signature",
        pa.binary(),
        "MinHash of its shingles, uint32 each; null where there are too few",
    ),
    ("keys", pa.list_(LONG), "hashes of the bands of the signature"),
)
REJECTS = declare(
    "rejects",
    "Records that were refused, with the reason.",
    *_WHERE,
    ("reason", STRING, "why, one word of a fixed list"),
    ("detail", STRING, "why, with the values"),
    ("raw", pa.binary(), "first bytes of the record as it was found"),
    _INGEST,
)
DUPLICATES = declare(
    "duplicates",
    "Records that were dropped as copies, each with the document that was kept.",
    ("doc_id", STRING, "document id of the dropped record"),
    ("kept_doc_id", STRING, "document that was kept"),
    ("kind", STRING, "exact or near"),
    ("similarity", DOUBLE, "1 for exact copies; else the estimated Jaccard similarity of both"),
    ("source", STRING, "origin of the dropped record"),
    *_WHERE,
    _INGEST,
)
TOKENIZER = declare(
    "tokenizer",
    "The tokenizer of this corpus, one row.",
    ("tokenizer_id", STRING, "SHA-256 of the model bytes"),
    ("kind", STRING, "sentencepiece or huggingface"),
    ("vocab_size", INT, "size of the complete id space"),
    ("eos_token_id", INT, "id that ends a document in shards; null where the model has none"),
    ("origin", STRING, "URI it was read from, or `trained`"),
    ("model", pa.binary(), "the model file"),
)
TOKENS = declare(
    "tokens",
    "Documents as token ids, cut into segments with a language each.",
    ("doc_id", STRING, "document"),
    ("source", STRING, "source of the document"),
    ("lang", STRING, "language of the document"),
    ("token_ids", pa.list_(INT), "token ids of the whole text, in order"),
    ("segment_ends", pa.list_(INT), "where each segment ends, as an offset into token_ids"),
    ("segment_langs", pa.list_(STRING), "language of each segment, `und` where none is certain"),
    ("n_tokens", INT, "length of token_ids"),
    ("lang_tokens", LONGS_BY_NAME, "tokens in segments of each language, most first"),
)
VOCABULARY = declare(
    "vocabulary",
    "Every token with its languages and frequencies.",
    ("token_id", INT, "id"),
    ("token", STRING, "piece"),
    ("lang", STRING, "language that holds at least min_language_share of it, else `shared`"),
    ("lang_share", DOUBLE, "share of the strongest language, by rates of document frequency"),
    ("langs", pa.list_(STRING), "languages that it counts as a word of"),
    ("document_frequency", LONG, "documents that hold the token"),
    ("token_count", LONG, "occurrences"),
    (
        "whole_share",
        DOUBLE,
        "share of them with no letter beside it: a fragment is seldom a whole word; null if none",
    ),
)
