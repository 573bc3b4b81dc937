"""Tables of documents that translate each other."""

from __future__ import annotations

from pivotmine.lake.schema import DOUBLE, INT, LONG, STRING, declare

_BOTH = (
    ("doc_id_a", STRING, "document in lang_a"),
    ("doc_id_b", STRING, "document in lang_b"),
    ("lang_a", STRING, "language of doc_id_a, before lang_b in the alphabet"),
    ("lang_b", STRING, "language of doc_id_b"),
)
DOCUMENT_PAIRS = declare(
    "document_pairs",
    "Documents that translate each other, one to one in each pair of languages.",
    *_BOTH,
    (
        "score",
        DOUBLE,
        "geometric mean of the shares of both documents' bits that aligned segments share",
    ),
    ("margin", DOUBLE, "1 - score of the second best partner of either / score"),
    ("estimated_overlap", DOUBLE, "cosine of the features of both, estimated from their sketches"),
    ("overlap", DOUBLE, "weighted Jaccard similarity of the features of both"),
    ("aligned_a", DOUBLE, "share of the characters of doc_id_a in aligned segments"),
    ("aligned_b", DOUBLE, "share of the characters of doc_id_b in aligned segments"),
    ("n_segment_pairs", INT, "rows in segment_pairs"),
)
SEGMENT_PAIRS = declare(
    "segment_pairs",
    "Aligned segments of the documents that translate each other.",
    *_BOTH,
    ("position", INT, "place among the segment pairs of the two documents, from 0"),
    ("segment_a", INT, "first segment in doc_id_a, from 0, as in tokens.segment_ends"),
    ("n_a", INT, "segments from there: 1 or 2"),
    ("segment_b", INT, "first segment in doc_id_b"),
    ("n_b", INT, "segments from there: 1 or 2"),
    ("score", DOUBLE, "bits that both sides share, over the mean of the bits of each; 0 by place"),
    ("shared_bits", DOUBLE, "bits of meanings, names and numbers that both sides share"),
)
PAIRINGS = declare(
    "pairings",
    "What became of every document when its translations were looked for.",
    ("doc_id", STRING, "document"),
    ("lang", STRING, "language of the document"),
    (
        "outcome",
        STRING,
        "paired; language: not one of `languages`; mixed: much of it is in other ones; long: above "
        "pair.max_segments; short: below pair.min_bits; no_candidate: it shares no key; weak: its "
        "best score is below pair.min_score; rival: its best partner has a better one; ambiguous: "
        "the second best is within pair.min_margin",
    ),
    ("n_partners", LONG, "documents that it is paired with, one a language"),
    ("best_score", DOUBLE, "score of its best candidate; null without one"),
    ("best_doc_id", STRING, "that candidate"),
)
