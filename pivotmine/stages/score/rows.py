"""Rows of table `scores` from what a score returns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from pivotmine import plugins
from pivotmine.errors import InputError
from pivotmine.lake.tables import SCORES
from pivotmine.stages.score.documents import Documents

_EVIDENCE = SCORES.schema.field("evidence").type
_OWN = ("doc_id", "method", "score", "n_tokens", "evidence")


def score_rows(documents: Documents, method: str, scored: plugins.Scored) -> pa.RecordBatch:
    """Rows of table `scores`, one a document.

    Raises
    ------
    InputError
        There is not one number for each document, or one is NaN or below 0.
    """
    scores = np.asarray(scored.score, np.float64)
    figures = {name: np.asarray(values) for name, values in scored.evidence.items()}
    for name, values in {"score": scores, **figures}.items():
        if values.shape != (documents.n,):
            raise InputError(
                f"score {method}: {name} has shape {values.shape}, documents are {documents.n}"
            )
    if not bool(np.all(scores >= 0)):
        worst = int(np.flatnonzero(~(scores >= 0))[0])
        name = documents.batch.column("doc_id")[worst].as_py()
        raise InputError(f"score {method} of document {name} is {scores[worst]}; it must be >= 0")
    own = (
        documents.batch.column("doc_id"),
        pa.array([method] * documents.n, pa.string()),
        pa.array(scores, pa.float64()),
        documents.batch.column("n_tokens"),
        _evidence(documents.n, figures),
    )
    others = [
        scored.columns[field.name]
        if field.name in scored.columns
        else pa.nulls(documents.n, field.type)
        for field in SCORES.schema
        if field.name not in _OWN
    ]
    return pa.RecordBatch.from_arrays([*own, *others], schema=SCORES.schema)


def _evidence(n_documents: int, figures: Mapping[str, Any]) -> pa.Array:
    """One map a document, zeros left out."""
    if not figures:
        return pa.array([[]] * n_documents, _EVIDENCE)
    table = np.stack(list(figures.values()), axis=1).tolist()
    maps = [
        [(name, float(value)) for name, value in zip(figures, row, strict=True) if value]
        for row in table
    ]
    return pa.array(maps, _EVIDENCE)
