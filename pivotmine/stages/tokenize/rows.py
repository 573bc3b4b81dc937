"""Documents as rows of table `tokens`: token ids, segments, and the tokens of each language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import pyarrow as pa

from pivotmine.lake.tables import TOKENS
from pivotmine.text.language import Identifier
from pivotmine.text.segments import split_segments
from pivotmine.text.tokenizer_runtime import TokenizerRuntime


def token_rows(
    documents: pa.RecordBatch,
    encoder: TokenizerRuntime,
    identifier: Identifier,
    languages: Sequence[str],
) -> pa.RecordBatch:
    """Rows of table `tokens` for `doc_id`, `source`, `lang` and `text`, one for one."""
    texts = [split_segments(text) for text in documents.column("text").to_pylist()]
    token_ids, segment_ends = zip(*encoder.encode_documents(texts), strict=True)
    document_languages = documents.column("lang").to_pylist()
    segment_langs = identifier.identify_segments(texts, document_languages, languages)
    lang_tokens = map(tokens_by_language, segment_ends, segment_langs)
    return pa.RecordBatch.from_arrays(
        [
            documents.column("doc_id"),
            documents.column("source"),
            documents.column("lang"),
            pa.array(token_ids, TOKENS.schema.field("token_ids").type),
            pa.array(segment_ends, TOKENS.schema.field("segment_ends").type),
            pa.array(segment_langs, TOKENS.schema.field("segment_langs").type),
            pa.array([len(ids) for ids in token_ids], pa.int32()),
            pa.array(lang_tokens, TOKENS.schema.field("lang_tokens").type),
        ],
        schema=TOKENS.schema,
    )


def tokens_by_language(
    segment_ends: Sequence[int], segment_langs: Sequence[str]
) -> list[tuple[str, int]]:
    """Languages of a document and their numbers of tokens, most first.

    Parameters
    ----------
    segment_ends
        [S] where each segment ends, in tokens of the document.
    segment_langs
        [S]
    """
    n_tokens: Counter[str] = Counter()
    for lang, (start, end) in zip(segment_langs, pairwise([0, *segment_ends]), strict=True):
        if end > start:
            n_tokens[lang] += end - start
    return sorted(n_tokens.items(), key=lambda item: (-item[1], item[0]))
