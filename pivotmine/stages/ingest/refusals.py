"""Notes on records that were refused, so that a run that refuses most of them does not pass."""

from __future__ import annotations

from pyspark.sql import functions as F

from pivotmine.engine.stage import Inputs
from pivotmine.stages.ingest.records import Records

_MOST_ROWS = 1_000  # more than there are reasons
_SHOWN = 3
_DETAIL_CHARS = 200


def note_refusals(inputs: Inputs, records: Records) -> None:
    """Say how many of the records of this run were refused, and why, if most of them were."""
    by_reason = (
        records.frame(("reason", "detail"), "reject")
        .groupBy("reason")
        .agg(F.count("*").alias("n"), F.min("detail").alias("detail"))
        .orderBy(F.desc("n"), "reason")
    )
    refused = inputs.local(by_reason, _MOST_ROWS).to_pylist()
    n_refused = sum(row["n"] for row in refused)
    if not n_refused:
        return
    n_records = n_refused + records.frame(("position",), "document").count()
    if 2 * n_refused <= n_records:
        return
    reasons = "; ".join(
        f"{row['n']:,} {row['reason']} ({(row['detail'] or '')[:_DETAIL_CHARS]})"
        for row in refused[:_SHOWN]
    )
    more = f"; and {len(refused) - _SHOWN} other reasons" if len(refused) > _SHOWN else ""
    inputs.note(
        f"WARNING: {n_refused:,} of {n_records:,} records that were read now were refused: "
        f"{reasons}{more}. `pivotmine rejects` lists them; check the inputs' format and "
        "text_column"
    )
