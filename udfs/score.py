"""Rows of table `tokens` to scores, and to the numbers of documents that hold a segment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pyarrow as pa

from pivotmine.stages.score.documents import Corpus, Documents
from pivotmine.stages.score.repeated_segments import segment_counts
from pivotmine.stages.score.rows import score_rows

Batches = Iterator[pa.RecordBatch]


def bind(scores: Mapping[str, Any], corpus: Corpus) -> Callable[[Batches], Batches]:
    """Batches of table `tokens` to rows of table `scores`, one a document and score.

    Parameters
    ----------
    scores
        Instances of registered scores by name, with their options.
    """

    def score(batches: Batches) -> Batches:
        for batch in batches:
            documents = Documents(batch, corpus)
            for name, method in scores.items():
                yield score_rows(documents, name, method.score(documents))

    return score


def count_segments(batches: Batches) -> Batches:
    """Numbers of documents of each batch that hold a segment (`SEGMENT_COUNTS`)."""
    return map(segment_counts, batches)
