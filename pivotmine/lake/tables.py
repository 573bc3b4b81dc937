"""The tables of the lake: one declaration of names, types and meaning for every writer and reader.

Declared as Arrow schemas because all three sides read them: PyIceberg makes the tables, Spark
takes them as `StructType` (`spark_schema`), the torch side reads the files with pyarrow. Columns
are nullable throughout, since Parquet files written by Spark are.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class Table:
    """A table of the lake.

    Parameters
    ----------
    name
        Table name inside the namespace.
    doc
        One line of meaning, stored as the Iceberg table comment.
    schema
        Arrow schema; field metadata `doc` becomes the Iceberg column comment.
    """

    name: str
    doc: str
    schema: pa.Schema


def _table(name: str, doc: str, *columns: tuple[str, pa.DataType, str]) -> Table:
    fields = [pa.field(column, kind, metadata={"doc": text}) for column, kind, text in columns]
    return Table(name, doc, pa.schema(fields))


_string, _int, _long, _double = pa.string(), pa.int32(), pa.int64(), pa.float64()
_longs_by_name = pa.map_(_string, _long)
_doubles_by_name = pa.map_(_string, _double)


def _tables_of(n: str, contexts: str) -> tuple[tuple[str, pa.DataType, str], ...]:
    """Two 2x2 tables of a pair of words: of the strings, and of each word in its own language."""
    columns = (
        ("", f"{contexts} that hold the word, or both words"),
        ("_a", f"{contexts} that hold term_a; null for single words"),
        ("_b", f"{contexts} that hold term_b; null for single words"),
        ("_total", f"all {contexts}"),
        ("_in_lang", f"{contexts} that hold it, or both, in text of its own language"),
        ("_in_lang_a", f"{contexts} with both languages that hold term_a in text of lang_a"),
        ("_in_lang_b", f"{contexts} with both languages that hold term_b in text of lang_b"),
        ("_in_lang_total", f"{contexts} in which its language, or both languages, take part"),
    )
    return tuple((n + end, _long, text) for end, text in columns)


_WHERE = (
    ("uri", _string, "file that the record came from"),
    (
        "position",
        _long,
        "byte offset in the decompressed file, or row number (Parquet)",
    ),
)
_INGEST = ("ingest_id", _string, "delivery that brought the row")

INPUTS = _table(
    "inputs",
    "Pieces of source files that were read, with an independent tally of their records.",
    ("uri", _string, "file"),
    ("start", _long, "first byte, or row group (Parquet), of the piece"),
    ("n_records", _long, "records found in the piece, refused ones too"),
    ("n_bytes", _long, "decompressed bytes read"),
    ("stamp", _string, "version of the file by its store: ETag, or modification time"),
    ("fingerprint", _string, "hash of the stamp, the size and how the recipe reads the file"),
    _INGEST,
)
WITHDRAWALS = _table(
    "withdrawals",
    "Deliveries that were taken down; no run reads them again.",
    ("ingest_id", _string, "delivery"),
    ("withdrawn_at", pa.timestamp("us", tz="UTC"), "when"),
    ("reason", _string, "why, as it was given"),
)
_DOCUMENT = (
    ("doc_id", _string, "BLAKE3-128 of the UTF-8 text, hexadecimal"),
    ("source", _string, "origin as the input names it"),
    *_WHERE,
    ("lang", _string, "identified language of the whole text"),
    ("lang_prob", pa.float32(), "probability of that language"),
    ("text", _string, "text, unchanged"),
    ("n_bytes", _long, "UTF-8 bytes of the text"),
    _INGEST,
)
DOCUMENTS = _table("documents", "Texts that were read, each once.", *_DOCUMENT)
NEAR_COPIES = _table(
    "near_copies",
    "Near-duplicates of kept documents; ingest restores one if that document is removed.",
    *_DOCUMENT,
)
SIGNATURES = _table(
    "signatures",
    "MinHash signatures, by which ingest finds near-duplicates (dedup.near), a row a text.",
    ("doc_id", _string, "document or near copy"),
    ("lines", pa.list_(_long), "hashes of its lines, each once"),
    ("left_out", _long, "hash of the set of its lines that were left out as boilerplate"),
    (
        "signature",
        pa.binary(),
        "MinHash of its shingles, uint32 each; null where there are too few",
    ),
    ("keys", pa.list_(_long), "hashes of the bands of the signature"),
)
REJECTS = _table(
    "rejects",
    "Records that were refused, with the reason.",
    *_WHERE,
    ("reason", _string, "why, one word of a fixed list"),
    ("detail", _string, "why, with the values"),
    ("raw", pa.binary(), "first bytes of the record as it was found"),
    _INGEST,
)
DUPLICATES = _table(
    "duplicates",
    "Records that were dropped as copies, each with the document that was kept.",
    ("doc_id", _string, "document id of the dropped record"),
    ("kept_doc_id", _string, "document that was kept"),
    ("kind", _string, "exact or near"),
    ("similarity", _double, "1 for exact copies; else the estimated Jaccard similarity of both"),
    ("source", _string, "origin of the dropped record"),
    *_WHERE,
    _INGEST,
)
TOKENIZER = _table(
    "tokenizer",
    "The tokenizer of this corpus, one row.",
    ("tokenizer_id", _string, "SHA-256 of the model bytes"),
    ("kind", _string, "sentencepiece or huggingface"),
    ("vocab_size", _int, "size of the complete id space"),
    ("eos_token_id", _int, "id that ends a document in shards; null where the model has none"),
    ("origin", _string, "URI it was read from, or `trained`"),
    ("model", pa.binary(), "the model file"),
)
TOKENS = _table(
    "tokens",
    "Documents as token ids, cut into segments with a language each.",
    ("doc_id", _string, "document"),
    ("lang", _string, "language of the document"),
    ("token_ids", pa.list_(_int), "token ids of the whole text, in order"),
    ("segment_ends", pa.list_(_int), "where each segment ends, as an offset into token_ids"),
    ("segment_langs", pa.list_(_string), "language of each segment, `und` where none is certain"),
    ("n_tokens", _int, "length of token_ids"),
    ("lang_tokens", _longs_by_name, "tokens in segments of each language, most first"),
)
VOCABULARY = _table(
    "vocabulary",
    "Every token with its languages and frequencies.",
    ("token_id", _int, "id"),
    ("token", _string, "piece"),
    ("lang", _string, "language that holds at least min_language_share of it, else `shared`"),
    ("lang_share", _double, "share of the strongest language, by rates of document frequency"),
    ("langs", pa.list_(_string), "languages that it counts as a word of"),
    ("document_frequency", _long, "documents that hold the token"),
    ("token_count", _long, "occurrences"),
)
CONTEXTS = _table(
    "contexts",
    "Mixed contexts, what counting reads: their distinct nodes, packed (numeric/folded_contexts).",
    ("n_tokens", _long, "nodes of all contexts of the row"),
    ("sizes", pa.binary(), "nodes of each context, int32"),
    ("folds", pa.binary(), "hash fold of each context, uint8"),
    ("steps", pa.binary(), "differences from node to node, int32"),
)
MARGINS = _table(
    "margins",
    "How many mixed contexts hold a token, for each language pair.",
    ("token_id", _int, "token"),
    ("lang", _string, "language of the text in which it counts"),
    ("other_lang", _string, "the other language of the mixed contexts"),
    ("n", _long, "mixed contexts of the two languages that hold the token"),
    ("n_contexts", _long, "mixed contexts of the two languages"),
)
COUNTS = _table(
    "counts",
    "Exact cross-language co-occurrence of token pairs at or above min_count.",
    ("a", _int, "token in text of lang_a"),
    ("b", _int, "token in text of lang_b"),
    ("n_ab", _long, "mixed contexts that hold both"),
    ("n_a", _long, "mixed contexts of the two languages that hold a"),
    ("n_b", _long, "mixed contexts of the two languages that hold b"),
    ("n_contexts", _long, "mixed contexts of the two languages"),
    ("lang_a", _string, "language of a, before lang_b in the alphabet"),
    ("lang_b", _string, "language of b"),
    ("fold_counts", pa.list_(_long), "n_ab in each hash fold of documents"),
)
TERM_COUNTS = _table(
    "term_counts",
    "Exact counts of every word and word pair of the lexicons, found or not.",
    ("lang_a", _string, "language; of a pair, the first in the alphabet"),
    ("term_a", _string, "word as it is searched for: NFKC, lower case, single spaces"),
    ("lang_b", _string, "language of the other word; null for single words"),
    ("term_b", _string, "the other word; null for single words"),
    ("word_a", _string, "term_a as the lexicon spells it first"),
    ("word_b", _string, "term_b as the lexicon spells it first"),
    (
        "n_listed",
        _long,
        "rows of the lexicons that list it; 0 for a word that is listed in pairs only",
    ),
    *_tables_of("n_docs", "documents"),
    *_tables_of("n_windows", "windows of count.window_tokens"),
)
LEXICONS = _table(
    "lexicons",
    "Lexicon files that were read, with the number of their rows.",
    ("uri", _string, "file"),
    ("n_bytes", _long, "size of the file"),
    ("n_rows", _long, "rows below the header, refused ones too"),
    ("checksum", _string, "BLAKE3 of the file, hexadecimal"),
)
LEXICON_REJECTS = _table(
    "lexicon_rejects",
    "Rows of lexicons that were refused, with the reason.",
    ("uri", _string, "file"),
    ("row", _long, "line of the decompressed file, or row of a Parquet file, from 1"),
    ("reason", _string, "why, one word of a fixed list"),
    ("detail", _string, "why"),
    ("raw", pa.binary(), "first bytes of the row as it was found"),
)
LINKS = _table(
    "links",
    "Cross-language pairs whose association is statistically real.",
    ("a", _int, "token in text of lang_a"),
    ("b", _int, "token in text of lang_b"),
    ("token_a", _string, "piece of a"),
    ("token_b", _string, "piece of b"),
    ("lang_a", _string, "language of a, before lang_b in the alphabet"),
    ("lang_b", _string, "language of b"),
    ("n_ab", _long, "mixed contexts that hold both"),
    ("n_a", _long, "mixed contexts that hold a"),
    ("n_b", _long, "mixed contexts that hold b"),
    ("n_contexts", _long, "mixed contexts of the two languages"),
    ("expected", _double, "n_ab if a and b were independent"),
    ("npmi", _double, "normalised pointwise mutual information, -1 to 1"),
    ("g2", _double, "log-likelihood ratio (Dunning 1993)"),
    ("q_value", _double, "Benjamini-Hochberg false discovery rate at which the pair passes"),
    ("folds", _int, "hash folds in which the pair meets more often than expected"),
    ("is_copy", pa.bool_(), "whether both are spelled alike (a name, a number, a loan word)"),
    ("rank_ab", _int, "rank of b among the partners of a in lang_b, by g2; copies apart"),
    ("rank_ba", _int, "rank of a among the partners of b in lang_a, by g2; copies apart"),
    ("n_won", _long, "contexts with both in which no better partner of either is present"),
    ("prevails", pa.bool_(), "best partner of one of its words, and won in link.min_won_share"),
)
PIVOTS = _table(
    "pivots",
    "Tokens that bridge languages.",
    ("method", _string, "he2025 or links"),
    ("token_id", _int, "token"),
    ("token", _string, "piece"),
    ("lang", _string, "its language"),
    (
        "score",
        _double,
        "he2025: degree; links: log2 of degree over expectation, times participation, "
        "stability and closure",
    ),
    ("degree", _long, "partners that count"),
    ("languages", pa.list_(_string), "languages of the partners"),
    ("rank", _int, "rank within the method"),
    ("expected_degree", _double, "mean degree of words as frequent; links only, as what follows"),
    ("participation", _double, "how evenly partners spread over languages, 0 to 1"),
    ("stability", _double, "share of hash folds that the links were found in, over all of them"),
    ("closable", _long, "partners that could be linked with a partner in another language"),
    ("closed", _long, "partners that are linked with one; closure = (closed + 1)/(closable + 2)"),
)
_BLOCK = pa.struct(
    [
        pa.field("start", _int, metadata={"doc": "first token, from the start of the document"}),
        pa.field("end", _int, metadata={"doc": "the token after the last"}),
        pa.field(
            "order", _double, metadata={"doc": "1: sides in the same order, 0: in random order"}
        ),
        pa.field(
            "sides",
            pa.list_(pa.struct([("lang", _string), ("bits", _double), ("covered", _double)])),
            metadata={"doc": "languages with most covered bits; bits, and the share covered"},
        ),
    ]
)
SCORES = _table(
    "scores",
    "What a document can teach, a row for each score (score.methods).",
    ("doc_id", _string, "document"),
    ("method", _string, "name of the score"),
    ("score", _double, "higher is better"),
    ("n_tokens", _int, "length of the document"),
    ("evidence", _doubles_by_name, "the figures behind the score, zeros left out"),
    (
        "type",
        _string,
        "translation: parallel, glossed, dictionary, code_switched, boilerplate or monolingual",
    ),
    (
        "links",
        pa.list_(_int),
        "translation: links that it realises, as places among those that prevail, by g2 from 0",
    ),
    (
        "template",
        _long,
        "translation: hash of the longest segment that it shares with many documents, if such "
        "segments are a fifth of it or more",
    ),
    ("block", _BLOCK, "translation: the block that covers itself best; null without one"),
)
SELECTION = _table(
    "selection",
    "Documents chosen for each arm.",
    ("arm", _string, "arm"),
    ("doc_id", _string, "document"),
    ("position", _long, "place in the arm's order, from 0"),
    ("n_tokens", _int, "length of the document"),
    (
        "lang",
        _string,
        "whose share of the budget it uses: its language, or without one that of most segments",
    ),
    ("reason", _string, "what earned its place"),
    ("epoch", _int, "0 where the document stands in the arm for the first time"),
    ("stream", _string, "uniform: all over the arm; late or early: placed at its end or beginning"),
)
SHARDS = _table(
    "shards",
    "Training files.",
    ("arm", _string, "arm"),
    ("path", _string, "file"),
    ("n_tokens", _long, "tokens in the file"),
    ("n_docs", _long, "documents in the file"),
    ("first_position", _long, "position in the arm of its first document"),
    ("checksum", _string, "BLAKE3 of the file, hexadecimal"),
    ("format", _string, "npy, megatron, jsonl or parquet"),
)
RUNS = _table(
    "runs",
    "One row for every committed stage; a snapshot that no row names is not part of the lake.",
    ("run_id", _string, "identifier of this execution"),
    ("stage", _string, "stage"),
    ("fingerprint", _string, "hash of code, configuration and input snapshots"),
    ("started_at", pa.timestamp("us", tz="UTC"), "start"),
    ("finished_at", pa.timestamp("us", tz="UTC"), "commit"),
    ("config", _string, "the configuration that the result depends on, JSON"),
    ("inputs", _longs_by_name, "snapshot id of every table that was read"),
    ("outputs", _longs_by_name, "snapshot id of every table that was written"),
    ("rows", _longs_by_name, "rows of every table that was written"),
    ("rows_in", _long, "rows or records that came in"),
    ("rows_out", _long, "rows that went on"),
    ("rows_rejected", _long, "records refused"),
    ("rows_duplicate", _long, "records dropped as copies"),
    ("measures", _doubles_by_name, "figures about the run, with their units in their names"),
    ("reuse", pa.map_(_string, _string), "table -> hash of what its rows depend on, for re-use"),
    ("version", _string, "PivotMine version"),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        INPUTS,
        DOCUMENTS,
        NEAR_COPIES,
        SIGNATURES,
        REJECTS,
        DUPLICATES,
        WITHDRAWALS,
        TOKENIZER,
        TOKENS,
        VOCABULARY,
        CONTEXTS,
        MARGINS,
        COUNTS,
        TERM_COUNTS,
        LEXICONS,
        LEXICON_REJECTS,
        LINKS,
        PIVOTS,
        SCORES,
        SELECTION,
        SHARDS,
        RUNS,
    )
}
"""All tables by name, in the order of the road."""


def conform(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """The rows in the columns of a schema; a column that a file does not have is null."""
    for field in schema:
        if field.name not in rows.column_names:
            rows = rows.append_column(field, pa.nulls(rows.num_rows, field.type))
    return rows.select(schema.names).cast(schema)
