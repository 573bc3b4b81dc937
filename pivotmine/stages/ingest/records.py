"""Source files to records: tasks read packs of splits, and pieces of a file are joined again.

Some files are cut at guessed boundaries (`sources/unit_splits.py`). Their records count positions
from the beginning of the piece, and get their position in the file when all pieces are read. If the
pieces of a file turn out not to meet, the whole file is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pivotmine import plugins
from pivotmine.engine.stage import ArrowRows, Inputs
from pivotmine.recipe import Recipe
from pivotmine.sources.records import WHOLE_FILE, ColumnMap, ReadLimits, Split
from pivotmine.sources.unit_splits import PieceRead, check_pieces, is_piece
from pivotmine.stages.ingest.documents import SCHEMA
from pivotmine.stages.ingest.files import RecipeFile, ingest_ids, plan_packs
from pivotmine.udfs.ingest import bind_read

_MOVED = pa.schema(
    [("uri", pa.string()), ("split_start", pa.int64()), ("before_bytes", pa.int64())]
)


class Records:
    """What was read: rows of `documents.SCHEMA` with `delivery` and `ingest_id`, computed once.

    Parameters
    ----------
    stored
        Makes a frame of some columns of `documents.SCHEMA`.
    """

    def __init__(self, recipe: Recipe, stored: Callable[[Sequence[str]], DataFrame]) -> None:
        self._deliveries = list(dict.fromkeys(ingest_ids(recipe)))
        self._of_inputs = [self._deliveries.index(name) for name in ingest_ids(recipe)]
        self._stored = stored

    def frame(self, columns: Sequence[str], kind: str) -> DataFrame:
        """Columns of the records of one kind. Only these are read: most uses need no text."""
        own = [name for name in columns if name not in ("delivery", "ingest_id")]
        rows = self._stored(list(dict.fromkeys(("kind", "input_index", *own))))
        number = F.array(*map(F.lit, self._of_inputs))
        names = F.array(*map(F.lit, self._deliveries))
        return (
            rows.where(F.col("kind") == kind)
            .withColumn("delivery", F.get(number, "input_index"))
            .withColumn("ingest_id", F.get(names, "delivery"))
            .select(*columns)
        )


def read_files(inputs: Inputs, recipe: Recipe, files: Sequence[RecipeFile]) -> Records:
    """Read files into records."""
    packs = plan_packs(files, recipe)
    _read(inputs, recipe, packs, "records")
    return Records(recipe, _joined(inputs, recipe, packs))


def read_limits(recipe: Recipe) -> ReadLimits:
    """The limits that the recipe sets for readers."""
    return ReadLimits(
        max_document_bytes=recipe.ingest.max_document_bytes,
        max_record_bytes=recipe.ingest.max_record_bytes,
        raw_bytes=recipe.ingest.raw_bytes,
        max_window_bytes=recipe.ingest.max_window_bytes,
        max_inflation=recipe.ingest.max_inflation,
    )


def _read(inputs: Inputs, recipe: Recipe, packs: Sequence[Sequence[Split]], name: str) -> None:
    """Read splits into a checkpoint of this name."""
    settings = recipe.ingest
    columns = [
        ColumnMap(item.text_column, item.source_column, item.source_label, item.whole_pages)
        for item in settings.inputs
    ]
    read = bind_read(
        packs, columns, read_limits(recipe), settings.language_model, settings.filters.bounds_of
    )
    inputs.checkpoint(
        ArrowRows(inputs.numbers(len(packs)), plugins.with_plugins(read), SCHEMA), name
    )


def _joined(
    inputs: Inputs, recipe: Recipe, packs: Sequence[Sequence[Split]]
) -> Callable[[Sequence[str]], DataFrame]:
    """A function that makes frames of the rows, with their positions in whole files."""
    planned = {
        (split.name, split.start): split for pack in packs for split in pack if is_piece(split)
    }
    if not planned:
        return lambda columns: inputs.stored("records", columns)
    ends = inputs.stored("records", ("kind", "uri", "split_start", "detail"))
    ends = ends.where("kind = 'split'").select("uri", "split_start", "detail")
    pieces = [
        PieceRead.of(planned[row["uri"], row["split_start"]], row["detail"])
        for row in inputs.local(ends, sum(map(len, packs))).to_pylist()
        if (row["uri"], row["split_start"]) in planned
    ]
    before, torn = check_pieces(pieces)
    moved = pa.Table.from_pylist(
        [
            {"uri": uri, "split_start": start, "before_bytes": n_bytes}
            for (uri, start), n_bytes in before.items()
        ],
        _MOVED,
    )
    whole = {uri: split._replace(start=0, end=WHOLE_FILE) for (uri, _), split in planned.items()}
    _read(inputs, recipe, [(whole[uri],) for uri in sorted(torn)], "torn-records")
    position = F.col("position") + F.when(F.col("kind") == "split", 0).otherwise(
        F.coalesce("before_bytes", F.lit(0))
    )
    left_out = inputs.spark.createDataFrame(pa.table({"uri": pa.array(sorted(torn), pa.string())}))

    def frame(columns: Sequence[str]) -> DataFrame:
        read = dict.fromkeys((*columns, "kind", "uri", "split_start", "position"))
        return (
            inputs.stored("records", tuple(read))
            .join(F.broadcast(left_out), "uri", "left_anti")
            .join(F.broadcast(inputs.spark.createDataFrame(moved)), ["uri", "split_start"], "left")
            .withColumn("position", position)
            .select(*columns)
            .union(inputs.stored("torn-records", columns))
        )

    return frame
