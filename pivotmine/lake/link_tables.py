"""Tables of what was counted and mined: contexts, counts, words of lexicons, links, pivots."""

from __future__ import annotations

import pyarrow as pa

from pivotmine.lake.schema import DOUBLE, INT, LONG, STRING, declare


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
    return tuple((n + end, LONG, text) for end, text in columns)


CONTEXTS = declare(
    "contexts",
    "Mixed contexts, what counting reads: their distinct nodes, packed (numeric/folded_contexts).",
    ("n_tokens", LONG, "nodes of all contexts of the row"),
    ("sizes", pa.binary(), "nodes of each context, int32"),
    ("folds", pa.binary(), "hash fold of each context, uint8"),
    ("sources", pa.binary(), "hash of the source of each context's document, uint32"),
    ("steps", pa.binary(), "differences from node to node, int32"),
)
MARGINS = declare(
    "margins",
    "How many mixed contexts hold a token, for each language pair.",
    ("token_id", INT, "token"),
    ("lang", STRING, "language of the text in which it counts"),
    ("other_lang", STRING, "the other language of the mixed contexts"),
    ("n", LONG, "mixed contexts of the two languages that hold the token"),
    ("n_contexts", LONG, "mixed contexts of the two languages"),
)
COUNTS = declare(
    "counts",
    "Exact cross-language co-occurrence of token pairs at or above min_count.",
    ("a", INT, "token in text of lang_a"),
    ("b", INT, "token in text of lang_b"),
    ("n_ab", LONG, "mixed contexts that hold both"),
    ("n_a", LONG, "mixed contexts of the two languages that hold a"),
    ("n_b", LONG, "mixed contexts of the two languages that hold b"),
    ("n_contexts", LONG, "mixed contexts of the two languages"),
    ("lang_a", STRING, "language of a, before lang_b in the alphabet"),
    ("lang_b", STRING, "language of b"),
    ("fold_counts", pa.list_(LONG), "n_ab in each hash fold of documents"),
)
TERM_COUNTS = declare(
    "term_counts",
    "Exact counts of every word and word pair of the lexicons, found or not.",
    ("lang_a", STRING, "language; of a pair, the first in the alphabet"),
    ("term_a", STRING, "word as it is searched for: NFKC, lower case, single spaces"),
    ("lang_b", STRING, "language of the other word; null for single words"),
    ("term_b", STRING, "the other word; null for single words"),
    ("word_a", STRING, "term_a as the lexicon spells it first"),
    ("word_b", STRING, "term_b as the lexicon spells it first"),
    (
        "n_listed",
        LONG,
        "rows of the lexicons that list it; 0 for a word that is listed in pairs only",
    ),
    *_tables_of("n_docs", "documents"),
    *_tables_of("n_windows", "windows of count.window_tokens"),
)
LEXICONS = declare(
    "lexicons",
    "Lexicon files that were read, with the number of their rows.",
    ("uri", STRING, "file"),
    ("n_bytes", LONG, "size of the file"),
    ("n_rows", LONG, "rows below the header, refused ones too"),
    ("checksum", STRING, "BLAKE3 of the file, hexadecimal"),
)
LEXICON_REJECTS = declare(
    "lexicon_rejects",
    "Rows of lexicons that were refused, with the reason.",
    ("uri", STRING, "file"),
    ("row", LONG, "line of the decompressed file, or row of a Parquet file, from 1"),
    ("reason", STRING, "why, one word of a fixed list"),
    ("detail", STRING, "why"),
    ("raw", pa.binary(), "first bytes of the row as it was found"),
)
LINKS = declare(
    "links",
    "Cross-language pairs whose association is statistically real.",
    ("a", INT, "token in text of lang_a"),
    ("b", INT, "token in text of lang_b"),
    ("token_a", STRING, "piece of a"),
    ("token_b", STRING, "piece of b"),
    ("lang_a", STRING, "language of a, before lang_b in the alphabet"),
    ("lang_b", STRING, "language of b"),
    ("n_ab", LONG, "mixed contexts that hold both"),
    ("n_a", LONG, "mixed contexts that hold a"),
    ("n_b", LONG, "mixed contexts that hold b"),
    ("n_contexts", LONG, "mixed contexts of the two languages"),
    ("expected", DOUBLE, "mean of n_ab if texts changed places within their strata"),
    ("npmi", DOUBLE, "normalised pointwise mutual information over `expected`, -1 to 1"),
    ("g2", DOUBLE, "log-likelihood ratio (Dunning 1993)"),
    ("q_value", DOUBLE, "false discovery rate of the links that are as sure (docs/links.md)"),
    ("folds", INT, "hash folds in which the pair meets more often than expected"),
    ("is_copy", pa.bool_(), "whether both are spelled alike (a name, a number, a loan word)"),
    ("rank_ab", INT, "rank of b among the partners of a in lang_b, by g2; copies apart"),
    ("rank_ba", INT, "rank of a among the partners of b in lang_a, by g2; copies apart"),
    ("n_won", LONG, "contexts with both in which no better partner of either is present"),
    (
        "prevails_q_value",
        DOUBLE,
        "false discovery rate of the best partners, won in link.min_won_share, that are as sure; "
        "null for other links",
    ),
    ("prevails", pa.bool_(), "whether that rate is at most link.max_q_value"),
)
PIVOTS = declare(
    "pivots",
    "Tokens that bridge languages.",
    ("method", STRING, "he2025 or links"),
    ("token_id", INT, "token"),
    ("token", STRING, "piece"),
    ("lang", STRING, "its language"),
    (
        "score",
        DOUBLE,
        "he2025: degree; links: log2 of degree over expectation, times participation, "
        "stability, closure and specificity",
    ),
    ("degree", LONG, "partners that count"),
    ("languages", pa.list_(STRING), "languages of the partners"),
    ("rank", INT, "rank within the method"),
    (
        "expected_degree",
        DOUBLE,
        "mean degree of words as frequent; links only, as all below",
    ),
    ("participation", DOUBLE, "how evenly partners spread over languages, 0 to 1"),
    ("stability", DOUBLE, "share of hash folds that the links were found in, over all of them"),
    ("closable", LONG, "partners that could be linked with a partner in another language"),
    ("closed", LONG, "partners that are linked with one; closure = (closed + 1)/(closable + 2)"),
    ("specificity", DOUBLE, "in how few mixed contexts of its language it occurs, 0 (all) to 1"),
)
LEXICON = declare(
    "lexicon",
    "Best translations of every token, in each other language, without a threshold.",
    ("token_id", INT, "token in text of lang"),
    ("token", STRING, "its piece"),
    ("lang", STRING, "language of the token"),
    ("partner_id", INT, "token in text of partner_lang"),
    ("partner", STRING, "its piece"),
    ("partner_lang", STRING, "language of the partner"),
    ("rank", INT, "rank of the partner among those of the token in partner_lang, by n_translated"),
    ("weight", DOUBLE, "share of the partner in what all partners of the token there translate"),
    ("n_translated", DOUBLE, "contexts in which one is expected to translate the other"),
    ("n_ab", LONG, "mixed contexts that hold both"),
    ("n", LONG, "mixed contexts of the two languages that hold the token"),
    ("n_partner", LONG, "mixed contexts of the two languages that hold the partner"),
    ("n_contexts", LONG, "mixed contexts of the two languages"),
    ("expected", DOUBLE, "n_ab if both were independent"),
    ("is_copy", pa.bool_(), "whether both are spelled alike (a name, a number, a loan word)"),
)
