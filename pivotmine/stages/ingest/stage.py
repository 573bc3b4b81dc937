"""Ingest: source files to documents, rejects and duplicates.

A task reads a piece of a source file or a pack of small files. It frames records, rejects broken
ones with a reason, and identifies languages. The readers count records separately (`inputs`), so
conservation is a real check: records read = documents + rejects + duplicates.

Files that the lake already holds are not read again (`files.py`): their records come from its
tables (`earlier.py`). Every run decides over all records, old and new, which copy stays. So the
tables equal those of a single ingest of all files, in whatever order the files came. This shuffles
ids only, and files of a table that lose no row stay where they are.

Exact copies share their document id, which is a hash of the text. The copy of the first delivery
with the smallest (source, uri, position) is kept. Near-duplicates are found by signatures
(`near_duplicates.py`, `signatures.py`). Their texts are kept in `near_copies`: if the document that
was kept in their place is withdrawn, one of them becomes a document again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pivotmine.engine.stage import Inputs, Renewed, Rows, Stage, StageOutputs, StageRows, Tally
from pivotmine.lake.tables import DOCUMENTS, DUPLICATES, INPUTS, REJECTS, SIGNATURES
from pivotmine.recipe import Recipe
from pivotmine.stages.ingest.earlier import CONTENT, PLACE, ROW, Earlier, files_that_stay
from pivotmine.stages.ingest.files import (
    RecipeFile,
    as_table,
    format_modules,
    list_sources,
    reading_settings,
    split_new_and_known,
)
from pivotmine.stages.ingest.near_duplicates import find_near_duplicates
from pivotmine.stages.ingest.records import Records, read_files, read_limits
from pivotmine.stages.ingest.refusals import note_refusals
from pivotmine.stages.ingest.signatures import (
    Signed,
    Texts,
    sign_documents,
    signature_settings,
)
from pivotmine.text.fasttext_model import left_to_library, model_digest, slow_model
from pivotmine.text.model_labels import check_languages

INDEX = [*ROW, "lang"]
"""What is compared to find copies, without the text."""

_UNKNOWN_BYTES = 2**40  # of a file whose store does not report it

_NEAR = "doc_id string, kept_doc_id string, similarity double"


def run(inputs: Inputs, recipe: Recipe) -> StageOutputs:
    """Read the new files, and find copies among all records, old and new."""
    new, known = split_new_and_known(inputs, list_sources(recipe))
    inputs.measure("files_read", len(new))
    inputs.measure("files_known", len(known))
    if reason := left_to_library(recipe.ingest.language_model):
        inputs.note(slow_model(reason))
    records = read_files(inputs, recipe, new)
    note_refusals(inputs, records)
    earlier = Earlier(inputs, as_table(known))

    documents = records.frame(ROW, "document")
    copies = _exact_copies(inputs, documents.union(earlier.rows()))
    freed = earlier.freed(copies)
    fresh = _without(records.frame(ROW + CONTENT, "document"), copies).union(freed)
    found = _without(records.frame(INDEX, "document"), copies).union(freed.select(INDEX))
    stayed = earlier.texts("documents", copies, columns=INDEX)
    aside = earlier.texts("near_copies", copies, columns=INDEX)

    index = found.union(stayed).union(aside)
    signed: Signed | None = None
    near = inputs.spark.createDataFrame([], _NEAR).limit(0)
    if recipe.dedup.near:
        index = inputs.checkpoint(index, "index")
        unsigned = fresh
        if not inputs.previous_files(SIGNATURES.name):
            for name in ("documents", "near_copies"):
                unsigned = unsigned.union(earlier.texts(name, copies))
        texts = _texts_by_id(earlier, fresh, copies)
        signed = sign_documents(inputs, index.select("doc_id"), unsigned, texts, recipe.dedup)
        near = find_near_duplicates(inputs, index, signed.rows, recipe.dedup.similarity)

    dropped = near.select("doc_id")
    staying = {
        "documents": (stayed.join(dropped, "doc_id", "left_anti"), PLACE),
        "near_copies": (aside.join(dropped, "doc_id"), PLACE),
        "rejects": (earlier.table("rejects", columns=["uri"]), ["uri"]),
    }
    if signed is not None:
        staying[SIGNATURES.name] = (signed.staying, ["doc_id"])
    kept, torn = files_that_stay(inputs, staying)
    moving = fresh.union(earlier.texts("documents", copies, torn["documents"]))
    moving_aside = moving.union(earlier.texts("near_copies", copies, torn["near_copies"]))
    rejects = REJECTS.schema.names
    return {
        "inputs": _pieces(inputs, records, new).union(
            earlier.table("inputs").select(INPUTS.schema.names)
        ),
        "documents": Renewed(
            (
                _texts(
                    moving.union(earlier.texts("near_copies", copies)).join(
                        dropped, "doc_id", "left_anti"
                    )
                ),
            ),
            kept["documents"],
        ),
        "near_copies": Renewed(
            (_texts(moving_aside.join(dropped, "doc_id")),), kept["near_copies"]
        ),
        "rejects": Renewed(
            (
                records.frame(rejects, "reject").union(
                    earlier.table("rejects", torn["rejects"]).select(rejects)
                ),
            ),
            kept["rejects"],
        ),
        "duplicates": _duplicates(index.select(ROW), copies, near),
        "signatures": _signatures(inputs, signed, kept, torn),
    }


def _texts_by_id(earlier: Earlier, fresh: DataFrame, copies: DataFrame) -> Texts:
    """A function that finds texts of documents: in the fresh rows, or in the files with them."""

    def texts(ids: DataFrame) -> DataFrame:
        files = earlier.holding(ids)
        stored = (earlier.texts(name, copies, held) for name, held in files.items())
        rows = reduce(DataFrame.union, stored, fresh)
        return rows.join(ids, "doc_id", "left_semi").select("doc_id", "text")

    return texts


def _without(rows: DataFrame, copies: DataFrame) -> DataFrame:
    """Rows that are no exact copies."""
    return rows.join(copies.select(PLACE), PLACE, "left_anti").select(rows.columns)


def _exact_copies(inputs: Inputs, rows: DataFrame) -> DataFrame:
    """Columns `ROW` of exact copies: rows whose text is kept in another row."""
    where = F.struct("delivery", "source", "uri", "position")
    copied = (
        rows.groupBy("doc_id")
        .agg(F.min(where).alias("kept"), F.count("*").alias("copies"))
        .where("copies > 1")
        .select("doc_id", "kept")
    )
    copies = rows.join(copied, "doc_id").where(where != F.col("kept"))
    return inputs.checkpoint(copies.select(ROW), "copies")


def _pieces(inputs: Inputs, records: Records, files: Sequence[RecipeFile]) -> DataFrame:
    """Rows of `inputs` for the pieces that were read."""
    read = inputs.spark.createDataFrame(as_table(files)).select("uri", "stamp", "fingerprint")
    known = {"uri", "stamp", "fingerprint", "start"}
    columns = [name for name in INPUTS.schema.names if name not in known]
    pieces = records.frame(["uri", "position", *columns], "split")
    pieces = pieces.withColumn("start", F.col("position"))
    return pieces.join(F.broadcast(read), "uri").select(INPUTS.schema.names)


def _texts(rows: DataFrame) -> DataFrame:
    """Rows of `documents` and `near_copies`."""
    return rows.withColumn("n_bytes", F.octet_length("text")).select(DOCUMENTS.schema.names)


def _signatures(
    inputs: Inputs,
    signed: Signed | None,
    kept: Mapping[str, tuple[str, ...]],
    torn: Mapping[str, list[str]],
) -> StageRows | Renewed:
    """Table `signatures`; empty if `dedup.near` is off."""
    name, columns = SIGNATURES.name, SIGNATURES.schema.names
    if signed is None:
        return SIGNATURES.schema.empty_table()
    moving = inputs.previous(name, torn[name]).join(signed.staying, "doc_id", "left_semi")
    return Renewed((signed.made.union(moving.select(columns)),), kept[name])


def _duplicates(distinct: DataFrame, copies: DataFrame, near: DataFrame) -> DataFrame:
    """Rows of `duplicates`: exact copies, and near ones with their own exact copies."""
    of_kept = F.col("kept_doc_id").isNull()
    return (
        copies.join(near, "doc_id", "left")
        .unionByName(distinct.join(near, "doc_id"))
        .withColumns(
            {
                "kind": F.when(of_kept, "exact").otherwise("near"),
                "similarity": F.coalesce("similarity", F.lit(1.0)),
                "kept_doc_id": F.coalesce("kept_doc_id", "doc_id"),
            }
        )
        .select(DUPLICATES.schema.names)
    )


def tally(rows: Rows, recipe: Recipe) -> Tally:
    """Records that the readers counted, against documents, rejects and duplicates."""
    written = rows.written
    return Tally(
        rows_in=rows.total("inputs", "n_records"),
        rows_out=written["documents"],
        rejected=written["rejects"],
        duplicate=written["duplicates"],
    )


def external(recipe: Recipe) -> Any:
    """The source files with size and time stamp, and the content of the language model.

    Files that cannot be read as the recipe says, and languages that the model cannot tell, fail
    here, before anything starts.
    """
    read_limits(recipe)
    check_languages(recipe.languages, recipe.ingest.language_model)
    files = [(listed.file, listed.input_index) for listed in list_sources(recipe)]
    return {"files": files, "language_model": model_digest(recipe.ingest.language_model)}


def reuse(inputs: Inputs, recipe: Recipe) -> dict[str, Any]:
    """Records depend on how files are read; signatures on their settings."""
    reading = dict.fromkeys(STAGE.writes, reading_settings(recipe))
    return reading | {SIGNATURES.name: signature_settings(recipe.dedup)}


STAGE = Stage(
    name="ingest",
    doc="read files, reject broken records, drop copies",
    reads=(),
    writes=("inputs", "documents", "near_copies", "rejects", "duplicates", "signatures"),
    sections=("ingest", "dedup"),
    run=run,
    tally=tally,
    modules=format_modules,
    external=external,
    source_bytes=lambda found: sum(file.size_bytes or _UNKNOWN_BYTES for file, _ in found["files"]),
    reuse=reuse,
)
